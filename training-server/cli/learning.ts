/**
 * Does it learn? `npm run train:seeds -- [--seeds 1,2,3] [--at-once 2] [--recipe recipes/tiny-cpu.json]
 * [--svg FILE]` runs a recipe with several seeds and prints the gains in reward and held-out SRCC with the 95 % interval
 * over seeds.
 */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { meanInterval } from '../../core/stats/interval.ts';
import { mean } from '../../core/stats/moments.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type { MetricRecord } from '../../core/training/run.ts';
import { recipeFromFile } from '../recipes/recipe-files.ts';
import { RunManager } from '../runs/manager.ts';
import { cache, project } from './real-engine.ts';
import { stateLine, stepLine } from './terminal.ts';

/** Steps at the start and at the end over which the reward is averaged. */
const WINDOW = 10;

/** Gain of the run of one seed. */
export interface Gain {
  readonly seed: number;
  /** Means over the first and the last steps. */
  readonly reward: readonly [first: number, last: number];
  /** Held out, before the first and after the last step; null without held-out videos. */
  readonly srcc: readonly [before: number, after: number] | null;
  readonly seconds: number;
  readonly records: readonly MetricRecord[];
}

/**
 * One run to its end.
 *
 * @param window steps at the start and at the end over which the reward is averaged
 * @throws Error when it does not reach its end
 */
export async function learn(recipe: Recipe, window: number, onLine: (line: string) => void): Promise<Gain> {
  const runs = await mkdtemp(join(tmpdir(), 'learning-'));
  const manager = await RunManager.open({ runs, roots: [project], cache });
  try {
    const { id } = await manager.start(recipe);
    manager.subscribe(id, ({ event }) => {
      if (event.type === 'metrics') onLine(stepLine(event.record, manager.get(id).steps));
    });
    const run = await new Promise<ReturnType<typeof manager.get>>((resolve) => {
      manager.onChange((changed) => {
        if (!['queued', 'starting', 'running'].includes(changed.state)) resolve(changed);
      });
    });
    if (run.state !== 'finished') throw new Error(stateLine(run));
    const records = await manager.metrics(id);
    const values = (name: string) => records.flatMap((record) => record.values[name] ?? []);
    const rewards = values('reward');
    const srcc = values('eval/srcc');
    return {
      seed: recipe.seed,
      reward: [mean(rewards.slice(0, window)), mean(rewards.slice(-window))],
      srcc: srcc.length < 2 ? null : [srcc[0]!, srcc.at(-1)!],
      seconds: run.seconds,
      records,
    };
  } finally {
    await manager.close();
    await rm(runs, { recursive: true, force: true });
  }
}

/**
 * One run for each seed, `atOnce` at a time, since a run of one thread leaves the other cores idle.
 *
 * @returns in the order of the seeds
 */
export async function learnAll(
  recipe: Recipe,
  seeds: readonly number[],
  atOnce: number,
  onLine: (line: string, seed: number) => void,
): Promise<Gain[]> {
  const gains: Gain[] = [];
  const indices = seeds.keys();
  async function one(): Promise<void> {
    for (const index of indices) {
      const seed = seeds[index]!;
      gains[index] = await learn({ ...recipe, seed }, WINDOW, (line) => onLine(line, seed));
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one));
  return gains;
}

/** Gain and its 95 % interval over seeds (Student's t). */
export function gainOver(pairs: readonly (readonly [number, number])[]) {
  return meanInterval(pairs.map(([before, after]) => after - before));
}

const two = (value: number | null) => (value === null ? '–' : value.toFixed(3));

export function summary(gains: readonly Gain[]): string {
  const rows = gains.map(
    ({ seed, reward, srcc, seconds }) =>
      `seed ${seed}  reward ${two(reward[0])} → ${two(reward[1])}  ` +
      `SRCC ${srcc ? `${two(srcc[0])} → ${two(srcc[1])}` : '–'}  ${Math.round(seconds)} s`,
  );
  const line = (name: string, pairs: readonly (readonly [number, number])[]) => {
    const interval = gainOver(pairs);
    return `${name} gains ${two(interval?.mean ?? null)} [${two(interval?.low ?? null)}, ${two(interval?.high ?? null)}]`;
  };
  return [
    ...rows,
    line(
      'reward',
      gains.map(({ reward }) => reward),
    ),
    line(
      'held-out SRCC',
      gains.flatMap(({ srcc }) => (srcc ? [srcc] : [])),
    ),
  ].join('\n');
}

/** SVG with the reward of every step and the held-out SRCC of every evaluation: one line a seed. */
export function curves(gains: readonly Gain[]): string {
  const [width, height, pad] = [640, 220, 40];
  const steps = Math.max(...gains.flatMap(({ records }) => records.map(({ step }) => step)));
  const panel = (name: string, title: string, top: number) => {
    const series = gains.map(({ records }) =>
      records.flatMap(({ step, values }) => (values[name] == null ? [] : [[step, values[name]] as const])),
    );
    const all = series.flat().map(([, value]) => value);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const x = (step: number) => pad + (step / steps) * (width - 2 * pad);
    const y = (value: number) =>
      top + height - pad - ((value - low) / (high - low || 1)) * (height - 2 * pad);
    const lines = series.map(
      (points, i) =>
        `<polyline points="${points.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(' ')}" ` +
        `fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="${['none', '6 3', '2 3'][i % 3]}"/>`,
    );
    const label = (value: number) =>
      `<text x="${pad - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value.toFixed(2)}</text>`;
    return [
      `<text x="${pad}" y="${top + 18}">${title}</text>`,
      label(low),
      label(high),
      ...lines,
      `<text x="${width - pad}" y="${top + height - 12}" text-anchor="end">step ${steps}</text>`,
    ].join('\n');
  };
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${2 * height}" font-family="system-ui" font-size="12" color="#333" fill="#333">
<title>Mean reward and held-out SRCC by step, one line a seed</title>
${panel('reward', 'Mean reward of a step', 0)}
${panel('eval/srcc', 'SRCC of held-out clips', height)}
</svg>
`;
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1,2,3' },
      recipe: { type: 'string', default: join(project, 'recipes', 'tiny-cpu.json') },
      svg: { type: 'string' },
      'at-once': { type: 'string', default: '2' },
    },
  });
  const recipe = await recipeFromFile(values.recipe);
  const seeds = values.seeds.split(',').map(Number);
  const started = performance.now();
  const gains = await learnAll(recipe, seeds, Number(values['at-once']), (line, seed) => {
    process.stdout.write(`seed ${seed}  ${line.trimStart()}\n`);
  });
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(`${summary(gains)}\n${seconds} s, ${values['at-once']} seeds at a time\n`);
  if (values.svg) writeFileSync(values.svg, curves(gains));
}
