/** Timelines and perturbations. Oracle: orders written out by hand. */
import { describe, expect, it } from 'vitest';
import { frameAt, sampledIndices } from '../../../../core/sampling/frame-sampling.ts';
import { perturbModes } from '../../../../core/sampling/perturb.ts';
import {
  type Clip,
  comparedPairs,
  drawPerturbation,
  NO_FRAME,
  orderFacts,
  orderOf,
  pairTimeline,
  sampledTimeline,
  strongest,
  usualStrength,
  videoTimeline,
} from './timeline.ts';

const clip = (frames: number, fps: number): Clip => ({
  times: Float64Array.from({ length: frames }, (_, i) => i / fps),
  duration: frames / fps,
});
const profile = {
  sampling: 'goldenRatio',
  frames: 8,
  motion: { pixels: 'squash', frames: 'successors' },
} as const;

describe('timelines', () => {
  it('put the copy’s frames beside the original’s, shifted by the offset', () => {
    const line = videoTimeline(clip(5, 10), [4, 3, 2, 1, 0], 1);
    expect([[...line.a], [...line.b]]).toEqual([
      [0, 1, 2, 3, 4],
      [3, 2, 1, 0, 0],
    ]);
    expect(line.duration).toBe(0.5);
  });
  it('hold the last frame of a shorter copy', () => {
    expect([...videoTimeline(clip(4, 10), [0, 2], 0).b]).toEqual([0, 2, 2, 2]);
  });
  it('give each sampled frame an equal part of the time', () => {
    const line = sampledTimeline(clip(100, 25), [10, 40, 60, 90], [60, null, 10, 90], 0);
    expect([...line.times]).toEqual([0, 1, 2, 3]);
    expect([...line.b]).toEqual([60, NO_FRAME, 10, 90]);
  });
  it('follow the faster of two videos, and time for the other', () => {
    const line = pairTimeline(clip(4, 10), clip(8, 20), 0);
    expect(line.positions).toBe(8);
    expect([...line.a]).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect([...line.b]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
  it('go on to the end of the longer one', () => {
    const line = pairTimeline(clip(3, 10), clip(6, 10), 0);
    expect([...line.a]).toEqual([0, 1, 2, 2, 2, 2]);
    expect([...line.b]).toEqual([0, 1, 2, 3, 4, 5]);
  });
  it('end where a clip has no duration', () => {
    const still = { times: Float64Array.of(0), duration: 0 };
    const zero = { times: new Float64Array(25), duration: 0 };
    for (const other of [still, zero]) {
      expect(pairTimeline(other, clip(50, 25), 0).positions).toBe(50);
      expect(pairTimeline(clip(50, 25), other, 0).positions).toBe(50);
      expect(pairTimeline(other, still, 0).positions).toBe(other.times.length);
    }
    const instant = { times: Float64Array.from({ length: 25 }, (_, i) => i * 1e-9), duration: 25e-9 };
    expect(pairTimeline(instant, clip(50, 25), 0).positions).toBeLessThan(5e6);
  });
  it('find the position of a time', () => {
    const times = Float64Array.from([0, 0.1, 0.1, 0.4]);
    expect([-1, 0, 0.05, 0.1, 0.39, 9].map((time) => frameAt(times, time))).toEqual([0, 0, 0, 2, 2, 3]);
  });
});

describe('orderFacts', () => {
  it('finds nothing in a clean order', () => {
    expect(orderFacts([0, 1, 2, 3], 4)).toEqual({ displaced: 0, repeated: 0, missing: 0, meanJump: 1 });
  });
  it('counts displaced, repeated and missing frames', () => {
    expect(orderFacts([3, 0, 0, 2], 4)).toEqual({ displaced: 4, repeated: 1, missing: 1, meanJump: 5 / 3 });
    expect(orderFacts([0, null, 2], 3)).toEqual({ displaced: 1, repeated: 0, missing: 1, meanJump: 0 });
  });
});

describe('drawPerturbation', () => {
  it('is the same for the same seed, and another for another', () => {
    const draw = (seed: number) =>
      drawPerturbation(profile, 250, { mode: 'shuffle', over: 'video', strength: null, seed }).drawn;
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });
  it('has the strength that was asked for', () => {
    const at = (strength: number | null) =>
      drawPerturbation(profile, 240, { mode: 'jitter', over: 'video', strength, seed: 1 });
    expect(at(null).strength).toBe(usualStrength('video', 240, 8));
    const { drawn } = at(5);
    if (drawn.kind !== 'perturbed') throw new Error('not drawn');
    const moves = new Set(drawn.order.map((source, position) => Math.abs((source ?? 0) - position)));
    expect(moves).toEqual(new Set([0, 5, ...[...moves].filter((move) => move < 5)]));
  });
  it.each(perturbModes)('draws %s over video and sampled frames at every strength', (mode) => {
    for (const L of [2, 3, 8, 90, 1000])
      for (const over of ['video', 'sampled'] as const)
        for (const strength of [null, 1, strongest(over, L, 8)]) {
          const { drawn } = drawPerturbation(profile, L, { mode, over, strength, seed: 3 });
          if (drawn.kind !== 'perturbed') continue;
          expect(drawn.vision.length).toBe(8);
          for (const frame of drawn.vision)
            if (frame !== null) expect(frame >= 0 && frame < L, `${mode} ${L} ${over}`).toBe(true);
        }
  });
  it('reports a perturbation that falls between the sampled frames', () => {
    const { drawn, unseen } = drawPerturbation(profile, 1, {
      mode: 'reverse',
      over: 'video',
      strength: null,
      seed: 1,
    });
    expect([drawn.kind, unseen]).toEqual(['unperturbable', true]);
  });
  it('gives the source indices of a perturbation of the sampled frames', () => {
    const sampled = sampledIndices('goldenRatio', 250, 8);
    const { drawn } = drawPerturbation(profile, 250, {
      mode: 'reverse',
      over: 'sampled',
      strength: null,
      seed: 1,
    });
    if (drawn.kind !== 'perturbed') throw new Error('not drawn');
    expect(orderOf(drawn, sampled)).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
  });
});

describe('compared pairs', () => {
  const pairs = (a: Clip, b: Clip, offset = 0) => {
    const { positions, ...of } = comparedPairs(pairTimeline(a, b, offset), a, b, offset);
    return [[...positions], [...of.a], [...of.b]];
  };

  it('are all positions of two equal clips', () => {
    expect(pairs(clip(3, 25), clip(3, 25))).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ]);
  });

  it('leave out frames that are held before the start and after the end', () => {
    expect(pairs(clip(4, 25), clip(4, 25), 2)).toEqual([
      [0, 1],
      [0, 1],
      [2, 3],
    ]);
    expect(pairs(clip(4, 25), clip(4, 25), -3)).toEqual([[3], [3], [0]]);
    expect(pairs(clip(4, 25), clip(4, 25), 4)).toEqual([[], [], []]);
    expect(pairs(clip(5, 25), clip(3, 25))[0]).toEqual([0, 1, 2]);
    expect(pairs(clip(3, 25), clip(5, 25))[0]).toEqual([0, 1, 2]);
  });

  it('repeat the frames of the lower rate', () => {
    expect(pairs(clip(2, 25), clip(4, 50))).toEqual([
      [0, 1, 2, 3],
      [0, 0, 1, 1],
      [0, 1, 2, 3],
    ]);
  });
});
