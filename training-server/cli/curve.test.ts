/** Figures of a run that are kept. Oracles: sums done by hand. */
import { expect, test } from 'vitest';
import { curves, gainOf, type Line, metricLines, smoothed } from './curve.ts';

const lines: Line[] = Array.from({ length: 8 }, (_, i) => ({
  step: i,
  values: { reward: i < 4 ? 1 + (i % 2) : 3 + (i % 2), 'eval/srcc': i === 0 ? 0.51239 : null, odd: 7 },
}));

test('kept is what is named, rounded; what is not there is no figure', () => {
  const [first, second] = metricLines(lines).split('\n');
  expect(JSON.parse(first!)).toEqual({ step: 0, reward: 1, 'eval/srcc': 0.5124 });
  expect(JSON.parse(second!)).toEqual({ step: 1, reward: 2 });
});

test('a gain has the interval of a difference of means', () => {
  const points = lines.map(({ step, values }) => [step, values.reward!] as const);
  // 1 2 1 2 and 3 4 3 4: variances 1/3 each, so 1.96 √((1/3 + 1/3) / 4).
  const half = 1.96 * Math.sqrt(1 / 6);
  expect(gainOf(points, 4)).toEqual({
    first: 1.5,
    last: 3.5,
    low: expect.closeTo(2 - half, 12),
    high: expect.closeTo(2 + half, 12),
  });
  expect(gainOf(points, 5)).toBeNull();
});

test('smoothing looks back only', () => {
  expect(
    smoothed(
      [
        [0, 1],
        [1, 3],
        [2, 8],
      ],
      2,
    ),
  ).toEqual([
    [0, 1],
    [1, 2],
    [2, 5.5],
  ]);
});

test('the picture names itself and has a line for each side that was measured', () => {
  const svg = curves(lines);
  expect(svg).toContain('<title>');
  expect(svg.match(/<polyline/g)).toHaveLength(2);
  expect(svg).not.toContain('NaN');
});
