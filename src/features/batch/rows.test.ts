import { expect, test } from 'vitest';
import type { BatchRow } from '../../../core/files/batch.ts';
import { filterCounts, offBy, tableGroups, tableLines, visibleRange } from './rows.ts';
import { opinionRange, scatterScales } from './scatter-geometry.ts';

const row = (path: string, score: number | null, change: Partial<BatchRow> = {}): BatchRow => ({
  path,
  bytes: 1,
  modified: 0,
  state: score === null ? 'no-score' : 'done',
  score,
  named: [],
  ...change,
});
const rows = [
  row('b.mp4', 4.2, { mos: 80 }),
  row('a.mp4', 1.1, { mos: 40 }),
  row('c.mp4', null),
  row('d.mp4', null, { state: 'waiting' }),
  row('e.mp4', 3, {}),
];
const fit = { low: 0, high: 100, middle: 3, width: 1 };
const view = { filter: 'all', find: '', sort: { by: 'score', down: true } } as const;

test('rows that ended without a score are a group once all have ended; before, no row leaves its order', () => {
  const ended = rows.map((one) => (one.state === 'waiting' ? { ...one, state: 'skipped' as const } : one));
  const { without, rest } = tableGroups(ended, view, fit);
  expect(without.map(({ path }) => path)).toEqual(['c.mp4', 'd.mp4']);
  expect(rest.map(({ path }) => path)).toEqual(['b.mp4', 'e.mp4', 'a.mp4']);
  const running = tableGroups(rows, view, fit);
  expect(running.without).toEqual([]);
  expect(running.rest.map(({ path }) => path)).toEqual(['b.mp4', 'e.mp4', 'a.mp4', 'c.mp4', 'd.mp4']);
  const up = tableGroups(rows, { ...view, sort: { by: 'mos', down: false } }, fit).rest;
  expect(up.map(({ path }) => path)).toEqual(['a.mp4', 'b.mp4', 'c.mp4', 'd.mp4', 'e.mp4']);
});

test('lines: few rows without a score under their title, then the others under theirs', () => {
  const many = ['p', 'q', 'r', 's'].map((path) => row(path, null));
  const groups = { without: many, rest: rows.slice(0, 2) };
  const kinds = (all: boolean) => tableLines(groups, all).map(({ kind }) => kind);
  expect(kinds(false)).toEqual(['without', 'row', 'row', 'row', 'scored', 'row', 'row']);
  expect(kinds(true)).toHaveLength(8);
  expect(tableLines(groups, false)[0]).toMatchObject({ n: 4, paths: ['p', 'q', 'r', 's'] });
  expect(tableLines({ without: [], rest: groups.rest }, false)).toHaveLength(2);
});

test('off by: signed distance from the curve, sorted by its absolute value', () => {
  expect(offBy(rows[0] as BatchRow, fit)).toBeCloseTo(100 / (1 + Math.exp(-1.2)) - 80, 9);
  expect(offBy(rows[4] as BatchRow, fit)).toBeNull();
  const far = tableGroups(rows, { ...view, sort: { by: 'off', down: true } }, fit).rest;
  expect(far[0]?.path).toBe('a.mp4');
});

test('chips count every row once, by grade or by state', () => {
  const counts = filterCounts(rows);
  expect([...counts].map(([, n]) => n)).toEqual([5, 0, 1, 1, 0, 1, 1, 0, 0, 1]);
  expect(tableGroups(rows, { ...view, filter: 4 }, fit).rest).toHaveLength(1);
  expect(tableGroups(rows, { ...view, find: 'B.MP' }, fit).rest).toHaveLength(1);
});

test('of ten thousand rows some dozens are drawn', () => {
  const { from, to } = visibleRange(180_000, 600, 36, 10_000);
  expect(to - from).toBeLessThan(40);
  expect(from * 36).toBeLessThanOrEqual(180_000);
  expect(visibleRange(0, 600, 36, 3)).toEqual({ from: 0, to: 3 });
});

test('axes show numbers of the table alone, from before the first point on', () => {
  const scales = (opinions: readonly [number, number] | null) =>
    scatterScales([], [1, 5], opinions, 440, 316);
  expect(scales(opinionRange(rows)).yTicks).toEqual([40, 50, 60, 70, 80]);
  expect(scales([3, 3]).yTicks).toEqual([3]);
  expect(scales(opinionRange([{}])).yTicks).toEqual([]);
  const { y, top, bottom } = scales(null);
  expect(y(0)).toBeGreaterThan(top);
  expect(y(0)).toBeLessThan(bottom);
});
