/** Ceilings and shares of a benchmark, by hand. */
import { describe, expect, it } from 'vitest';
import { type AdapterRates, benchmarkRows, markdownTable, type PackageSpeeds } from './benchmark.ts';
import { cacheBytes, prefillOperations, shapesOf, visionOperations } from './model-work.ts';

const text = {
  hidden_size: 4,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 3,
  intermediate_size: 5,
  vocab_size: 7,
};

describe('work of a shape', () => {
  it('counts the products of each layer, attention to earlier tokens, and one head', () => {
    // q, o: 4 × 6 twice; k, v: 4 × 3 twice; gate, up, down: 4 × 5 thrice; two layers.
    const weights = 2 * (48 + 24 + 60);
    // Three tokens after ten: 11 + 12 + 13 attended tokens, 6 numbers each, scores and values, two layers.
    const attention = 2 * 2 * 2 * 6 * 36;
    expect(prefillOperations(text, 3, 10)).toBe(3 * 2 * weights + attention + 2 * 28);
  });

  it('counts keys and values of all layers', () => {
    expect(cacheBytes(text, 100, 2)).toBe(2 * 2 * 1 * 3 * 100 * 2);
  });

  it('counts patches, layers and the square of a frame’s tokens', () => {
    const shape = { hidden_size: 8, num_hidden_layers: 3, intermediate_size: 16, patch_size: 14 };
    // 448 pixels: 32 × 32 patches and the class token.
    const layer = 1025 * 2 * (4 * 64 + 2 * 128) + 2 * 2 * 1025 ** 2 * 8;
    expect(visionOperations(shape, 448)).toBe(2 * 1024 * 588 * 8 + 3 * layer);
  });

  it('has no vision shape where the package names none', () => {
    expect(shapesOf({ text_config: text, vision_config: { statistics: ['x'] } })).toEqual({
      text,
      vision: null,
    });
    expect(shapesOf(null)).toEqual({ text: null, vision: null });
  });
});

const rates: AdapterRates = {
  adapter: 'a card',
  copy: { value: 400e9 },
  upload: { value: 8e9 },
  float32: { value: 10e12 },
  float16: { why: 'no-f16' },
};

const speeds: PackageSpeeds = {
  name: 'a model',
  backend: 'webgpu',
  dtype: 'q4',
  promptTokens: 512,
  answerTokens: 64,
  load: { value: 4 },
  prefill: { value: 250 },
  decode: { value: 20 },
  outside: { why: 'no-timestamps' },
  firstWord: { value: 10 },
  work: { loadBytes: 4e9, prefillOperations: 10e9, stepBytes: 4e9, firstWordOperations: 40e12 },
};

const rowOf = (given: PackageSpeeds, name: string) =>
  benchmarkRows(rates, given).find((row) => row.name === name);

describe('rows of a benchmark', () => {
  it('set each speed beside what the adapter’s rates allow', () => {
    expect(rowOf(speeds, 'load')).toMatchObject({ ceiling: 0.5, share: 0.125 });
    expect(rowOf(speeds, 'prefill')).toMatchObject({ ceiling: 1000, share: 0.25 });
    expect(rowOf(speeds, 'decode')).toMatchObject({ ceiling: 100, share: 0.2 });
    expect(rowOf(speeds, 'firstWord')).toMatchObject({ ceiling: 4, share: 0.4 });
  });

  it('have no ceiling from a rate that was not measured, for unknown work, or on the processor', () => {
    expect(rowOf({ ...speeds, dtype: 'q4f16' }, 'prefill')).toMatchObject({ ceiling: null, share: null });
    const work = { ...speeds.work, stepBytes: null };
    expect(rowOf({ ...speeds, work }, 'decode')).toMatchObject({ ceiling: null, share: null });
    expect(rowOf({ ...speeds, backend: 'wasm' }, 'load')).toMatchObject({ ceiling: null, share: null });
  });

  it('keep the reason where there is no value', () => {
    const row = rowOf({ ...speeds, decode: { why: 'failed', detail: 'lost' } }, 'decode');
    expect(row).toEqual({
      name: 'decode',
      measured: { why: 'failed', detail: 'lost' },
      ceiling: 100,
      share: null,
    });
  });

  it('are those of the adapter alone without a package', () => {
    expect(benchmarkRows(rates, null).map(({ name }) => name)).toEqual([
      'copy',
      'upload',
      'float32',
      'float16',
    ]);
  });
});

it('writes a Markdown table', () => {
  expect(markdownTable(['a', 'b'], [['1|2', 'x\ny']])).toBe('| a | b |\n| --- | --- |\n| 1\\|2 | x y |');
});
