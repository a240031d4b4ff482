import { describe, expect, test } from 'vitest';
import type { BatchRow } from '../files/batch.ts';
import { batchMetrics } from './batch-metrics.ts';
import { seededRandom } from './random.ts';

const row = (i: number, change: Partial<BatchRow> = {}): BatchRow => ({
  path: `${i}.mp4`,
  bytes: 1,
  modified: 0,
  state: 'done',
  score: 1 + (i % 40) / 10,
  mos: 20 * (1 + (i % 40) / 10),
  named: [],
  ...change,
});

describe('figures of a benchmark', () => {
  test('rows without a score count and are in no figure', () => {
    const rows = [
      ...Array.from({ length: 12 }, (_, i) => row(i)),
      row(90, { state: 'no-score', score: null }),
      row(91, { state: 'failed', score: null }),
      row(92, { state: 'skipped', score: null }),
    ];
    const metrics = batchMetrics(rows, { bootstraps: 50 });
    expect(metrics).toMatchObject({ pairs: 12, unreadable: 1, failed: 1, all: { n: 12 } });
    expect(metrics.all?.srcc.value).toBeCloseTo(1, 12);
  });
  test('fewer than ten pairs give none', () => {
    expect(batchMetrics(Array.from({ length: 9 }, (_, i) => row(i))).all).toBeNull();
  });
  test('a step between two scores is no curve: no distances rest on it', () => {
    const low = [58, 61, 60, 57, 62, 59, 60, 61, 58, 59];
    const high = [42, 45, 44, 41, 43, 40, 44, 42, 45, 41];
    const rows = [
      ...low.map((mos, i) => row(i, { score: 1.8 + i / 11, mos })),
      ...high.map((mos, i) => row(20 + i, { score: 2.8 + i / 11, mos })),
    ];
    expect(batchMetrics(rows, { bootstraps: 0 }).all).toMatchObject({
      fit: null,
      rmse: null,
      plccFitted: null,
    });
    const smooth = Array.from({ length: 20 }, (_, i) => row(i, { score: 1 + i / 5, mos: 20 * i + (i % 3) }));
    expect(batchMetrics(smooth, { bootstraps: 0 }).all?.fit).not.toBeNull();
  });
  test('the interval holds the figure and is the same each time', () => {
    const random = seededRandom('noise');
    const rows = Array.from({ length: 60 }, (_, i) => row(i, { mos: 50 + 10 * random.normal() + (i % 40) }));
    const once = batchMetrics(rows, { bootstraps: 200 }).all;
    expect(once).toEqual(batchMetrics(rows, { bootstraps: 200 }).all);
    for (const metric of [once?.srcc, once?.plcc, once?.krcc, once?.rmse]) {
      expect(metric?.interval?.low).toBeLessThan(metric?.value as number);
      expect(metric?.interval?.high).toBeGreaterThan(metric?.value as number);
    }
    expect(once?.plccFitted as number).toBeGreaterThanOrEqual((once?.plcc.value as number) - 1e-6);
  });
  test('data sets are weighted by their videos', () => {
    const rows = [
      ...Array.from({ length: 30 }, (_, i) => row(i, { dataset: 'up' })),
      ...Array.from({ length: 10 }, (_, i) => row(i, { dataset: 'down', mos: -i })),
    ];
    const { overall, datasets } = batchMetrics(rows, { bootstraps: 0 });
    expect(datasets.map(({ dataset, n }) => [dataset, n])).toEqual([
      ['up', 30],
      ['down', 10],
    ]);
    expect(overall?.srcc).toBeCloseTo((30 * 1 + 10 * -1) / 40, 12);
  });
});
