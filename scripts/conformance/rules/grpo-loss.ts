/** `grpo_loss.json`: TRL's loss and the released trainer's, with gradients. */
import {
  grpoLoss,
  type LossBatch,
  type LossSettings,
  type LossType,
  lossMetrics,
  lossTypes,
} from '../../../core/rewards/grpo.ts';
import { type ConformanceReport, goldenNumbers, type Tally, tally, type Written } from './report.ts';

type Lists = readonly (readonly number[])[];
type MaybeNumber = number | string | null;

interface GoldenLoss {
  readonly per_token_loss: Written;
  readonly per_token_kl: Written | null;
  readonly loss: Readonly<Record<string, MaybeNumber>>;
  readonly grad?: Readonly<Record<string, Written>>;
  readonly kl_mean: MaybeNumber;
  readonly clip: Readonly<Record<string, number>>;
}

interface GoldenOfficial {
  readonly loss: MaybeNumber;
  readonly grad: Written;
  readonly kl: MaybeNumber;
  readonly clip_ratio: MaybeNumber;
}

export interface GrpoLossFile {
  readonly cases: readonly {
    readonly id: string;
    readonly policy: Lists;
    readonly old: Lists | null;
    readonly ref: Lists | null;
    readonly mask: Lists;
    readonly advantages: readonly number[];
    readonly trl: readonly {
      readonly settings: {
        readonly beta: number;
        readonly eps_low: number;
        readonly eps_high: number;
        readonly delta: number | null;
        readonly bias_correction_kl: boolean;
        readonly importance_sampling_level: string;
        readonly ga: number;
        readonly spg: number;
        readonly num_processes: number;
        readonly num_items_in_batch: number;
        readonly max_completion_length: number;
      };
      readonly f64: GoldenLoss;
      readonly f32?: GoldenLoss;
    }[];
    readonly official?: {
      readonly beta: number;
      readonly clip: number;
      readonly f64: GoldenOfficial;
      readonly f32?: GoldenOfficial;
    };
  }[];
}

/** f32: 1e-5 relative + 1e-6 absolute; scaled by max(1, value) the sum of both is 1.1e-5 at most. */
const limits = { f64: 1e-12, f32: 1.1e-5 };
const METRIC_LIMIT = 1e-6;

const isLossType = (name: string): name is LossType => (lossTypes as readonly string[]).includes(name);
const isLevel = (name: string): name is LossSettings['importance'] => name === 'token' || name === 'sequence';

/** A sequence ratio gives one loss a row where the file has no KL in it: compared with the first of each row. */
function sameShape(actual: Lists, golden: Written): Lists {
  const narrow = golden.every((row) => Array.isArray(row) && row.length === 1);
  return narrow ? actual.map((row) => row.slice(0, 1)) : actual;
}

function compareMaybe(
  t: Tally,
  label: string,
  actual: number | null,
  golden: MaybeNumber,
  limit: number,
): void {
  if (actual === null || golden === null || golden === undefined) t.equal(label, actual, golden);
  else t.near(label, actual, Number(golden), limit);
}

type Trl = GrpoLossFile['cases'][number]['trl'][number];

