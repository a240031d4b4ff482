import { describe, expect, it } from 'vitest';
import { lastValue, metricTable, runningHours, stepIndex } from './metrics.ts';

const record = (step: number, values: Record<string, number | null>, time = step * 10) => ({
  step,
  stage: 0,
  time,
  values,
});

describe('metricTable', () => {
  it('keeps a column for each name, with undefined where nothing was written', () => {
    const table = metricTable();
    table.add([
      record(1, { reward: 1 }),
      record(2, { reward: 2, 'eval/srcc': 0.5 }),
      record(4, { kl: null }),
    ]);
    expect(table.steps).toEqual([1, 2, 4]);
    expect(table.columns.get('reward')).toEqual([1, 2]);
    expect(table.columns.get('eval/srcc')).toEqual([undefined, 0.5]);
    expect(table.columns.get('kl')).toEqual([undefined, undefined, null]);
  });
  it('goes back with the run: a step said again replaces itself and all after it', () => {
    const table = metricTable();
    table.add([record(1, { reward: 1 }), record(2, { reward: 2 }), record(3, { reward: 3, kl: 9 })]);
    table.add([record(2, { reward: 20 })]);
    expect(table.steps).toEqual([1, 2]);
    expect(table.columns.get('reward')).toEqual([1, 20]);
    expect(table.columns.get('kl')).toEqual([undefined]);
    table.add([record(3, { kl: 1 })]);
    expect(table.columns.get('kl')).toEqual([undefined, undefined, 1]);
  });
  it('is the same after a history was told twice', () => {
    const all = Array.from({ length: 50 }, (_, i) => record(i + 1, { reward: i }));
    const [once, twice] = [metricTable(), metricTable()];
    once.add(all);
    twice.add(all);
    twice.add(all.slice(30));
    expect(twice.steps).toEqual(once.steps);
    expect(twice.columns.get('reward')).toEqual(once.columns.get('reward'));
    twice.replace(all.slice(0, 3));
    expect(twice.steps).toEqual([1, 2, 3]);
  });
  it('finds places', () => {
    expect([0, 1, 3, 5, 9].map((step) => stepIndex([1, 3, 5], step))).toEqual([0, 0, 1, 2, 3]);
  });
  it('gives the last value of the first name that has one', () => {
    const table = metricTable();
    table.add([record(1, { a: 1, b: 5 }), record(2, { a: null, b: 6 })]);
    expect(lastValue(table, ['none', 'a', 'b'])).toBe(1);
    expect(lastValue(table, ['none'])).toBeNull();
  });
});

describe('runningHours', () => {
  it('leaves pauses out', () => {
    // A step each 36 s, then a night, then on.
    const times = [0, 36, 72, 108, 108 + 30_000, 108 + 30_036];
    expect(runningHours({ times })).toEqual(
      [0, 0.01, 0.02, 0.03, 0.04, 0.05].map((h) => expect.closeTo(h, 9)),
    );
  });
  it('counts slow steps: they are no pause', () => {
    expect(runningHours({ times: [0, 36, 72, 72 + 300] }).at(-1)).toBeCloseTo(372 / 3600, 9);
  });
});
