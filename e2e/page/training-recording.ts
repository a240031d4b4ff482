/**
 * A training run as it would have been recorded, drawn from a seed: the same numbers and answers on every machine. It
 * trains nothing and is nothing but material for tests of the page.
 */
import { groupAdvantage } from '../../core/rewards/advantage.ts';
import { RULES } from '../../core/rewards/reward-rules.ts';
import {
  type Checkpoint,
  type CompletionRecord,
  type GroupRecord,
  type LogLine,
  type MetricRecord,
  queuedRun,
  type Run,
} from '../../core/training/run.ts';

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const START = Date.parse('2026-11-21T06:40:00Z') / 1000;
const STEP_SECONDS = 3.1;
const EVALUATE_EVERY = 50;
const round = (value: number, digits = 5): number => Number(value.toFixed(digits));

export interface Shape {
  readonly seed: number;
  /** Reward at the start and where it levels off. */
  readonly from: number;
  readonly to: number;
  readonly kl: number;
  readonly srcc: number;
}

export function metricsOf(shape: Shape, steps: number, objective: 'grpo' | 'sft' = 'grpo'): MetricRecord[] {
  const draw = generator(shape.seed);
  const noise = () => draw() + draw() + draw() - 1.5;
  return Array.from({ length: steps }, (_, i): MetricRecord => {
    const step = i + 1;
    const grown = 1 - Math.exp(-step / 140);
    const rollout = 1.62 + 0.25 * Math.exp(-step / 120) + 0.03 * noise();
    const update = 1.19 + 0.02 * noise();
    const driver = 0.02 + 0.004 * draw();
    const evaluated = step % EVALUATE_EVERY === 0 || step === 1;
    const base: Record<string, number | null> = {
      loss: round(objective === 'sft' ? 2.1 * Math.exp(-step / 90) + 0.42 + 0.05 * noise() : 0.002 * noise()),
      grad_norm: round(0.6 + 0.25 * Math.exp(-step / 60) + 0.08 * noise()),
      learning_rate: round(2e-5 * Math.min(1, step / 20) * (1 - step / 1200), 9),
      'seconds/update': round(update),
      'seconds/driver': round(driver),
      ...(evaluated && {
        'eval/srcc': round(shape.srcc - 0.1 * (1 - grown) + 0.003 * noise(), 4),
        'eval/plcc': round(shape.srcc + 0.007 - 0.09 * (1 - grown) + 0.003 * noise(), 4),
        'eval/parse_rate': round(0.93 + 0.07 * grown, 4),
        'seconds/evaluate': round(14 + noise()),
      }),
    };
    const reward = shape.from + (shape.to - shape.from) * grown;
    const grpo: Record<string, number | null> = {
      reward: round(reward + 0.16 * noise()),
      'perturbed/reward': round(reward * 0.76 + 0.2 + 0.15 * noise()),
      reward_std: round(0.22 - 0.1 * grown + 0.02 * noise()),
      'rewards/format/mean': round(Math.min(1, 0.72 + 0.28 * (1 - Math.exp(-step / 28)))),
      'rewards/rank/mean': round(0.7 + 0.22 * grown + 0.004 * noise()),
      'rewards/regression/mean': round(0.36 + 0.37 * grown + 0.005 * noise()),
      'temporal/bonus': round(Math.max(0, 0.08 + 0.36 * grown + 0.008 * noise())),
      frac_reward_zero_std: round(0.03 + 0.02 * draw(), 4),
      unreadable: round(0.1 * Math.exp(-step / 30), 4),
      kl: round(Math.max(0, shape.kl * grown + 0.006 * noise() * grown)),
      entropy: round(1.1 - 0.32 * grown + 0.03 * noise()),
      'clip_ratio/region_mean': round(0.004 + 0.002 * draw(), 5),
      'completions/mean_length': round(98 + 34 * grown + 5 * noise(), 2),
      'completions/max_length': round(180 + 40 * grown + 14 * noise(), 0),
      'completions/clipped_ratio': round(0.02 * Math.exp(-step / 80), 4),
      'seconds/rollout': round(rollout),
      num_tokens: Math.round(step * 25_000),
    };
    return {
      step,
      stage: 0,
      time: START + step * STEP_SECONDS,
      values: objective === 'grpo' ? { ...base, ...grpo } : base,
    };
  });
}

const OPENINGS = ['The frames are', 'The picture is', 'The clip looks', 'Most of the scene is'];
const FINDS = [
  'slightly soft, with motion blur on the passing car',
  'clear, but there is slight blocking in the dark parts',
  'sharp and stable, without flicker',
  'clean, with faint banding in the sky',
  'noisy in the shadows, and the colours look natural',
];
const ENDS = ['so I would rate it near', 'which puts it around', 'and that is close to', 'so around'];

