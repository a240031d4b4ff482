/** Tokens that a decoder is given, and when: a fake decoder records its input. */
import { describe, expect, it } from 'vitest';
import type { KvCache, LanguageDecoder } from './language-decoder.ts';
import { PromptPrefill } from './prompt-prefill.ts';

const CONTEXT = 9;
/** Two frames of two tokens, the motion token, text around them. */
const ids = [1, CONTEXT, CONTEXT, 2, CONTEXT, CONTEXT, 3, CONTEXT, 4, 5];

/** A cache whose name lists its tokens. */
const holding = (content: readonly number[], location = 'cpu'): KvCache => ({
  length: content.length,
  tensors: { [content.join(' ')]: { location, dispose() {} } as never },
});
const contentOf = (cache: KvCache) =>
  (Object.keys(cache.tensors)[0] as string).split(' ').filter(Boolean).map(Number);

function decoderThat(location = 'cpu', rewinds = false) {
  const pieces: number[][] = [];
  let stopAfter = Number.POSITIVE_INFINITY;
  const decoder = {
    width: 1,
    rewinds,
    empty: () => holding([], location),
    rewound: (cache: KvCache, length: number) => holding(contentOf(cache).slice(0, length), location),
    embed: async (given: readonly number[]) => Float32Array.from(given),
    async prefill(cache: KvCache, embeds: Float32Array) {
      const run = [...embeds].slice(0, stopAfter);
      pieces.push(run);
      const next = holding([...contentOf(cache), ...run], location);
      return { cache: next, logits: run.length === embeds.length ? Float32Array.of(pieces.length) : null };
    },
  } as unknown as LanguageDecoder;
  const text = { ids, contextId: CONTEXT, frames: 2, tokensPerFrame: 2 };
  return {
    prefill: new PromptPrefill(decoder, text),
    pieces,
    stopAfter: (tokens: number) => {
      stopAfter = tokens;
    },
  };
}

const features: Record<string, Float32Array> = {
  a: Float32Array.of(10, 11),
  b: Float32Array.of(20, 21),
  c: Float32Array.of(30, 31),
};
const of = (keys: string) => [[...keys], [...keys].map((key) => features[key] as Float32Array)] as const;
const motion = Float32Array.of(77);

describe('prefill of a prompt', () => {
  it('reads each token once, frame by frame or all at once', async () => {
    for (const steps of [['a', 'ab'], ['ab']]) {
      const { prefill, pieces } = decoderThat();
      for (const step of steps) await prefill.prefillFrames(...of(step));
      const { cache } = (await prefill.prefillRest(ids, motion))!;
      expect(contentOf(cache)).toEqual([1, 10, 11, 2, 20, 21, 3, 77, 4, 5]);
      expect(pieces.flat()).toHaveLength(ids.length);
    }
  });

  it('keeps the frames for another answer, with what was written before a stop', async () => {
    const { prefill, pieces } = decoderThat();
    await prefill.prefillFrames(...of('ab'));
    await prefill.prefillRest(ids, motion);
    await prefill.prefillFrames(...of('ab'));
    const { cache } = (await prefill.prefillRest([...ids, 6], motion))!;
    expect(contentOf(cache)).toEqual([1, 10, 11, 2, 20, 21, 3, 77, 4, 5, 6]);
    expect(pieces.at(-1)).toEqual([6]);
    expect(pieces.flat()).toHaveLength(ids.length + 1);
  });

  it('begins anew where the frames come in another order, or others', async () => {
    const { prefill } = decoderThat();
    await prefill.prefillFrames(...of('ab'));
    expect(prefill.cachedFrames(['b', 'a'])).toBe(0);
    // A shorter list would need a cache that is not there any more.
    expect(prefill.cachedFrames(['a'])).toBe(0);
    await prefill.prefillFrames(...of('ca'));
    expect(contentOf((await prefill.prefillRest(ids, motion))!.cache)).toEqual([
      1, 30, 31, 2, 10, 11, 3, 77, 4, 5,
    ]);
  });

  it('gives a cache on the graphics device away', async () => {
    const { prefill } = decoderThat('gpu-buffer');
    await prefill.prefillFrames(...of('ab'));
    await prefill.prefillRest(ids, motion);
    expect(prefill.cachedFrames(['a', 'b'])).toBe(0);
  });

  it.each([false, true])(
    'runs nothing for another answer to the same prompt (rewinds: %s)',
    async (rewinds) => {
      const { prefill, pieces } = decoderThat(rewinds ? 'gpu-buffer' : 'cpu', rewinds);
      await prefill.prefillFrames(...of('ab'));
      const first = (await prefill.prefillRest(ids, motion))!;
      const count = pieces.length;
      await prefill.prefillFrames(...of('ab'));
      const again = (await prefill.prefillRest(ids, motion.slice()))!;
      expect(pieces).toHaveLength(count);
      expect(contentOf(again.cache)).toEqual(contentOf(first.cache));
      expect(again.logits).toEqual(first.logits);
    },
  );

  it('runs another question from where it differs, and all after the motion token of other frames', async () => {
    const { prefill, pieces } = decoderThat('gpu-buffer', true);
    await prefill.prefillFrames(...of('ab'));
    await prefill.prefillRest(ids, motion);
    await prefill.prefillRest([...ids.slice(0, -1), 8], motion);
    expect(pieces.at(-1)).toEqual([8]);
    const { cache } = (await prefill.prefillRest(ids, Float32Array.of(78)))!;
    expect(pieces.at(-1)).toEqual([3, 78, 4, 5]);
    expect(contentOf(cache)).toEqual([1, 10, 11, 2, 20, 21, 3, 78, 4, 5]);
  });

  it('goes back to the first frame that a perturbed copy moves', async () => {
    const { prefill, pieces } = decoderThat('gpu-buffer', true);
    await prefill.prefillFrames(...of('ab'));
    await prefill.prefillRest(ids, motion);
    expect(prefill.cachedFrames(['a', 'c'])).toBe(1);
    await prefill.prefillFrames(...of('ac'));
    expect(pieces.at(-1)).toEqual([30, 31]);
    const { cache } = (await prefill.prefillRest(ids, motion))!;
    expect(contentOf(cache)).toEqual([1, 10, 11, 2, 30, 31, 3, 77, 4, 5]);
    // The text before the first frame stays in any case.
    await prefill.prefillFrames(...of('ba'));
    expect(pieces.slice(-2)).toEqual([
      [20, 21],
      [2, 10, 11],
    ]);
  });

  it('goes on inside a frame after a stop', async () => {
    const { prefill, pieces, stopAfter } = decoderThat();
    stopAfter(2);
    expect(await prefill.prefillFrames(...of('ab'))).toBe(false);
    stopAfter(Number.POSITIVE_INFINITY);
    expect(await prefill.prefillFrames(...of('ab'))).toBe(true);
    expect(pieces).toEqual([[1, 10], [11], [2, 20, 21]]);
    stopAfter(1);
    expect(await prefill.prefillRest(ids, motion)).toBeNull();
    stopAfter(Number.POSITIVE_INFINITY);
    const { cache } = (await prefill.prefillRest(ids, motion))!;
    expect(contentOf(cache)).toEqual([1, 10, 11, 2, 20, 21, 3, 77, 4, 5]);
  });
});
