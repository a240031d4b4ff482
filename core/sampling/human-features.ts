/**
 * The features of the head trained on human scores: frames that they read, and pooling of their values
 * (`human-features.json`, which the training reads too).
 *
 * A sample is a frame with its successor and an earlier frame. The earlier one is the successor of the sample before, as
 * in the published tables; the first sample of a video has its predecessor. Blocks of four samples, the last of each the
 * first of the next, give the temporal deviations. A video is read in at most `blocks` of its blocks. Ours.
 */
import table from './human-features.json' with { type: 'json' };

/** Shorter side, in lines, that a larger frame is scaled to. */
export const featureLines: number = table.lines;

/** Names of the columns: `avg_` mean, `std_` deviation within a block, then mean over blocks; `hc_` mean over frames. */
export const featureColumns: readonly string[] = table.columns;

/** Numbers of three frames. */
export interface FeatureSample {
  readonly before: number;
  readonly now: number;
  readonly after: number;
}

export interface FeaturePlan {
  /** Blocks of at most four samples; neighbours may share one. */
  readonly blocks: readonly (readonly FeatureSample[])[];
  /** Frames of the features that are read once a second. */
  readonly sharpness: readonly number[];
}

/** Every sample of a video. */
export function featureSamples(frames: number, fps: number): FeatureSample[] {
  const step = Math.max(Math.floor(Math.round(fps) / table.samplesPerSecond), 1);
  const samples: FeatureSample[] = [];
  for (let now = 1; now <= frames - 3; now += step)
    samples.push({ before: now > 1 ? now - step + 1 : 0, now, after: now + 1 });
  return samples;
}

/** `count` elements in the middle of as many equal parts; all where there are not more. */
function spread<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list;
  return Array.from(
    { length: count },
    (_, k) => list[Math.floor(((2 * k + 1) * list.length) / (2 * count))]!,
  );
}

/**
 * Frames of a video.
 *
 * @param frames number of coded frames
 * @param fps frames a second
 * @param whole every block, as in the published tables
 */
export function featurePlan(frames: number, fps: number, whole = false): FeaturePlan {
  const samples = featureSamples(frames, fps);
  const blocks: FeatureSample[][] = [];
  for (let j = 0; j + table.block <= samples.length; j += table.block - 1)
    blocks.push(samples.slice(j, j + table.block));
  if (!blocks.length) blocks.push(samples);
  const rate = Math.max(Math.round(fps), 1);
  const sharpness: number[] = [];
  for (let i = Math.floor(rate / 2); i <= frames - 3; i += rate) sharpness.push(Math.max(i - 1, 0));
  if (whole) return { blocks, sharpness };
  return { blocks: spread(blocks, table.blocks), sharpness: spread(sharpness, table.sharpnessFrames) };
}

/** The plan with all its frames `from` later: of a run of frames inside a video. */
export function movedPlan({ blocks, sharpness }: FeaturePlan, from: number): FeaturePlan {
  const moved = ({ before, now, after }: FeatureSample) => ({
    before: before + from,
    now: now + from,
    after: after + from,
  });
  return { blocks: blocks.map((block) => block.map(moved)), sharpness: sharpness.map((k) => k + from) };
}

/** Values of the features of one frame by name; NaN where one is undefined. */
export type FeatureValues = Readonly<Record<string, number>>;

const present = (values: readonly number[]) => values.filter((value) => !Number.isNaN(value));

function mean(values: readonly number[]): number {
  const list = present(values);
  return list.reduce((sum, value) => sum + value, 0) / list.length;
}

function deviation(values: readonly number[]): number {
  const list = present(values);
  if (list.length < 2) return Number.NaN;
  const centre = mean(list);
  return Math.sqrt(list.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (list.length - 1));
}

/**
 * Columns as a model reads them, [2, n]: values with 0 in place of a missing one, then 1 for each that is there. A graph gets
 * no NaN, with which some back ends do not calculate as the standard says.
 */
export function presentColumns(columns: readonly number[]): Float32Array<ArrayBuffer> {
  const there = columns.map((value) => !Number.isNaN(value));
  return Float32Array.from([...columns.map((value, i) => (there[i] ? value : 0)), ...there.map(Number)]);
}

/**
 * The columns of a video, in the table's order; NaN where nothing is defined.
 *
 * @param sampleAt features of a sample by the number of its frame
 * @param sharpnessAt features of a sharpness frame by its number
 */
export function pooledFeatures(
  plan: FeaturePlan,
  sampleAt: (frame: number) => FeatureValues,
  sharpnessAt: (frame: number) => FeatureValues,
): number[] {
  return featureColumns.map((column) => {
    const [kind, name] = [column.slice(0, column.indexOf('_')), column.slice(column.indexOf('_') + 1)];
    if (kind === 'hc') return mean(plan.sharpness.map((frame) => sharpnessAt(frame)[column]!));
    const reduce = kind === 'avg' ? mean : deviation;
    return mean(plan.blocks.map((block) => reduce(block.map(({ now }) => sampleAt(now)[name]!))));
  });
}
