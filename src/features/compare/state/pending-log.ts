/** A log that was dropped with videos: it is read once they are open. */
import type { CompareState } from './store.ts';

export type OpenFiles = Pick<CompareState, 'a' | 'b' | 'opening' | 'error'>;

export class PendingLog {
  private readonly open: (log: File) => void;
  private pending: { readonly log: File; readonly videos: readonly File[] } | null = null;

  /** @param open receives the log, once */
  constructor(open: (log: File) => void) {
    this.open = open;
  }

  /**
   * Holds a log until the videos that came with it are open; without any until both sides are.
   *
   * @param now state before these videos are opened
   */
  offer(log: File, videos: readonly File[], now: OpenFiles): void {
    this.pending = { log, videos };
    if (videos.length === 0) this.follow(now);
  }

  /** To be called after each change of the open files. An error of opening one drops the log. */
  follow({ a, b, opening, error }: OpenFiles): void {
    if (!this.pending || opening) return;
    const { log, videos } = this.pending;
    const isOpen = (file: File) => a?.file === file || b?.file === file;
    const isReady = a !== null && b !== null && videos.slice(0, 2).every(isOpen);
    if (isReady || error) this.pending = null;
    if (isReady) this.open(log);
  }
}
