/** A fake decoder whose logits are known. */
import { describe, expect, it } from 'vitest';
import type { SelfTest } from '../../core/files/manifest.ts';
import type { KvCache, LanguageDecoder } from './language-decoder.ts';
import { runSelfTest } from './self-test.ts';

const VOCABULARY = 50;
const ids = Array.from({ length: 40 }, (_, i) => (i * 7) % VOCABULARY);

/** Logits after the first `length` tokens. */
const logitsAfter = (length: number) =>
  Float32Array.from(
    { length: VOCABULARY },
    (_, id) => 5 * Math.sin(length * 3.7 + id * 1.9) + (id === length ? 8 : 0),
  );

function decoderThat(change: (logits: Float32Array, length: number) => void = () => {}) {
  const runs: number[] = [];
  const after = (cache: KvCache, count: number) => {
    runs.push(count);
    const next = { length: cache.length + count, tensors: {} };
    const logits = logitsAfter(next.length);
    change(logits, next.length);
    return { cache: next, logits };
  };
  const decoder = {
    empty: () => ({ length: 0, tensors: {} }),
    embed: async (given: readonly number[]) => new Float32Array(given.length),
    prefill: async (cache: KvCache, embeds: Float32Array) => after(cache, embeds.length),
    step: async (cache: KvCache) => after(cache, 1),
  } as unknown as LanguageDecoder;
  return { decoder, runs };
}

const stored: SelfTest = {
  ids,
  bound: 0.1,
  expected: Array.from({ length: 9 }, (_, i) => {
    const logits = logitsAfter(32 + i);
    const tokens = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!).slice(0, 16);
    return { tokens, logits: tokens.map((token) => logits[token]!) };
  }),
};

describe('self-test', () => {
  it('runs a prompt and eight forced steps', async () => {
    const { decoder, runs } = decoderThat();
    const result = await runSelfTest(decoder, stored);
    expect(result).toMatchObject({ passed: true, largest: 0 });
    expect(result.agreed).toBe(result.positions);
    expect(result.positions).toBeGreaterThan(4);
    expect(runs).toEqual([32, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('allows for another order of sums', async () => {
    const { decoder } = decoderThat((logits) => logits.set(logits.map((value, i) => value + (i % 3) * 0.04)));
    expect((await runSelfTest(decoder, stored)).passed).toBe(true);
  });

  it.each<[string, (logits: Float32Array, length: number) => void]>([
    ['a prompt kernel', (logits, length) => length === 32 && logits.reverse()],
    ['a kernel of the third step', (logits, length) => length === 35 && logits.fill(0)],
    ['an overflow to infinity', (logits) => logits.fill(Number.POSITIVE_INFINITY, 0, 25)],
    ['an overflow to NaN', (logits, length) => length === 40 && logits.fill(Number.NaN)],
    ['one best token', (logits, length) => length === 36 && logits.fill(9, 3, 4)],
  ])('finds a fault in %s', async (_, change) => {
    const { decoder } = decoderThat((logits, length) => void change(logits, length));
    expect((await runSelfTest(decoder, stored)).passed).toBe(false);
  });
});
