/**
 * Stalls of a streamed video: lists of them as people give them, and the sequence of frames that a viewer saw, which is
 * what the streaming texts of `core/answer/stall.ts` count. Ours.
 */
import { streamingText } from '../answer/stall.ts';
import { CodedError } from '../errors.ts';
import { keyFrames } from './frames.ts';
import type { Vqa2Manifest } from './manifest.ts';
import { openConversation } from './prompts.ts';
import { sequenceLimit } from './protocols.ts';

/** Playback that stands still at a frame and goes on after it. Times are seconds. */
export interface Stall {
  /** Position in the video. */
  readonly at: number;
  readonly duration: number;
}

export interface StalledVideo {
  readonly frames: number;
  readonly fps: number;
}

/** Frames as a viewer saw them. */
export interface Playback {
  /** Source frame of each shown frame; a stall repeats the frame that it stands on. */
  readonly source: readonly number[];
  /** True for the repeated ones. */
  readonly stalled: readonly boolean[];
  readonly seconds: number;
}

/**
 * Stalls in the order of the video; two on the same frame are one.
 *
 * @throws CodedError `stall/initial` for one before the first frame, for which the training texts have no words,
 *   `stall/outside` {at, duration} past the last frame, `stall/short` {duration, fps} below one frame
 */
export function orderedStalls(stalls: readonly Stall[], { frames, fps }: StalledVideo): Stall[] {
  const byFrame = new Map<number, Stall>();
  for (const { at, duration } of [...stalls].sort((a, b) => a.at - b.at)) {
    if (!(at > 0)) throw new CodedError('stall/initial', {});
    if (Math.floor(at * fps) >= frames) throw new CodedError('stall/outside', { at, duration: frames / fps });
    if (!(Math.round(duration * fps) >= 1)) throw new CodedError('stall/short', { duration, fps });
    const frame = Math.floor(at * fps);
    const before = byFrame.get(frame);
    byFrame.set(frame, { at: before?.at ?? at, duration: duration + (before?.duration ?? 0) });
  }
  return [...byFrame.values()];
}

/** @throws CodedError as `orderedStalls` */
export function stalledPlayback(video: StalledVideo, stalls: readonly Stall[]): Playback {
  const { frames, fps } = video;
  const repeats = new Map(
    orderedStalls(stalls, video).map(({ at, duration }) => [
      Math.floor(at * fps),
      Math.round(duration * fps),
    ]),
  );
  const source: number[] = [];
  const stalled: boolean[] = [];
  for (let frame = 0; frame < frames; frame++) {
    source.push(frame);
    stalled.push(false);
    for (let k = repeats.get(frame) ?? 0; k > 0; k--) {
      source.push(frame);
      stalled.push(true);
    }
  }
  return { source, stalled, seconds: source.length / fps };
}

/** Name of the protocol: the summary text of the second stage's training data, scored where its answer names the level. */
export const stallProtocol = 'stalls-summary';

/** First words of the trained answer. */
const prefix = 'The quality of this video is';

export interface StallPlan {
  /** Source frame of each key frame: one a second of the playback, so that a frame may come twice. */
  readonly keyFrames: readonly number[];
  /** Source frame of each dense frame of the playback. */
  readonly denseFrames: readonly number[];
  readonly text: string;
  readonly playback: Playback;
}

/**
 * Frames and prompt of a video with its stalls.
 *
 * @throws CodedError of `orderedStalls`; `media/rate`, `media/no-frames`; `run/short`, `run/dense`, `run/sequence`
 */
