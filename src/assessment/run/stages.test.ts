import { describe, expect, it } from 'vitest';
import { persist } from '../persisted.ts';
import { expectedSeconds, rememberStages, STAGES, secondsLeft, stageShares } from './stages.ts';

const sum = (shares: Record<string, number>) => Object.values(shares).reduce((a, b) => a + b, 0);

describe('stage shares', () => {
  it('start from the table and become this machine’s running mean', () => {
    expect(stageShares('new', 'wasm').encodeVision).toBeCloseTo(0.38, 12);
    expect(expectedSeconds('new')).toBeNull();
    rememberStages('new', { index: 0, decode: 1, encodeVision: 1, encodeMotion: 0, prefill: 1, generate: 1 });
    expect(stageShares('new', 'wasm').encodeVision).toBe(0.25);
    rememberStages('new', { index: 0, decode: 1, encodeVision: 2, encodeMotion: 0, prefill: 1, generate: 1 });
    expect(expectedSeconds('new')).toBeCloseTo(4.3, 12);
    expect(sum(stageShares('new', 'wasm'))).toBeCloseTo(1, 12);
  });

  it('are not pulled down by a stage that was skipped', () => {
    rememberStages('cached', {
      index: 0,
      decode: 2,
      encodeVision: 2,
      encodeMotion: 0,
      prefill: 2,
      generate: 2,
    });
    rememberStages('cached', { prefill: 2, generate: 2 });
    expect(stageShares('cached', 'wasm').decode).toBe(0.25);
    expect(STAGES.length).toBe(6);
  });

  it('are read from values stored under the earlier stage names', () => {
    persist('stages.earlier', { index: 0, decode: 1, look: 1, motion: 0, prompt: 1, write: 1 });
    expect(stageShares('earlier', 'wasm')).toEqual({
      index: 0,
      decode: 0.25,
      encodeVision: 0.25,
      encodeMotion: 0,
      prefill: 0.25,
      generate: 0.25,
    });
  });

  it('say what is left from a fifth on, and only when it is worth saying', () => {
    expect(secondsLeft(0.1, 5)).toBeNull();
    expect(secondsLeft(0.5, 10)).toBe(10);
    expect(secondsLeft(0.5, 2)).toBeNull();
    expect(secondsLeft(1, 10)).toBeNull();
  });
});
