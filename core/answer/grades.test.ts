import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { meanInterval } from '../stats/interval.ts';
import { bandOf, bands, offRuler, rulerPosition } from './grades.ts';
import { mosQuantilesOf, percentileOf, shareBelow } from './percentile.ts';

describe('bands', () => {
  test('the nearest grade; a cut belongs to the upper band', () => {
    const labels = [0.87, 1, 1.49, 1.5, 2.49, 2.5, 3.49, 3.5, 3.87, 4.5, 5, 5.2].map((s) => bandOf(s).word);
    expect(labels).toEqual([
      'bad',
      'bad',
      'bad',
      'poor',
      'poor',
      'fair',
      'fair',
      'good',
      'good',
      'excellent',
      'excellent',
      'excellent',
    ]);
  });

  test('bands cover the ruler without gaps', () => {
    expect(bands[0].from).toBe(1);
    expect(bands[4].to).toBe(5);
    for (let i = 1; i < 5; i++) expect(bands[i]!.from).toBe(bands[i - 1]!.to);
  });

  test('off the ruler', () => {
    expect([0.87, 1, 5, 5.01].map(offRuler)).toEqual(['below', null, null, 'above']);
    expect([0.5, 1, 3, 5, 6].map(rulerPosition)).toEqual([0, 0, 0.5, 1, 1]);
  });
});

describe('interval', () => {
  test('Student t, checked by hand', () => {
    expect(meanInterval([])).toBeNull();
    expect(meanInterval([3.5])).toEqual({ mean: 3.5, low: null, high: null, k: 1 });
    const eight = meanInterval([3, 3.2, 3.4, 3.6, 3.8, 4, 4.2, 4.4])!;
    expect(eight.mean).toBeCloseTo(3.7, 12);
    expect(eight.high! - eight.mean).toBeCloseTo(2.365 * (0.4898979 / Math.sqrt(8)), 4);
  });
});

describe('percentile', () => {
  const quantileScale = {
    kind: 'own' as const,
    range: [1, 5] as [1, 5],
    population: 'held-out clips',
    n: 512,
  };

  test('share below, by straight lines; ties count as not below', () => {
    expect([-1, 0, 5, 10, 11].map((v) => shareBelow([0, 10], v))).toEqual([0, 0, 50, 100, 100]);
    expect(shareBelow([1, 2, 2, 2, 3], 2)).toBe(25);
  });

  test('a model of its own scale against its own clips', () => {
    const quantiles = Array.from({ length: 101 }, (_, i) => 1 + i / 25);
    expect(percentileOf({ ...quantileScale, quantiles }, 3)).toEqual({
      percent: 50,
      population: 'held-out clips',
      n: 512,
      kind: 'own',
    });
  });

  test('human scores only for a known data set and map', () => {
    const human = {
      kind: 'human' as const,
      range: [0, 5] as [0, 5],
      datasets: [{ name: 'LSVQ-test', n: 7182, how: 'videos' as const }],
      map: 'MOS/20',
    };
    const median = mosQuantilesOf('LSVQ-test')!.quantiles[10]!;
    expect(percentileOf(human, median / 20)).toMatchObject({ kind: 'human', n: 7182 });
    expect(percentileOf(human, median / 20)!.percent).toBeCloseTo(50, 9);
    expect(percentileOf({ ...human, datasets: [{ name: 'mine', n: 9, how: 'videos' }] }, 3)).toBeNull();
    expect(percentileOf({ ...human, map: '1+4*MOS/100' }, 3)).toBeNull();
  });

  test('human scores of several data sets by the quantiles that the package lists', () => {
    const quantiles = Array.from({ length: 101 }, (_, i) => 1 + i / 25);
    const datasets = ['A', 'B'].map((name) => ({ name, n: 100, how: 'features' as const }));
    const scale = { kind: 'human' as const, range: [1, 5] as [1, 5], datasets, map: 'INLSA' };
    expect(percentileOf(scale, 3)).toBeNull();
    expect(percentileOf({ ...scale, opinions: { n: 250, quantiles } }, 2)).toEqual({
      percent: 25,
      population: 'A, B',
      n: 250,
      kind: 'human',
    });
  });

  const table = `${process.env.VQA_SHARED ?? '../shared'}/facts/mos_quantiles.tsv`;
  test.skipIf(!existsSync(table))('the table equals the published one', () => {
    const [head, ...rows] = readFileSync(table, 'utf8')
      .trim()
      .split('\n')
      .filter((l) => !l.startsWith('#'))
      .map((l) => l.split('\t'));
    const first = head!.indexOf('p0');
    expect(rows.length).toBe(10);
    for (const row of rows) {
      expect(mosQuantilesOf(row[0]!)).toEqual({
        dataset: row[0],
        n: Number(row[1]),
        quantiles: row.slice(first).map(Number),
      });
    }
  });
});
