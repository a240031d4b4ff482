/** Page for tests: the model client as `window.harness`. */
import { featureColumns } from '../../core/sampling/human-features.ts';
import { type AssessEvent, isVqa2, type LoadOptions } from '../../workers/model/api.ts';
import { createModelClient } from '../../workers/model/client.ts';
import { stockAnswer } from './stock.ts';

const client = createModelClient();

/** Quality features for a package that reads them: some missing, some not. */
const FEATURES = featureColumns.map((_, k) => (k % 3 === 0 ? Number.NaN : k / 10));
let features: readonly number[] | null = null;

export interface HarnessRun {
  /** Address of a file with the RGB bytes of all frames one after another. */
  readonly frames: string;
  readonly size: number;
  readonly maxTokens: number;
  /** True where the frames are pairs; the vision branch gets the first of each. */
  readonly pairs?: boolean;
  /** Aborts after this many tokens. */
  readonly stopAfter?: number;
  readonly prefix?: string;
  readonly seed?: number;
}

async function framesOf({ frames: address, size, pairs }: HarnessRun) {
  const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
  const area = size * size * 3;
  const motion = Array.from({ length: bytes.length / area }, (_, i) => ({
    key: `${address}#${i}`,
    rgb: bytes.slice(i * area, (i + 1) * area),
  }));
  return { motion, vision: pairs ? motion.filter((_, i) => i % 2 === 0) : motion };
}

export const harness = {
  async load(base: string, options: LoadOptions) {
    const loaded = await client.load({ kind: 'url', base }, options);
    if (isVqa2(loaded)) throw new RangeError('VQA² has a harness of its own.');
    const { manifest, profile, ...facts } = loaded;
    features = manifest.qualityFeatures ? FEATURES : null;
    return { ...facts, name: manifest.name, profile: profile.name };
  },
  async assess(run: HarnessRun) {
    const { vision, motion } = await framesOf(run);
    const stop = new AbortController();
    const events: AssessEvent[] = [];
    const answer = await client.assess(
      {
        vision,
        motion,
        ...(features && { features }),
        sampling:
          run.seed === undefined
            ? { kind: 'greedy' }
            : { kind: 'sample', temperature: 1, topK: 50, seed: run.seed },
        maxTokens: run.maxTokens,
        ...(run.prefix === undefined ? {} : { prefix: run.prefix }),
      },
      (event) => {
        events.push(event);
        if (event.stage === 'generate' && event.tokens >= (run.stopAfter ?? Number.POSITIVE_INFINITY))
          stop.abort();
      },
      stop.signal,
    );
    return { answer, events };
  },
  /** Encodes the first frames of a run ahead, as the page does while it decodes. */
  async encodeAhead(run: HarnessRun, count: number) {
    const { vision } = await framesOf(run);
    const order = vision.map(({ key }) => key);
    for (const frame of vision.slice(0, count)) await client.encodeVision([frame], order);
  },
  /** Answer of the generation loop of transformers.js. */
  async stock(base: string, run: HarnessRun) {
    const { vision, motion } = await framesOf(run);
    const pixels = (frames: readonly { readonly rgb: Uint8Array }[]) => frames.map(({ rgb }) => rgb);
    return stockAnswer(base, pixels(vision), pixels(motion), run.maxTokens, FEATURES);
  },
};

Object.assign(window, { harness });
document.title = 'ready';