/** Answers to one video of one step, with rewards that add up and advantages by the project's own rule. */
function completionsOfVideo(
  draw: () => number,
  mos: number,
  k: number,
  perturbed: boolean,
): CompletionRecord[] {
  const pick = <T>(list: readonly T[]) => list[Math.floor(draw() * list.length)]!;
  const drawn = Array.from({ length: k }, (_, nth): CompletionRecord => {
    const unreadable = !perturbed && nth === k - 1 && draw() < 0.12;
    const score = round(Math.min(5, Math.max(1, mos + (draw() - 0.5) * 0.7 - (perturbed ? 0.4 : 0))), 2);
    const reasons = `${pick(OPENINGS)} ${pick(FINDS)}. In the second half it is ${pick(FINDS)}. Frame 6 shows edges on the cyclist that are well preserved, and there is no shaking. Taken together the flaws are visible only if one looks for them, ${pick(ENDS)} ${score.toFixed(1)}.`;
    const regression = round(0.8 * Math.exp(-((score - mos) ** 2) / 0.5) + 0.2 * draw() * 0.1, 3);
    const rank = round(0.9 + 0.08 * draw(), 3);
    const bonus = perturbed || unreadable ? 0 : 0.3;
    return {
      text: `<think>${reasons}</think>\n<answer>${unreadable ? 'about four' : score.toFixed(2)}</answer>`,
      tokens: 110 + Math.floor(draw() * 40),
      score: unreadable ? null : score,
      format: 1,
      rank: unreadable ? null : rank,
      regression: unreadable ? null : regression,
      temporalRank: bonus,
      temporalRegression: regression > 0.7 ? bonus : 0,
      reward: perturbed
        ? null
        : unreadable
          ? 1
          : round(1 + rank + regression + bonus + (regression > 0.7 ? bonus : 0), 3),
      advantage: null,
    };
  });
  if (perturbed) return drawn;
  const { values } = groupAdvantage(
    drawn.map(({ reward }) => reward ?? 0),
    RULES.ours.advantage,
  );
  return drawn.map((answer, i) => ({ ...answer, advantage: round(values[i]!, 4) }));
}

export function completionsOf(step: number, videos = 32, k = 4): GroupRecord[] {
  const draw = generator(step * 7919);
  const indices = Array.from({ length: 12 }, (_, i) => Math.floor(((i + 0.5) * 250) / 12));
  return Array.from({ length: videos }, (_, n): GroupRecord => {
    const mos = round(1.4 + 3.2 * draw(), 2);
    const shuffled = indices.map((index, i) => ({ index, key: generator(step + n * 31 + i)() }));
    return {
      step,
      stage: 0,
      video: `clips/${['bikes', 'harbour', 'market', 'bridge'][n % 4]}-${String(n).padStart(3, '0')}.mp4`,
      mos,
      frames: 250,
      indices,
      perturbation: {
        mode: 'shuffle',
        indices: shuffled.sort((a, b) => a.key - b.key).map(({ index }) => index),
      },
      completions: completionsOfVideo(draw, mos, k, false),
      perturbedCompletions: completionsOfVideo(draw, mos, k, true),
    };
  });
}

export function logOf(steps: number): LogLine[] {
  const lines: LogLine[] = [
    { time: START - 9, source: 'driver', level: 'info', text: 'recipe small-grpo resolved' },
    { time: START - 8, source: 'engine', level: 'info', text: 'torch 2.13.0, 1 process, cuda' },
    {
      time: START - 2,
      source: 'engine',
      level: 'info',
      text: 'loaded 4,812,034 parameters, 2,207,488 train',
    },
  ];
  for (let step = 50; step <= steps; step += 50) {
    const time = START + step * STEP_SECONDS;
    lines.push({ time, source: 'driver', level: 'info', text: `checkpoint step-${step} written` });
    if (step % 150 === 0)
      lines.push({
        time: time + 0.4,
        source: 'engine',
        level: 'warning',
        text: 'clips/harbour-117.mp4 could not be read (moov atom not found); it is left out',
      });
  }
  return lines;
}

const recipeSha256 = '3f9a51c27be04d10a6c5f4d97c9e8b21f0d8e3a6b7c4d5e6f708192a3b4c5d6e';
const stage = { index: 0, name: 'grpo', objective: 'grpo' } as const;

export const OPEN_RUN = '20261121-0640-small-grpo-3f9a';

export interface RecordedRun {
  readonly run: Run;
  readonly metrics: MetricRecord[];
  readonly log: LogLine[];
}

