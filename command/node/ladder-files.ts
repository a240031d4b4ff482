/** The renditions of a source: rate, score, PSNR and SSIM of each. */
import { CodedError } from '../../core/errors.ts';
import { rateCurve } from '../../core/stats/rate-curve.ts';
import { assessSide, fullReferenceOf, type Side } from './compare-files.ts';
import { errorData, type Unreadable } from './rows.ts';
import type { Session } from './score-file.ts';

export interface Rendition {
  readonly path: string;
  /** Bits a second of the video stream, without sound and container. */
  readonly rate: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly score: number | null;
  /** Gain in score a doubling of the rate since the next lower rate; null for the lowest, and without a score. */
  readonly gain: number | null;
  /** In dB, of the mean squared error over all pairs; null where every pair is identical. */
  readonly psnr: number | null;
  readonly ssim: number | null;
  /** Pairs of frames that were compared with the source. */
  readonly pairs: number;
  readonly text: string;
}

export interface Ladder {
  readonly source: Pick<Rendition, 'path' | 'rate' | 'width' | 'height' | 'fps' | 'score'>;
  /** By ascending rate. */
  readonly renditions: readonly Rendition[];
  /** Renditions that could not be read, or not be compared with the source. */
  readonly unreadable: readonly Unreadable[];
  /** Path of the rendition at which more rate stops to pay; null where none stands out. */
  readonly knee: string | null;
  readonly scale: readonly [number, number];
}

/** @throws CodedError `media/no-frames` for a file whose rate is undefined */
function rateOf({ facts }: Side): number {
  if (!(facts.duration > 0)) throw new CodedError('media/no-frames', {});
  return (8 * facts.videoBytes) / facts.duration;
}

const sizeOf = ({ facts: { width, height, fps } }: Side) => ({ width, height, fps });

async function measureRendition(
  path: string,
  top: Side,
  session: Session,
  signal: AbortSignal,
): Promise<Omit<Rendition, 'gain'>> {
  const side = await assessSide(path, 1, session, signal);
  const { summary } = await fullReferenceOf(top, side);
  const { psnrOfMeanMse: psnr } = summary;
  return {
    path,
    rate: rateOf(side),
    ...sizeOf(side),
    score: side.result.score,
    psnr: psnr !== null && Number.isFinite(psnr) ? psnr : null,
    ssim: summary.meanSsim,
    pairs: summary.pairs,
    text: side.result.text,
  };
}

/**
 * Scores the source and each rendition, and compares each rendition's frames with the source's.
 *
 * @param onDone after each file
 * @throws CodedError `media/*`, `model/*`, `run/*` and Error of the file system, of the source alone; AbortError
 */
export async function ladderOf(
  source: string,
  renditions: readonly string[],
  session: Session,
  { signal, onDone }: { readonly signal: AbortSignal; readonly onDone: () => void },
): Promise<Ladder> {
  const top = await assessSide(source, 1, session, signal);
  onDone();
  const measured: Omit<Rendition, 'gain'>[] = [];
  const unreadable: Unreadable[] = [];
  for (const path of renditions) {
    try {
      measured.push(await measureRendition(path, top, session, signal));
    } catch (error) {
      signal.throwIfAborted();
      unreadable.push({ path, error: errorData(error) });
    }
    onDone();
  }
  const { steps, knee } = rateCurve(measured);
  return {
    source: { path: source, rate: rateOf(top), ...sizeOf(top), score: top.result.score },
    renditions: steps.map(({ index, gain }) => ({ ...measured[index]!, gain })),
    unreadable,
    knee: knee === null ? null : measured[knee]!.path,
    scale: session.model.facts.manifest.scale.range,
  };
}
