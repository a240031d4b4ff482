/**
 * Frames that VQA² sees: key frames, one a second, for the visual block, and dense frames for the motion block. Held
 * to the official code by golden-vqa2/rules/frames.json: change only with it.
 */
import { CodedError } from '../errors.ts';
import { roundHalfEven } from '../sampling/frame-sampling.ts';

/** Every frame, or every eighth of a multiple of eight; always a multiple of four of them. */
export type DenseRule = 'all' | 'every-8th';

/** Most dense frames: rows of the position embedding. */
export const denseLimit = 2000;

interface Range {
  readonly start: number;
  /** Exclusive. */
  readonly stop: number;
  readonly step: number;
}

function indices({ start, stop, step }: Range): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((stop - start) / step)) }, (_, k) => start + k * step);
}

/** Frames of a second: the average rate to the nearest integer, halves to the even one. */
function framesPerSecond(fps: number): number {
  const rate = Number.isFinite(fps) ? roundHalfEven(fps) : 0;
  if (rate < 1)
    throw new CodedError('media/rate', { rate: String(fps), python: 'ZeroDivisionError' }, 'no whole second');
  return rate;
}

/**
 * Key frames 0, r, 2r, … below L, with r = round(fps).
 *
 * @param fps average rate of the stream
 * @param wholeSecond the scoring scripts fail on a clip shorter than one second; the others take its first frame
 * @throws CodedError `media/rate` for a rate of half a frame a second or less (`python`: what the official code
 *   raises), `media/no-frames` for a clip without a frame, or shorter than the second that is asked for
 */
export function keyFrames(L: number, fps: number, wholeSecond = false): number[] {
  const step = framesPerSecond(fps);
  if (L < 1 || (wholeSecond && L < step))
    throw new CodedError('media/no-frames', { python: 'UnboundLocalError' });
  return indices({ start: 0, stop: L, step });
}

/** Dense frames of a clip of L frames; none below 4 frames (32 for every eighth), where the motion block fails. */
export function denseFrames(L: number, rule: DenseRule): number[] {
  const step = rule === 'all' ? 1 : 8;
  const count = Math.floor(Math.floor(L / step) / 4) * 4;
  return indices({ start: 0, stop: count * step, step });
}

/** Dense frames of second i of K as the per-second probe cuts them: the bounds drift, and the tail is left out. */
export function secondFrames(L: number, seconds: number, i: number): number[] {
  const bound = (k: number) => Math.floor((Math.floor(L / seconds) * k) / 4) * 4;
  return indices({ start: bound(i), stop: Math.min(bound(i + 1), Math.floor(L / 4) * 4), step: 1 });
}

/**
 * The stack of the first published training loader: about F frames a second, from which the key frames were then taken
 * by their numbers in the whole clip. A key frame past the stack made training fail, unless F was the native rate.
 */
export function earlierStack(L: number, fps: number, perSecond: number): { stack: number[]; fails: boolean } {
  const keys = keyFrames(L, fps, true);
  const step = roundHalfEven(fps / perSecond);
  if (step < 1) throw new CodedError('media/rate', { rate: String(fps), python: 'ValueError' });
  // Counted anew in each second.
  const second = framesPerSecond(fps);
  const stack = keys.flatMap((start) => indices({ start, stop: Math.min(start + second, L), step }));
  return { stack, fails: keys.at(-1)! >= stack.length };
}

/**
 * Key frames of the Qwen2.5-VL variant: about one a second, an even number of at least 4, spread over the clip by
 * `torch.linspace` in float32.
 *
 * @throws CodedError `media/no-frames` below two frames
 */
export function spreadKeyFrames(L: number, fps: number): number[] {
  const even = (x: number) => Math.floor(x / 2) * 2;
  const wanted = Math.min(Math.max(L / fps, 4), even(Math.min(768, L)));
  const count = even(wanted);
  if (count < 2 || count > L) throw new CodedError('media/no-frames', { python: 'ValueError' });
  const step = Math.fround((L - 1) / (count - 1));
  return Array.from({ length: count }, (_, k) =>
    // torch counts the second half back from the end.
    roundHalfEven(
      k < count / 2 ? Math.fround(step * k) : Math.fround(L - 1 - Math.fround(step * (count - 1 - k))),
    ),
  );
}