/** The runs of a server that has worked for a while; the first one goes on. */
export function recordedRuns(): RecordedRun[] {
  const of = (
    run: Partial<Run> & Pick<Run, 'id' | 'recipe' | 'state'>,
    metrics: MetricRecord[],
  ): RecordedRun => {
    const latest: Run['latest'] = {};
    for (const record of metrics) Object.assign(latest, record.values);
    const step = metrics.at(-1)?.step ?? 0;
    return {
      run: {
        ...queuedRun({ ...run, recipeSha256, createdAt: '2026-11-21T06:39:40.000Z' }),
        updatedAt: '2026-11-21T07:02:00.000Z',
        step,
        latest,
        seconds: Math.round(step * STEP_SECONDS),
        ...run,
      },
      metrics,
      log: logOf(step),
    };
  };
  return [
    of(
      {
        id: OPEN_RUN,
        recipe: 'small-grpo',
        state: 'running',
        stage,
        steps: 1200,
        savedStep: 400,
        bestStep: 400,
      },
      metricsOf({ seed: 5, from: 1.78, to: 3.2, kl: 0.06, srcc: 0.884 }, 412),
    ),
    of(
      { id: '20261121-0655-ablation-no-temporal-81c2', recipe: 'ablation-no-temporal', state: 'queued' },
      [],
    ),
    of(
      {
        id: '20261121-0610-tiny-cpu-77aa',
        recipe: 'tiny-cpu',
        state: 'stopped',
        stage,
        steps: 200,
        savedStep: 88,
      },
      metricsOf({ seed: 11, from: 1.5, to: 2.4, kl: 0.03, srcc: 0.7 }, 88),
    ),
    of(
      {
        id: '20261121-0510-small-sft-02bd',
        recipe: 'small-sft',
        state: 'finished',
        stage: { index: 0, name: 'sft', objective: 'sft' },
        steps: 400,
        savedStep: 400,
        bestStep: 350,
      },
      metricsOf({ seed: 21, from: 1.5, to: 2.4, kl: 0, srcc: 0.79 }, 400, 'sft'),
    ),
    of(
      {
        id: '20261120-2210-ablation-rank-only-9e01',
        recipe: 'ablation-rank-only',
        state: 'finished',
        stage,
        steps: 300,
        savedStep: 300,
        bestStep: 300,
      },
      metricsOf({ seed: 31, from: 1.3, to: 2.2, kl: 0.05, srcc: 0.742 }, 300),
    ),
    of(
      {
        id: '20261120-2105-small-grpo-4410',
        recipe: 'small-grpo',
        state: 'guarded',
        stage,
        steps: 1200,
        savedStep: 200,
        bestStep: 150,
        reason: {
          code: 'train/guard',
          params: { kl: 0.5, step: 230, resume: 200 },
          message: 'KL passed 0.5 at step 230',
        },
      },
      metricsOf({ seed: 41, from: 1.7, to: 2.6, kl: 0.62, srcc: 0.6 }, 230),
    ),
    of(
      {
        id: '20261120-1940-vqathinker-8b-c0de',
        recipe: 'vqathinker-8b',
        state: 'failed',
        stage,
        steps: 2000,
        savedStep: 10,
        bestStep: null,
        reason: {
          code: 'train/engine',
          params: { step: 12, problem: 'CUDA out of memory', resume: 10 },
          message: 'torch.OutOfMemoryError: CUDA out of memory.',
        },
      },
      metricsOf({ seed: 51, from: 2.2, to: 2.6, kl: 0.01, srcc: 0.8 }, 12),
    ),
  ];
}

export function checkpointsOf(runs: readonly RecordedRun[]): Checkpoint[] {
  return runs.flatMap(({ run, metrics }) => {
    const steps = [200, 250, 300, 350, 400, 88].filter((step) => step <= (run.savedStep ?? -1));
    return steps.slice(-4).map((step): Checkpoint => {
      const values = metrics.findLast(
        (record) => record.step <= step && 'eval/srcc' in record.values,
      )?.values;
      return {
        id: `${run.id}:${step}`,
        run: run.id,
        step,
        best: step === run.bestStep,
        last: step === run.savedStep,
        createdAt: new Date((START + step * STEP_SECONDS) * 1000).toISOString(),
        bytes: 38_412_288,
        metrics: values
          ? {
              'eval/srcc': values['eval/srcc'] ?? null,
              'eval/plcc': values['eval/plcc'] ?? null,
              'eval/parse_rate': values['eval/parse_rate'] ?? null,
            }
          : {},
        package: null,
      };
    });
  });
}
