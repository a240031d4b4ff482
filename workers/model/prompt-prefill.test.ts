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

function decoderThat(location = 'cpu') {
  const pieces: number[][] = [];
  const decoder = {
    width: 1,
    empty: () => holding([], location),
    embed: async (given: readonly number[]) => Float32Array.from(given),
    async prefill(cache: KvCache, embeds: Float32Array) {
      pieces.push([...embeds]);
      return { cache: holding([...contentOf(cache), ...embeds], location), logits: new Float32Array(1) };
    },
  } as unknown as LanguageDecoder;
  const text = { ids, contextId: CONTEXT, frames: 2, tokensPerFrame: 2 };
  return { prefill: new PromptPrefill(decoder, text), pieces };
}

const features: Record<string, Float32Array> = {
  a: Float32Array.of(10, 11),
  b: Float32Array.of(20, 21),
  c: Float32Array.of(30, 31),
};
const of = (keys: string) => [[...keys], [...keys].map((key) => features[key] as Float32Array)] as const;
const motion = Float32Array.of(77);

describe('PromptReader', () => {
  it('reads each token once, frame by frame or all at once', async () => {
    for (const steps of [['a', 'ab'], ['ab']]) {
      const { prefill, pieces } = decoderThat();
      for (const step of steps) await prefill.prefillFrames(...of(step));
      const { cache } = await prefill.prefillRest(ids, motion);
      expect(contentOf(cache)).toEqual([1, 10, 11, 2, 20, 21, 3, 77, 4, 5]);
      expect(pieces.flat()).toHaveLength(ids.length);
    }
  });

  it('keeps the frames for another answer, with what was written before a stop', async () => {
    const { prefill, pieces } = decoderThat();
    await prefill.prefillFrames(...of('ab'));
    await prefill.prefillRest(ids, motion);
    await prefill.prefillFrames(...of('ab'));
    const { cache } = await prefill.prefillRest([...ids, 6], motion);
    expect(contentOf(cache)).toEqual([1, 10, 11, 2, 20, 21, 3, 77, 4, 5, 6]);
    expect(pieces.at(-1)).toEqual([3, 77, 4, 5, 6]);
    expect(pieces).toHaveLength(3);
  });

  it('begins anew where the frames come in another order, or others', async () => {
    const { prefill } = decoderThat();
    await prefill.prefillFrames(...of('ab'));
    expect(prefill.cachedFrames(['b', 'a'])).toBe(0);
    // A shorter list would need a cache that is not there any more.
    expect(prefill.cachedFrames(['a'])).toBe(0);
    await prefill.prefillFrames(...of('ca'));
    expect(contentOf((await prefill.prefillRest(ids, motion)).cache)).toEqual([
      1, 30, 31, 2, 10, 11, 3, 77, 4, 5,
    ]);
  });

  it('gives a cache on the graphics device away', async () => {
    const { prefill } = decoderThat('gpu-buffer');
    await prefill.prefillFrames(...of('ab'));
    await prefill.prefillRest(ids, motion);
    expect(prefill.cachedFrames(['a', 'b'])).toBe(0);
  });
});