function compareTrl(t: Tally, label: string, batch: LossBatch, { settings: s, ...golden }: Trl): void {
  if (!isLevel(s.importance_sampling_level)) {
    t.fail(label, `unknown importance_sampling_level "${s.importance_sampling_level}"`);
    return;
  }
  const settings: LossSettings = {
    beta: s.beta,
    epsilonLow: s.eps_low,
    epsilonHigh: s.eps_high,
    delta: s.delta,
    biasCorrectedKl: s.bias_correction_kl,
    importance: s.importance_sampling_level,
  };
  const normalisation = {
    gradientAccumulation: s.ga,
    stepsPerGeneration: s.spg,
    processes: s.num_processes,
    itemsInBatch: s.num_items_in_batch,
    maxCompletionLength: s.max_completion_length,
    emptySequence: 'one' as const,
  };
  const metrics = lossMetrics(batch, settings);
  for (const dtype of ['f64', 'f32'] as const) {
    const want = golden[dtype];
    if (want === undefined) continue;
    const limit = limits[dtype];
    const id = `${label} ${dtype}`;
    for (const [type, value] of Object.entries(want.loss)) {
      if (!isLossType(type)) {
        t.fail(id, `unknown loss type "${type}"`);
        continue;
      }
      const got = grpoLoss(batch, settings, type, normalisation);
      t.near(`${id} ${type} loss`, got.value, Number(value), limit);
      const gradient = want.grad?.[type];
      if (gradient !== undefined)
        t.nearAll(`${id} ${type} gradient`, got.gradient, goldenNumbers(gradient), limit);
      else if (dtype === 'f64') t.fail(id, `no gradient of ${type}`);
      t.nearAll(
        `${id} token loss`,
        sameShape(got.loss, want.per_token_loss),
        goldenNumbers(want.per_token_loss),
        limit,
      );
      if (want.per_token_kl !== null && want.per_token_kl !== undefined)
        t.nearAll(`${id} token kl`, got.kl, goldenNumbers(want.per_token_kl), limit);
      else if (s.beta !== 0) t.fail(id, 'no per_token_kl');
    }
    compareMaybe(t, `${id} kl`, metrics.kl, want.kl_mean, limit);
    const clip: Record<string, number> = {
      low_mean: metrics.clipLow,
      high_mean: metrics.clipHigh,
      region_mean: metrics.clipRegion,
      low_min: metrics.clipLowMin,
      high_max: metrics.clipHighMax,
    };
    for (const [name, value] of Object.entries(want.clip)) {
      const got = clip[name];
      if (got === undefined) t.fail(id, `unknown clip metric "${name}"`);
      else t.near(`${id} clip ${name}`, got, value, METRIC_LIMIT);
    }
  }
}

type Official = NonNullable<GrpoLossFile['cases'][number]['official']>;

/** The released trainer: plain k3, no division by the accumulation, 0/0 for a sequence without tokens. */
function compareOfficial(t: Tally, label: string, batch: LossBatch, golden: Official): void {
  const settings: LossSettings = {
    beta: golden.beta,
    epsilonLow: golden.clip,
    epsilonHigh: golden.clip,
    delta: null,
    biasCorrectedKl: false,
    importance: 'token',
  };
  const got = grpoLoss(batch, settings, 'grpo', {
    gradientAccumulation: 1,
    stepsPerGeneration: 1,
    processes: 1,
    itemsInBatch: 1,
    maxCompletionLength: 1,
    emptySequence: 'zero',
  });
  const masked = (b: number, of: (t: number) => number) =>
    batch.mask[b]!.reduce((total, one, token) => total + (one === 0 ? 0 : of(token)), 0);
  const tokens = batch.mask.map((_, b) => masked(b, () => 1));
  const rows = tokens.map((count, b) => masked(b, (token) => got.kl[b]![token]!) / count);
  const kl = golden.beta === 0 ? null : rows.reduce((total, row) => total + row, 0) / rows.length;
  // Its clip_ratio counts ratio·A < clipped·A: the side on which the clip does not bind.
  const free = tokens.map((_, b) =>
    masked(b, (token) => {
      const { ratio, clippedRatio } = got.surrogate[b]![token]!;
      return ratio * batch.advantages[b]! < clippedRatio * batch.advantages[b]! ? 1 : 0;
    }),
  );
  const clipRatio =
    free.reduce((total, row) => total + row, 0) / tokens.reduce((total, row) => total + row, 0);
  for (const dtype of ['f64', 'f32'] as const) {
    const want = golden[dtype];
    if (want === undefined) continue;
    const id = `${label} official ${dtype}`;
    t.near(`${id} loss`, got.value, Number(want.loss), limits[dtype]);
    t.nearAll(`${id} gradient`, got.gradient, goldenNumbers(want.grad), limits[dtype]);
    compareMaybe(t, `${id} kl`, kl, want.kl, limits[dtype]);
    compareMaybe(t, `${id} clip_ratio`, clipRatio, want.clip_ratio, METRIC_LIMIT);
  }
}

export function checkGrpoLoss(file: GrpoLossFile): ConformanceReport {
  const t = tally('grpo_loss', limits.f64);
  for (const c of file.cases) {
    const batch: LossBatch = {
      policy: c.policy,
      old: c.old,
      ref: c.ref,
      mask: c.mask,
      advantages: c.advantages,
    };
    t.count();
    for (const golden of c.trl) {
      const correction = golden.settings.bias_correction_kl ? 'corrected' : 'plain';
      compareTrl(t, `${c.id} ${correction}`, batch, golden);
    }
    if (c.official) compareOfficial(t, c.id, batch, c.official);
  }
  return t.report();
}
