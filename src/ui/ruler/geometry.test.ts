import { describe, expect, it } from 'vitest';
import { dotPlot, gradeAt, position, type Scale, ticks, zones } from './geometry.ts';

const acr: Scale = { low: 1, high: 5, cuts: [1.5, 2.5, 3.5, 4.5] };
const lsvq: Scale = { ...acr, low: 0 };

describe('ticks', () => {
  it('has one each tenth, both ends included, and five grades', () => {
    const all = ticks(acr);
    expect(all).toHaveLength(41);
    expect(all[0]).toEqual({ at: 0, kind: 'grade' });
    expect(all[40]).toEqual({ at: 100, kind: 'grade' });
    expect(all.filter((t) => t.kind === 'grade').map((t) => t.at)).toEqual([0, 25, 50, 75, 100]);
    expect(all.filter((t) => t.kind === 'half').map((t) => t.at)).toEqual([12.5, 37.5, 62.5, 87.5]);
  });
  it('starts at 0 on a scale from 0', () => {
    expect(ticks(lsvq)).toHaveLength(51);
  });
});

describe('zones', () => {
  it('cuts half-way between the grades', () => {
    expect(zones(acr).map((z) => [z.band, z.from, z.to])).toEqual([
      [1, 0, 12.5],
      [2, 12.5, 37.5],
      [3, 37.5, 62.5],
      [4, 62.5, 87.5],
      [5, 87.5, 100],
    ]);
  });
  it('gives what lies under 1 to Bad on a scale from 0', () => {
    expect(zones(lsvq)[0]).toEqual({ band: 1, from: 0, to: 30 });
    expect(gradeAt(1, lsvq)).toBe(20);
  });
});

describe('place', () => {
  it('puts 3.87 at 71.75 %', () => expect(position(3.87, acr)).toEqual({ at: 71.75, off: null }));
  it('keeps the ends on the scale', () => {
    expect(position(1, acr)).toEqual({ at: 0, off: null });
    expect(position(5, acr)).toEqual({ at: 100, off: null });
  });
  it('stops at the ends and says so', () => {
    expect(position(0.87, acr)).toEqual({ at: 0, off: 'below' });
    expect(position(5.2, acr)).toEqual({ at: 100, off: 'above' });
  });
});

describe('dotPlot', () => {
  it('stacks equal values and keeps their indices', () => {
    expect(dotPlot([3.8, 3.6, 3.8], acr, 0.06)).toEqual([
      { index: 1, at: 65, level: 0 },
      { index: 0, at: 70, level: 0 },
      { index: 2, at: 70, level: 1 },
    ]);
  });
  it('stands a stack at the mean of its values', () => {
    const dots = dotPlot([3.8, 3.84], acr, 0.06);
    expect(dots.map((d) => d.at)).toEqual([70.5, 70.5]);
  });
  it('starts a new stack one dot further', () => {
    expect(dotPlot([3.6, 3.66], acr, 0.06).map((d) => d.level)).toEqual([0, 0]);
  });
  it('moves no value by more than a dot', () => {
    const values = Array.from({ length: 64 }, (_, i) => 3 + ((i * 37) % 64) / 80);
    for (const { index, at } of dotPlot(values, acr, 0.06))
      expect(Math.abs(at - position(values[index]!, acr).at)).toBeLessThanOrEqual((0.06 / 4) * 100);
  });
});
