/** Puts the model worker's client where a test can reach it. */
import type { AssessEvent, LoadOptions } from '../../workers/model/api.ts';
import { createModelClient } from '../../workers/model/client.ts';

const client = createModelClient();

export interface HarnessRun {
  /** Address of a file with the RGB bytes of all frames one after another. */
  readonly frames: string;
  readonly size: number;
  readonly maxTokens: number;
  /** The frames are pairs: the vision branch sees the first of each. */
  readonly pairs?: boolean;
  /** Aborts after this many tokens. */
  readonly stopAfter?: number;
  readonly prefix?: string;
  readonly seed?: number;
}

export const harness = {
  async load(base: string, options: LoadOptions) {
    const { manifest, profile, ...facts } = await client.load({ kind: 'url', base }, options);
    return { ...facts, name: manifest.name, profile: profile.name };
  },
  async assess(run: HarnessRun) {
    const bytes = new Uint8Array(await (await fetch(run.frames)).arrayBuffer());
    const area = run.size * run.size * 3;
    const frames = Array.from({ length: bytes.length / area }, (_, i) => ({
      key: `${run.frames}#${i}`,
      rgb: bytes.slice(i * area, (i + 1) * area),
    }));
    const stop = new AbortController();
    const events: AssessEvent[] = [];
    const answer = await client.assess(
      {
        vision: run.pairs ? frames.filter((_, i) => i % 2 === 0) : frames,
        motion: frames,
        sampling:
          run.seed === undefined
            ? { kind: 'greedy' }
            : { kind: 'sample', temperature: 1, topK: 50, seed: run.seed },
        maxTokens: run.maxTokens,
        ...(run.prefix === undefined ? {} : { prefix: run.prefix }),
      },
      (event) => {
        events.push(event);
        if (event.stage === 'write' && event.tokens >= (run.stopAfter ?? Number.POSITIVE_INFINITY))
          stop.abort();
      },
      stop.signal,
    );
    return { answer, events };
  },
};

Object.assign(window, { harness });
document.title = 'ready';
