import { describe, expect, it } from 'vitest';
import { EmbeddingCache } from './embedding-cache.ts';
import { injectFeatures } from './network.ts';
import { normalisationTable, normalise } from './pixels.ts';

describe('embedding injection', () => {
  const ids = [1, 9, 9, 2, 9, 3];
  const vision = Float32Array.of(1, 1, 2, 2);
  const motion = Float32Array.of(7, 7);

  it('puts vision rows in order and the motion token last', () => {
    const embeds = new Float32Array(12);
    injectFeatures(embeds, ids, 9, vision, motion);
    expect(Array.from(embeds)).toEqual([0, 0, 1, 1, 2, 2, 0, 0, 7, 7, 0, 0]);
  });

  it('refuses a prompt whose context positions are not as many as the features', () => {
    expect(() => injectFeatures(new Float32Array(12), ids, 9, Float32Array.of(1, 1), motion)).toThrow(
      expect.objectContaining({ code: 'run/prompt', params: { positions: 3, features: 2 } }),
    );
  });
});

describe('pixels', () => {
  it('normalises as float32 arithmetic does and lays channels apart', () => {
    const table = normalisationTable({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });
    const out = normalise([Uint8Array.of(0, 128, 255, 255, 0, 1)], 1, table);
    expect(out.length).toBe(3);
    const f = Math.fround;
    expect(out[1]).toBe(f(f(f(128 / 255) - f(0.456)) / f(0.224)));
    expect(out[2]).toBe(f(f(f(255 / 255) - f(0.406)) / f(0.225)));
  });
});

describe('embedding cache', () => {
  it('drops what was used longest ago, never what was just put in', () => {
    const cache = new EmbeddingCache(32);
    cache.set('a', new Float32Array(4));
    cache.set('b', new Float32Array(4));
    cache.get('a');
    cache.set('c', new Float32Array(4));
    expect([cache.has('a'), cache.has('b'), cache.has('c')]).toEqual([true, false, true]);
    cache.set('d', new Float32Array(100));
    expect([cache.has('a'), cache.has('c'), cache.has('d')]).toEqual([false, false, true]);
  });
  it('keeps no more pictures than it may, however small they are', () => {
    const cache = new EmbeddingCache(1000, 2);
    for (const key of ['a', 'b', 'c']) cache.set(key, new Float32Array(1));
    expect(['a', 'b', 'c'].map((key) => cache.has(key))).toEqual([false, true, true]);
  });
});