export function stallPlan(
  video: StalledVideo,
  stalls: readonly Stall[],
  { positions, pooled }: Pick<Vqa2Manifest['network'], 'positions' | 'pooled'>,
): StallPlan {
  const keys = (of: number) => keyFrames(of, video.fps);
  keys(video.frames);
  const playback = stalledPlayback(video, stalls);
  const { source, stalled, seconds } = playback;
  // The texts count motion features in eights.
  const dense = source.slice(0, Math.floor(source.length / 8) * 8);
  if (dense.length === 0)
    throw new CodedError('run/short', { frames: source.length, needed: 8, protocol: stallProtocol });
  if (dense.length > positions) throw new CodedError('run/dense', { frames: dense.length, limit: positions });
  const shown = keys(source.length).map((at) => source[at]!);
  const tokens = shown.length * pooled ** 2 + 1 + dense.length;
  if (tokens > sequenceLimit) throw new CodedError('run/sequence', { tokens, limit: sequenceLimit });
  const text = `${openConversation(streamingText(seconds, stalled, 'summary'))}${prefix}`;
  return { keyFrames: shown, denseFrames: dense, text, playback };
}

/** `1:02.5`, `62.5` or `62,5` as seconds; NaN for other text. */
function secondsOf(text: string): number {
  const parts = text.trim().split(':');
  if (parts.length > 3 || !parts.every((part) => /^\d+([.,]\d+)?$/.test(part))) return Number.NaN;
  return parts.reduce((sum, part) => 60 * sum + Number(part.replace(',', '.')), 0);
}

const isHeader = (cells: readonly string[]) => cells.every((cell) => /[a-z]/i.test(cell));

/**
 * Stalls from a list: a line each, its start and its length in seconds, between tab, semicolon, comma or blanks. A first
 * line of names may say `end` for the second column.
 *
 * @throws CodedError `stall/list` {line, value} for a line that holds no two times, or an end before its start
 */
export function readStalls(text: string): Stall[] {
  const stalls: Stall[] = [];
  let ends = false;
  for (const [i, line] of text.split(/\r\n|\r|\n/).entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const separator = [/\t/, /;/, /,/].find((one) => one.test(line)) ?? /\s+/;
    const cells = line
      .trim()
      .split(separator)
      .map((cell) => cell.trim());
    if (stalls.length === 0 && isHeader(cells)) {
      ends = /end|until|to/i.test(cells[1] ?? '');
      continue;
    }
    const [at, second] = [secondsOf(cells[0] ?? ''), secondsOf(cells[1] ?? '')];
    const duration = ends ? second - at : second;
    if (!Number.isFinite(at) || !(duration > 0) || cells.length > 2)
      throw new CodedError('stall/list', { line: i + 1, value: line.trim() });
    stalls.push({ at, duration });
  }
  return stalls;
}

/** Stalls as `readStalls` reads them. */
export const writeStalls = (stalls: readonly Stall[]): string =>
  ['start,duration', ...stalls.map(({ at, duration }) => `${at.toFixed(3)},${duration.toFixed(3)}`)].join(
    '\n',
  );

/** An event of a player: `position` in the video and `clock` of the wall, in seconds. */
export interface PlayerEvent {
  readonly kind: 'waiting' | 'playing' | 'pause' | 'seeking' | 'ended';
  readonly position: number;
  readonly clock: number;
}

/**
 * Stalls of a playback by its events: from `waiting` to the next `playing`. A wait after a jump, or that a pause ends, is
 * no stall; the wait before the first frame is initial buffering and told apart.
 */
export function stallsOfEvents(events: readonly PlayerEvent[]): { stalls: Stall[]; initial: number } {
  const stalls: Stall[] = [];
  let initial = 0;
  let waiting: PlayerEvent | null = null;
  let started = false;
  let jumped = false;
  for (const event of events) {
    if (event.kind === 'seeking') jumped = true;
    if (event.kind === 'waiting') waiting ??= event;
    else if (event.kind === 'playing') {
      const duration = waiting && !jumped ? event.clock - waiting.clock : 0;
      if (waiting && duration > 0) {
        if (started && waiting.position > 0) stalls.push({ at: waiting.position, duration });
        else initial += duration;
      }
      started = true;
      waiting = null;
      jumped = false;
    } else waiting = null;
  }
  return { stalls, initial };
}
