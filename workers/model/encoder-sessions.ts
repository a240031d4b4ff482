/** Encoders of a package. Those of a large one are open only while frames are encoded. */
import type { Session } from './language-decoder.ts';
import type { SessionOpener, SessionOptions } from './sessions.ts';

export class EncoderSessions {
  readonly #opener: SessionOpener;
  readonly #options: SessionOptions;
  readonly #staged: boolean;
  readonly #open = new Map<string, Session>();

  /** @param staged true for a package whose encoders are closed between uses */
  constructor(opener: SessionOpener, options: SessionOptions, staged: boolean) {
    this.#opener = opener;
    this.#options = options;
    this.#staged = staged;
  }

  /** Opens all of them at once, unless they are open only while used. */
  async prepare(graphs: readonly string[]): Promise<void> {
    if (!this.#staged) for (const graph of graphs) await this.get(graph);
  }

  async get(graph: string): Promise<Session> {
    const open = this.#open.get(graph);
    if (open) return open;
    const session = await this.#opener.open(graph, { session: this.#options });
    this.#open.set(graph, session);
    return session;
  }

  /** Closes the encoders of a large package; the next frame opens them again. */
  async end(): Promise<void> {
    if (!this.#staged) return;
    for (const session of this.#open.values()) await this.#opener.release(session);
    this.#open.clear();
  }
}
