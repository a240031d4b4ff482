import { describe, expect, it } from 'vitest';
import { aligned, endLabel, linesOf, readingsAt, spanOf, valueRange } from './chart-lines.ts';
import { CHARTS, chartId, chartsOf } from './chart-specs.ts';
import { chartSvg } from './chart-svg.ts';
import { chartTable, metricsCsv, tableTsv, thinned } from './chart-table.ts';
import { trainingEn } from './messages/en.ts';
import { metricTable } from './state/metrics.ts';

const chart = (name: string) => CHARTS.find((one) => one.name === name)!;

function table(steps: number, change: (step: number) => Record<string, number | null>) {
  const made = metricTable();
  made.add(
    Array.from({ length: steps }, (_, i) => ({
      step: i + 1,
      stage: 0,
      time: (i + 1) * 36,
      values: change(i + 1),
    })),
  );
  return made;
}

const run = {
  name: 'small-grpo',
  table: table(100, (step) => ({
    reward: step / 10,
    'perturbed/reward': step / 20,
    'seconds/rollout': 2,
    'seconds/update': 1,
    ...(step % 50 === 0 ? { 'eval/srcc': step / 100, 'eval/plcc': null } : {}),
    odd: step,
  })),
};

describe('charts of a run', () => {
  it('are those of its objective, those with values, and one for what nobody names', () => {
    const ids = chartsOf(['grpo'], run.table.columns.keys()).map(chartId);
    expect(ids.slice(0, 6)).toEqual(['reward', 'parts', 'agreement', 'kl', 'length', 'time']);
    expect(ids).toContain('metric:odd');
    expect(ids).not.toContain('rate');
    expect(chartsOf(['sft'], []).map(chartId)).toEqual(['agreement', 'time', 'loss', 'gradient', 'rate']);
  });
});

describe('lines', () => {
  it('the original is ink and A, the perturbed copy is B, dashed and the only hue', () => {
    const lines = linesOf(chart('reward'), run, [], 'step', 0, trainingEn);
    expect(lines.map((line) => [endLabel(line, 3.251), line.ink, line.dash.length > 0, line.raw])).toEqual([
      ['A 3.25', 'ink', false, false],
      ['B 3.25', 'side-b', true, false],
    ]);
    expect(linesOf(chart('reward'), run, [], 'step', 0.9, trainingEn)[0]?.raw).toBe(true);
  });
  it('a sum is known where all its parts are', () => {
    const [all] = linesOf(chart('time'), run, [], 'step', 0, trainingEn);
    expect(all?.values[3]).toBe(3);
  });
  it('runs beside it are grey and come with their main line alone', () => {
    const other = { name: 'small-sft', table: table(10, () => ({ reward: 1, 'perturbed/reward': 2 })) };
    const lines = linesOf(chart('reward'), run, [other], 'step', 0, trainingEn);
    expect(lines.filter(({ primary }) => !primary).map((line) => [line.ink, endLabel(line, 1)])).toEqual([
      ['ink-3', 'small-sft'],
    ]);
    const { xs, columns } = aligned(lines);
    expect(xs).toHaveLength(100);
    // Its steps ended: no gap, nothing there.
    expect(columns[0]?.[50]).toBeUndefined();
  });
  it('what is measured now and then is not smoothed, and its gaps are told', () => {
    const lines = linesOf(chart('agreement'), run, [], 'step', 0.9, trainingEn);
    // PLCC was never defined: no line.
    expect(lines.map(({ name }) => name)).toEqual(['SRCC']);
    expect(lines[0]?.ys[99]).toBe(1);
    expect(readingsAt(lines, 70)).toEqual([{ name: 'SRCC', value: 0.5, step: 50 }]);
    expect(readingsAt(lines, 3)).toEqual([]);
  });
  it('by hours they stand where the work was', () => {
    const [line] = linesOf(chart('reward'), run, [], 'hours', 0, trainingEn);
    expect(line?.xs.at(-1)).toBeCloseTo(0.99, 9);
    expect(readingsAt([line!], 0.99)[0]?.step).toBe(100);
  });
  it('the axis begins at 0 with the run, and the values’ axis is that of what is in sight', () => {
    const lines = linesOf(chart('reward'), run, [], 'step', 0, trainingEn);
    expect(spanOf(lines)).toEqual([0, 100]);
    expect(valueRange(lines, 90, 100)[0]).toBeLessThan(4.5);
    expect(valueRange(lines, 90, 100)[0]).toBeGreaterThan(4);
  });
});

describe('the numbers of a chart', () => {
  const lines = linesOf(chart('reward'), run, [], 'step', 0.9, trainingEn);
  it('are those measured, not those smoothed', () => {
    const { head, rows } = chartTable(lines, 'step');
    expect(head).toEqual(['step', 'original', 'perturbed']);
    expect(rows[9]).toEqual([10, 1, 0.5]);
    expect(tableTsv({ head, rows: rows.slice(0, 1) })).toBe('step\toriginal\tperturbed\n1\t0.1\t0.05');
  });
  it('thin evenly and keep the last', () => {
    const rows = thinned(
      Array.from({ length: 1001 }, (_, i) => i),
      250,
    );
    expect(rows.length).toBeLessThanOrEqual(250);
    expect(rows.at(-1)).toBe(1000);
    expect(rows[1]! - rows[0]!).toBe(5);
  });
  it('go into a file with every metric', () => {
    const [head, first, ...rest] = metricsCsv(run.table).split('\n');
    expect(head).toBe(
      'step,time,eval/plcc,eval/srcc,odd,perturbed/reward,reward,seconds/rollout,seconds/update',
    );
    expect(first).toBe('1,36,,,1,0.05,0.1,2,1');
    expect(rest).toHaveLength(100);
  });
});

describe('the picture', () => {
  it('is well-formed SVG with both lines, the raw values under one, and escaped words', () => {
    const lines = linesOf(chart('reward'), run, [], 'step', 0.9, trainingEn);
    const svg = chartSvg({ title: 'a < b & "c"', note: '', xTitle: 'step', lines, range: [10, 20] });
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
    expect(svg.match(/opacity="0.22"/g)).toHaveLength(2);
    expect(svg.match(/stroke-dasharray="7 3"/g)).toHaveLength(1);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    // The value at step 20, where the picture ends: (20 − Σ j·.9ʲ / Σ .9ʲ, j < 20) / 10.
    expect(svg).toContain('>A 1.38</text>');
  });
});
