/** How many frames each video has, asked once; a video that cannot be read costs itself and nothing else. */
import type { DataItem } from '../data/api.ts';
import type { Engine } from '../engine/client.ts';

export class FrameCounts {
  readonly #engine: Engine;
  readonly #known = new Map<string, number>();
  readonly #onFailed: (path: string, error: string) => void;

  /** @param onFailed told once of each video that cannot be read */
  constructor(engine: Engine, onFailed: (path: string, error: string) => void) {
    this.#engine = engine;
    this.#onFailed = onFailed;
  }

  /** [items]; 0 = cannot be read. */
  async of(items: readonly DataItem[], signal?: AbortSignal): Promise<number[]> {
    const paths = [...new Set(items.map(({ path }) => path))].filter((path) => !this.#known.has(path));
    if (paths.length > 0) {
      const found = await this.#engine.call('probe', { paths }, { ...(signal && { signal }) });
      for (const [i, path] of paths.entries()) {
        const { frames, error } = found[i]!;
        this.#known.set(path, error === undefined ? frames : 0);
        if (error !== undefined || frames < 1) this.failed(path, error ?? 'it has no frames');
      }
    }
    return items.map(({ path }) => this.#known.get(path)!);
  }

  /** A video whose frames could not be decoded although its index could be read. */
  failed(path: string, error: string): void {
    this.#known.set(path, 0);
    this.#onFailed(path, error);
  }
}
