/**
 * Contents of the plot as functions of segments and results. The axis is the filmstrip's: frame i lies in
 * [i / L, (i + 1) / L] of the width. Coordinates are fractions of width and height, 0 … 1. The line is broken at
 * segments without a score.
 */

import { bandOf, type Grade, rulerPosition } from '../../../../core/answer/grades.ts';
import type { CodedErrorData } from '../../../../core/errors.ts';
import type { Segment } from '../../../../core/sampling/timeline-segments.ts';
import { errorText } from '../../../../core/text/error-messages.ts';
import { clock } from '../../../../core/text/format.ts';
import type { Lang } from '../../../../core/text/lang.ts';
import type { QualityTimelineState, SegmentResult } from '../../../assessment/timeline/store.ts';
import { secondTicks, tickStep } from '../filmstrip-geometry.ts';
import type { AssessMessages } from '../messages/useAssessMessages.ts';
import type { TimelineMessages } from './messages/en.ts';

export interface Step {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  /** Height from the top; null for a segment without a score, undefined for one that was not assessed. */
  readonly y: number | null | undefined;
  readonly band: Grade | null;
}

export function stepsOf(
  segments: readonly Segment[],
  results: readonly (SegmentResult | null)[],
  L: number,
): Step[] {
  return segments.map(({ from, frames }, at) => {
    const result = results[at];
    const score = result?.score ?? null;
    return {
      at,
      from: from / L,
      to: (from + frames) / L,
      y: result ? (score === null ? null : 1 - rulerPosition(score)) : undefined,
      band: score === null ? null : bandOf(score).grade,
    };
  });
}

const num = (n: number): string => String(Number(n.toFixed(2)));

/** The step line as an SVG path: levels joined where neighbours have scores, broken where one has none. */
export function stepPath(steps: readonly Step[], width: number, height: number): string {
  let path = '';
  let joined = false;
  for (const { from, to, y } of steps) {
    if (typeof y === 'number') {
      const level = num(y * height);
      path += joined ? `V${level}H${num(to * width)}` : `M${num(from * width)} ${level}H${num(to * width)}`;
    }
    joined = typeof y === 'number';
  }
  return path;
}

/** Labels of seconds under the axis, at most `most` of them. */
export function timeLabels(times: ArrayLike<number>, duration: number, most = 8) {
  const step = tickStep(duration, most);
  return secondTicks(times, duration, most).map((position, k) => ({
    position,
    label: clock((k + 1) * step, 0),
  }));
}

/** Segment that holds a frame. */
export function segmentAt(segments: readonly Segment[], frame: number): number {
  return Math.max(
    0,
    segments.findLastIndex(({ from }) => from <= frame),
  );
}

/** `0:20–0:30` */
export function spanOf({ start, end }: Segment, t: TimelineMessages): string {
  const decimals = Number.isInteger(start) && end - start >= 2 ? 0 : 2;
  return t.span(clock(start, decimals), clock(end, decimals));
}

export const scoreText = (score: number): string => score.toFixed(2);

/** Name of the grade nearest to a score. */
export const gradeWord = (score: number, t: AssessMessages): string =>
  t.grades.names[bandOf(score).grade - 1] ?? '';

type Shown = Pick<QualityTimelineState, 'segments' | 'results' | 'progress'>;

/** Text of a segment for the cursor. */
export function readout(
  { segments, results, progress: now }: Shown,
  at: number,
  messages: AssessMessages,
  t: TimelineMessages,
): string {
  const span = spanOf(segments[at] as Segment, t);
  const result = results[at];
  if (!result) return now?.segment === at ? t.readoutNow(at + 1, span) : t.readoutOpen(at + 1, span);
  if (result.score === null) return t.readoutNone(at + 1, span);
  return t.readout(at + 1, span, scoreText(result.score), gradeWord(result.score, messages));
}

/** Reason for a missing score in a sentence; `''` for a segment with a score. */
export function whyNot(result: SegmentResult, t: TimelineMessages, lang: Lang): string {
  if (result.score !== null) return '';
  if (result.error) return errorOf(result.error, lang) || t.why.other;
  const reasons: Readonly<Record<string, string>> = t.why;
  return reasons[result.reason ?? 'other'] ?? t.why.other;
}

export const errorOf = (error: CodedErrorData, lang: Lang): string =>
  errorText(lang, error.code, error.params)?.title ?? '';

/** The plot's result in a sentence. */
export function factsOf({ segments, results }: Shown, t: TimelineMessages): string {
  const all = segments.length;
  const scored = results.flatMap((result, at) =>
    result && result.score !== null ? [{ score: result.score, at }] : [],
  );
  const failed = results.filter((result) => result?.score === null).length;
  if (scored.length === 0) return failed === all ? t.facts.unread(all) : t.facts.none(all);
  const low = scored.reduce((a, b) => (b.score < a.score ? b : a));
  const high = scored.reduce((a, b) => (b.score > a.score ? b : a));
  const from = (at: number) => clock(segments[at]?.start ?? 0, 0);
  const sentence =
    low.score === high.score
      ? t.facts.one(scored.length, all, scoreText(low.score))
      : t.facts.range(
          scored.length,
          all,
          scoreText(low.score),
          from(low.at),
          scoreText(high.score),
          from(high.at),
        );
  return failed > 0 ? `${sentence} ${t.facts.failed(failed)}` : sentence;
}

/** Estimated seconds for the remaining segments; null before a fifth is done. */
export function secondsLeft(results: readonly (SegmentResult | null)[]): number | null {
  const done = results.flatMap((result) => (result && result.seconds > 0 ? [result.seconds] : []));
  const rest = results.filter((result) => result === null).length;
  if (done.length === 0 || done.length / results.length < 0.2) return null;
  const left = (done.reduce((sum, seconds) => sum + seconds, 0) / done.length) * rest;
  return left > 3 ? left : null;
}
