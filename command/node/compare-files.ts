/** Two videos: PSNR and SSIM of each pair of frames, and both scores with the interval of their difference. */
import { type MetricSummary, psnr, summariseMetrics } from '../../core/stats/full-reference.ts';
import { type Preference, preference } from '../../core/stats/preference.ts';
import { assessFile } from '../../src/assessment/run/assess-file.ts';
import { DecodedFrames } from '../../src/assessment/run/decoded-frames.ts';
import { meanScore, resultAnswer } from '../../src/assessment/run/result-file.ts';
import type { ComparedLuma } from '../../workers/full-reference/api.ts';
import { fullReference } from '../../workers/full-reference/measure.ts';
import type { VideoFacts } from '../../workers/media/api.ts';
import { fileOf } from './media.ts';
import type { Session } from './score-file.ts';

export interface Compared {
  readonly a: SideResult;
  readonly b: SideResult;
  /** Null where a side has no readable score. */
  readonly preference: Preference | null;
  readonly full_reference: FullReference;
}

export interface FullReference {
  readonly luma: ComparedLuma;
  /** Infinite PSNR is null in JSON; `identical` counts such pairs. */
  readonly summary: MetricSummary;
  /** Frames of A and B, PSNR in dB and SSIM, pair by pair. */
  readonly frames: readonly (readonly [number, number, number | null, number | null])[];
}

export interface SideResult {
  readonly path: string;
  readonly score: number | null;
  readonly scores: readonly (number | null)[];
  readonly text: string;
}

/**
 * The frame of B that is shown with each frame of A: the last one whose time is not later, by half a frame of tolerance.
 *
 * @param a, b presentation times in seconds, ascending; A has the lower frame rate, or the same
 */
export function pairsByTime(a: ArrayLike<number>, b: ArrayLike<number>): { a: Int32Array; b: Int32Array } {
  const [pairsA, pairsB]: [number[], number[]] = [[], []];
  const step = b.length > 1 ? (b[b.length - 1]! - b[0]!) / (b.length - 1) : 0;
  const end = b.length > 0 ? b[b.length - 1]! + step : 0;
  let k = 0;
  for (let i = 0; i < a.length && a[i]! < end - step / 2; i++) {
    while (k + 1 < b.length && b[k + 1]! <= a[i]! + step / 2) k++;
    pairsA.push(i);
    pairsB.push(k);
  }
  return { a: Int32Array.from(pairsA), b: Int32Array.from(pairsB) };
}

export interface Side {
  readonly file: File;
  readonly facts: VideoFacts;
  /** Presentation time of every frame in seconds. */
  readonly times: ArrayLike<number>;
  readonly result: SideResult;
}

/**
 * Assesses a video, with several answers where asked for.
 *
 * @throws CodedError `media/*`, `model/*`, `run/*`; Error of the file system; AbortError
 */
export async function assessSide(
  path: string,
  answers: number,
  { media, model }: Session,
  signal: AbortSignal,
): Promise<Side> {
  const file = await fileOf(path);
  const run = await assessFile({
    file,
    video: null,
    media,
    client: model.client,
    model: Promise.resolve(model.facts),
    frames: new DecodedFrames(),
    answers: { of: answers, finished: 0 },
    thumbnails: () => [],
    signal,
    onEvent: () => {},
  });
  media.close(run.video.id);
  const results = run.answers.map(({ raw, reading }) => resultAnswer(raw, reading));
  const scores = results.map(({ score }) => score);
  const result: SideResult = { path, score: meanScore(results), scores, text: results[0]?.text ?? '' };
  return { file, facts: run.video.facts, times: run.video.times, result };
}

/**
 * PSNR and SSIM of the frames that two videos show at the same times.
 *
 * @throws CodedError `media/*`, `compare/aspect`
 */
export async function fullReferenceOf(
  a: Pick<Side, 'file' | 'times'>,
  b: Pick<Side, 'file' | 'times'>,
): Promise<FullReference> {
  const pairs =
    a.times.length <= b.times.length ? pairsByTime(a.times, b.times) : swapped(pairsByTime(b.times, a.times));
  let luma: ComparedLuma | undefined;
  const mse = new Float64Array(pairs.a.length);
  const ssim = new Float64Array(pairs.a.length);
  await fullReference.measure(
    { a: a.file, b: b.file, framesA: pairs.a, framesB: pairs.b },
    (plan) => {
      luma = plan;
    },
    (batch) => {
      mse.set(batch.mse, batch.from);
      ssim.set(batch.ssim, batch.from);
    },
  );
  const { peak } = luma!;
  const number = (value: number) => (Number.isFinite(value) ? value : null);
  return {
    luma: luma!,
    summary: summariseMetrics(mse, ssim, peak),
    frames: Array.from(pairs.a, (frame, k) => [
      frame,
      pairs.b[k]!,
      number(psnr(mse[k]!, peak)),
      number(ssim[k]!),
    ]),
  };
}

/**
 * @param answers to each video; the interval of the difference needs at least two
 * @throws CodedError `media/*`, `model/*`, `run/*`, `compare/aspect`; Error of the file system; AbortError
 */
export async function compareFiles(
  [pathA, pathB]: readonly [string, string],
  answers: number,
  session: Session,
  signal: AbortSignal,
): Promise<Compared> {
  const a = await assessSide(pathA, answers, session, signal);
  const b = await assessSide(pathB, answers, session, signal);
  return {
    a: a.result,
    b: b.result,
    preference: preference(a.result.scores, b.result.scores),
    full_reference: await fullReferenceOf(a, b),
  };
}

const swapped = ({ a, b }: ReturnType<typeof pairsByTime>) => ({ a: b, b: a });
