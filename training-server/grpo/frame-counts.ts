/** Frame counts of videos, asked of the engine once; a video that cannot be read costs itself and nothing else. */
import type { DataItem } from '../data/api.ts';
import type { Engine } from '../engine/client.ts';

export class FrameCounts {
  readonly #engine: Engine;
  readonly #frames = new Map<string, number>();
  readonly #onFailed: (path: string, error: string) => void;

  /** @param onFailed called once for each video that cannot be read */
  constructor(engine: Engine, onFailed: (path: string, error: string) => void) {
    this.#engine = engine;
    this.#onFailed = onFailed;
  }

  /** [items]; 0 = cannot be read. */
  async of(items: readonly DataItem[], signal?: AbortSignal): Promise<number[]> {
    const paths = [...new Set(items.map(({ path }) => path))].filter((path) => !this.#frames.has(path));
    if (paths.length > 0) {
      const probed = await this.#engine.call('probe', { paths }, { ...(signal && { signal }) });
      for (const [i, path] of paths.entries()) {
        const { frames, error } = probed[i]!;
        this.#frames.set(path, error === undefined ? frames : 0);
        if (error !== undefined || frames < 1) this.failed(path, error ?? 'it has no frames');
      }
    }
    return items.map(({ path }) => this.#frames.get(path)!);
  }

  /** Marks a video whose index could be read and whose frames could not be decoded. */
  failed(path: string, error: string): void {
    this.#frames.set(path, 0);
    this.#onFailed(path, error);
  }
}
