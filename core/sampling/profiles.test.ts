import { describe, expect, test } from 'vitest';
import { CodedError } from '../errors.ts';
import { readProfile } from './profile-schema.ts';
import { builtInProfiles, motionFrames, poolSpace, poolTime, profileOf, slowIndices } from './profiles.ts';

/** Oracle: the pooling itself. Repeat each one-hot frame, slide a window of `window`, average everything. */
function pooledByHand(n: number, repeat: number, window: number): number[] {
  return Array.from({ length: n }, (_, hot) => {
    const axis = Array.from({ length: n * repeat }, (_, x) => (Math.floor(x / repeat) === hot ? 1 : 0));
    const means: number[] = [];
    for (let at = 0; at + window <= axis.length; at++) {
      means.push(axis.slice(at, at + window).reduce<number>((a, b) => a + b, 0) / window);
    }
    return means.reduce((a, b) => a + b, 0) / means.length;
  });
}

const close = (actual: readonly number[], expected: readonly number[]) => {
  expect(actual.length).toBe(expected.length);
  for (const [i, v] of actual.entries()) expect(v).toBeCloseTo(expected[i]!, 12);
};

describe('slow frames', () => {
  test('released models', () => {
    expect(slowIndices(6, 2)).toEqual([0, 5]);
    expect(slowIndices(12, 3)).toEqual([0, 5, 11]);
    expect(slowIndices(5, 1)).toEqual([0]);
    expect(slowIndices(2, 0)).toEqual([]);
  });
});

describe('pooling weights', () => {
  test('published closed forms', () => {
    close(poolTime(6).slow, [0.5, 0.5]);
    close(poolTime(6).fast, [0.125, 0.1875, 0.1875, 0.1875, 0.1875, 0.125]);
    close(poolTime(12).slow, [0.25, 0.5, 0.25]);
    close(
      poolTime(12).fast,
      [5, 13, 21, 29, 34, 34, 34, 34, 29, 21, 13, 5].map((w) => w / 272),
    );
  });

  test.each([8, 12, 16, 24, 6, 32])('T = %i equals repeat, windows and mean', (T) => {
    const n = Math.ceil(T / 4);
    const repeat =
      ({ 6: 6, 12: 4 } as Record<number, number>)[T] ?? Math.max(Math.ceil(8 / n), Math.ceil(32 / T));
    close(poolTime(T).slow, pooledByHand(n, repeat, 8));
    close(poolTime(T).fast, pooledByHand(T, repeat, 32));
  });

  test('space: windows of 7 from 7 places on, a plain mean below', () => {
    close(poolSpace(448), pooledByHand(14, 1, 7));
    close(poolSpace(560), pooledByHand(18, 1, 7));
    close(poolSpace(224), Array(7).fill(1 / 7));
    close(poolSpace(96), [1 / 3, 1 / 3, 1 / 3]);
  });
});

describe('profile schema', () => {
  test('built-in profiles pass and keep every figure', () => {
    expect(readProfile(builtInProfiles['test12@560'])).toEqual(builtInProfiles['test12@560']);
    expect(readProfile(builtInProfiles['train6@448'])).toEqual(builtInProfiles['train6@448']);
    expect(builtInProfiles['test12@560'].tokensPerFrame).toBe(400);
    expect(builtInProfiles['train6@448'].tokensPerFrame).toBe(256);
  });

  test('successors double the frames of the motion branch', () => {
    const doubled = profileOf({
      ...builtInProfiles['test12@560'],
      name: 'small8@224',
      frames: 8,
      size: 224,
      patch: 16,
      sampling: 'goldenRatio',
      vision: { pixels: 'fragments', cell: 32 },
      motion: { pixels: 'fragments', cell: 32, frames: 'successors' },
    });
    expect(motionFrames(doubled)).toBe(16);
    expect(doubled.tokensPerFrame).toBe(49);
    expect(doubled.slowIndices).toEqual([0, 5, 10, 15]);
    expect(readProfile(doubled)).toEqual(doubled);
  });

  test('keys and values of the first packages and checkpoints are read', () => {
    const { sampling: _sampling, ...rest } = builtInProfiles['test12@560'];
    const old = (places: string, take: string) => ({ ...rest, places, motion: { pixels: 'squash', take } });
    expect(readProfile(old('official', 'same'))).toEqual(builtInProfiles['test12@560']);
    const twelve = profileOf({
      ...builtInProfiles['test12@560'],
      patch: 14,
      sampling: 'goldenRatio',
      motion: { pixels: 'squash', frames: 'successors' },
    });
    const { slowIndices, poolTime } = twelve;
    expect(readProfile({ ...old('golden', 'pairs'), slowIndices, poolTime })).toEqual(twelve);
    expect(() => readProfile({ ...old('golden', 'same'), sampling: 'uniform' })).toThrow('places');
    expect(() => readProfile(old('silver', 'same'))).toThrow('sampling');
  });

  const faults: [string, object, string][] = [
    ['unknown field', { colour: 'rgb' }, 'profile.colour'],
    ['weights off 1', { poolSpace: Array(18).fill(0.05) }, 'profile.poolSpace'],
    ['slow frame out of range', { slowIndices: [0, 5, 12] }, 'profile.slowIndices'],
    ['unknown prompt', { prompt: 'mine' }, 'profile.prompt'],
    ['odd cell', { vision: { pixels: 'fragments', cell: 35 } }, 'profile.vision.cell'],
    ['cell that does not divide', { vision: { pixels: 'fragments', cell: 32 } }, 'profile.vision.cell'],
    ['cell without fragments', { vision: { pixels: 'squash', cell: 28 } }, 'profile.vision.cell'],
    ['no frames of the motion branch', { motion: { pixels: 'squash' } }, 'profile.motion.frames'],
  ];
  test.each(faults)('%s is refused by name', (_, change, field) => {
    try {
      readProfile({ ...builtInProfiles['test12@560'], ...change }, 'model/manifest', 'profile');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CodedError);
      expect((error as CodedError).code).toBe('model/manifest');
      expect((error as CodedError).params.field).toBe(field);
    }
  });
});
