/**
 * Learning curves of a run, small enough for the repository: `npm run train:curve -- RUN [--metrics FILE.jsonl]
 * [--svg FILE.svg]` takes the folder of a run and writes chosen metrics, a line a step, and their curves. Prints the gains:
 * means of the first and of the last steps with the 95 % interval of their difference (steps as independent).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mean, variance } from '../../core/stats/moments.ts';

/** The fields of a line of `metrics.jsonl` that are read here. */
export interface Line {
  readonly step: number;
  readonly values: Readonly<Record<string, number | null>>;
}

/** Metrics that are written. */
export const RECORDED_METRICS = [
  'reward',
  'reward_std',
  'rewards/rank/mean',
  'rewards/regression/mean',
  'rewards/format/mean',
  'perturbed/reward',
  'temporal/bonus',
  'temporal/margin',
  'temporal/preferred',
  'kl',
  'entropy',
  'unreadable',
  'completions/mean_length',
  'learning_rate',
  'eval/srcc',
  'eval/plcc',
  'eval/mae',
  'eval/videos',
  'seconds/rollout',
  'seconds/update',
  'seconds/step',
] as const;

/** Four decimals exceed the precision of every metric but the learning rate. */
const short = (name: string, value: number) => (name === 'learning_rate' ? value : Number(value.toFixed(4)));

export function metricLines(lines: readonly Line[]): string {
  const rows = lines.map(({ step, values }) => ({
    step,
    ...Object.fromEntries(
      RECORDED_METRICS.flatMap((name) => (values[name] == null ? [] : [[name, short(name, values[name])]])),
    ),
  }));
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

type Point = readonly [step: number, value: number];

const pointsOf = (lines: readonly Line[], name: string): Point[] =>
  lines.flatMap(({ step, values }) => (values[name] == null ? [] : [[step, values[name]] as const]));

/** Running mean over the last `window` points. */
export function smoothed(points: readonly Point[], window: number): Point[] {
  return points.map(([step], i) => [
    step,
    mean(points.slice(Math.max(0, i + 1 - window), i + 1).map(([, value]) => value)),
  ]);
}

export interface Gain {
  readonly first: number;
  readonly last: number;
  readonly low: number;
  readonly high: number;
}

/** Means of the first and last `window` steps; the interval is of the difference, by the normal distribution. */
export function gainOf(points: readonly Point[], window: number): Gain | null {
  if (points.length < 2 * window || window < 2) return null;
  const [first, last] = [points.slice(0, window), points.slice(-window)].map((part) =>
    part.map(([, value]) => value),
  ) as [number[], number[]];
  const spread = 1.96 * Math.sqrt((variance(first, 'sample') + variance(last, 'sample')) / window);
  const gain = mean(last) - mean(first);
  return { first: mean(first), last: mean(last), low: gain - spread, high: gain + spread };
}

interface Series {
  readonly points: readonly Point[];
  readonly label: string;
  readonly dashed?: true;
  readonly dots?: true;
}

const [WIDTH, HEIGHT, PAD] = [640, 200, 44];

function panel(title: string, series: readonly Series[], steps: number, top: number): string {
  const all = series.flatMap(({ points }) => points.map(([, value]) => value));
  if (all.length === 0) return '';
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const x = (step: number) => (PAD + (step / steps) * (WIDTH - 2 * PAD)).toFixed(1);
  const y = (value: number) => top + HEIGHT - PAD - ((value - low) / (high - low || 1)) * (HEIGHT - 2 * PAD);
  const bound = (value: number) =>
    `<text x="${PAD - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value.toFixed(2)}</text>`;
  const drawn = series.flatMap(({ points, label, dashed, dots }) => {
    if (points.length === 0) return [];
    const line = points.map(([step, value]) => `${x(step)},${y(value).toFixed(1)}`).join(' ');
    const [step, value] = points.at(-1) ?? [0, low];
    return [
      `<polyline points="${line}" fill="none" stroke="currentColor" stroke-width="1.5"${dashed ? ' stroke-dasharray="5 3"' : ''}/>`,
      ...(dots ? points.map(([at, v]) => `<circle cx="${x(at)}" cy="${y(v).toFixed(1)}" r="3"/>`) : []),
      `<text x="${Number(x(step)) + 4}" y="${(y(value) + 4).toFixed(1)}">${label}</text>`,
    ];
  });
  return [`<text x="${PAD}" y="${top + 20}">${title}</text>`, bound(low), bound(high), ...drawn].join('\n');
}

/** Window of the running mean, in steps. */
export const WINDOW = 10;

export function curves(lines: readonly Line[]): string {
  const steps = Math.max(1, ...lines.map(({ step }) => step));
  const even = (name: string) => smoothed(pointsOf(lines, name), WINDOW);
  const panels = [
    panel(
      `Mean reward (mean of ${WINDOW} steps)`,
      [
        { points: even('reward'), label: 'A' },
        { points: even('perturbed/reward'), label: 'B', dashed: true },
      ],
      steps,
      0,
    ),
    panel(
      `Share of videos that score above their perturbed copy (mean of ${WINDOW} steps)`,
      [{ points: even('temporal/preferred'), label: '' }],
      steps,
      HEIGHT,
    ),
    panel(
      'SRCC of held-out clips',
      [{ points: pointsOf(lines, 'eval/srcc'), label: '', dots: true }],
      steps,
      2 * HEIGHT,
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${3 * HEIGHT}" font-family="system-ui" font-size="12" color="#333" fill="#333">
<title>GRPO by step: mean reward of videos (A) and of their perturbed copies (B), share of videos preferred to their copy, SRCC of held-out clips</title>
${panels.join('\n')}
<text x="${WIDTH - PAD}" y="${3 * HEIGHT - 12}" text-anchor="end">step ${steps}</text>
</svg>
`;
}

export function summary(lines: readonly Line[], window: number): string {
  const names = [
    'reward',
    'perturbed/reward',
    'temporal/preferred',
    'temporal/margin',
    'rewards/rank/mean',
    'rewards/regression/mean',
    'kl',
  ];
  return names
    .flatMap((name) => {
      const gain = gainOf(pointsOf(lines, name), window);
      if (gain === null) return [];
      const [first, last, low, high] = [gain.first, gain.last, gain.low, gain.high].map((v) => v.toFixed(3));
      return [`${name}: ${first} → ${last}, difference 95 % [${low}, ${high}]`];
    })
    .concat(
      pointsOf(lines, 'eval/srcc').map(
        ([step, value]) => `held-out SRCC at step ${step}: ${value.toFixed(3)}`,
      ),
    )
    .join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      metrics: { type: 'string' },
      svg: { type: 'string' },
      window: { type: 'string', default: '20' },
    },
  });
  const text = readFileSync(join(positionals[0] ?? '.', 'metrics.jsonl'), 'utf8');
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  if (values.metrics) writeFileSync(values.metrics, metricLines(lines));
  if (values.svg) writeFileSync(values.svg, curves(lines));
  process.stdout.write(`${summary(lines, Number(values.window))}\n`);
}
