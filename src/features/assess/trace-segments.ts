/** Segments of the trace: plain text, distortions and times in their order. */
import { clauseEnd, phraseEnd } from '../../../core/text/clause.ts';

interface Span {
  /** UTF-16 units into the trace, end exclusive. */
  readonly start: number;
  readonly end: number;
}

export interface DistortionSpan extends Span {
  readonly kind: 'distortion';
  /** Id of the word list, e.g. `motion-blur`. */
  readonly id: string;
  readonly says: 'found' | 'ruled-out';
}

export interface TimeSpan extends Span {
  readonly kind: 'time';
  /** Sampled frames that the phrase means, 0 … N − 1, ascending. */
  readonly frames: readonly number[];
}

export type TraceSpan = DistortionSpan | TimeSpan;

export type Segment =
  | { readonly kind: 'text'; readonly start: number; readonly text: string }
  | (DistortionSpan & { readonly text: string })
  | (TimeSpan & { readonly text: string });

/**
 * The trace cut at its marks. Marks may come in any order; of two that overlap the first one stays, and
 * one that reaches past the end of the text is dropped. The texts of the segments joined are the trace.
 */
export function traceSegments(text: string, spans: readonly TraceSpan[]): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (span.start < at || span.end > text.length || span.end <= span.start) continue;
    if (span.start > at) segments.push({ kind: 'text', start: at, text: text.slice(at, span.start) });
    segments.push({ ...span, text: text.slice(span.start, span.end) });
    at = span.end;
  }
  if (at < text.length) segments.push({ kind: 'text', start: at, text: text.slice(at) });
  return segments;
}

export interface Named {
  readonly id: string;
  /** Where each mention starts in the trace. */
  readonly starts: readonly number[];
  /** Sampled frames named in the same clause as a mention, ascending; empty when the text gives no time. */
  readonly frames: readonly number[];
}

/** Start and end of the clause around an offset. */
function clauseAround(text: string, at: number): [number, number] {
  let start = 0;
  const end = new RegExp(phraseEnd.source, `${phraseEnd.flags}g`);
  for (const match of text.matchAll(end)) {
    if (match.index >= at) return [start, match.index];
    start = match.index + match[0].length;
  }
  return [start, text.length];
}

/** Start of the sentence around an offset. */
function sentenceStart(text: string, at: number): number {
  let start = 0;
  for (const match of text.slice(0, at).matchAll(new RegExp(clauseEnd.source, `${clauseEnd.flags}g`)))
    start = match.index + match[0].length;
  return start;
}

/**
 * Frames of the times in a mention's own clause. A time set off by a comma at the start of the sentence ("In the second
 * half, there is blur") counts for the clause that follows it.
 */
function framesAt(text: string, mention: DistortionSpan, times: readonly TimeSpan[]): readonly number[] {
  const [from, to] = clauseAround(text, mention.start);
  const inClause = times.filter((time) => time.start >= from && time.end <= to);
  if (inClause.length > 0) return inClause.flatMap((time) => time.frames);
  const lead = sentenceStart(text, mention.start);
  const before = times.filter((time) => time.start >= lead && time.end <= from);
  // Only when nothing else stands between the time and the comma, and the time opens the sentence.
  const opening = before.find(
    (time) =>
      /^\s*(?:\p{L}+\s+){0,2}$/u.test(text.slice(lead, time.start)) &&
      /^\s*[,，]\s*$/u.test(text.slice(time.end, from)),
  );
  return opening?.frames ?? [];
}

/** The distortions that the text says are there, in the order of first mention, with the frames it names for them. */
export function namedDistortions(text: string, spans: readonly TraceSpan[]): Named[] {
  const times = spans.filter((span) => span.kind === 'time');
  const named = new Map<string, { starts: number[]; frames: Set<number> }>();
  for (const span of spans) {
    if (span.kind !== 'distortion' || span.says !== 'found') continue;
    const entry = named.get(span.id) ?? { starts: [], frames: new Set<number>() };
    entry.starts.push(span.start);
    for (const frame of framesAt(text, span, times)) entry.frames.add(frame);
    named.set(span.id, entry);
  }
  return [...named].map(([id, { starts, frames }]) => ({
    id,
    starts,
    frames: [...frames].sort((a, b) => a - b),
  }));
}

/** Ids that the text rules out and nowhere finds, each once. */
export function ruledOutDistortions(spans: readonly TraceSpan[]): string[] {
  const marks = spans.filter((span) => span.kind === 'distortion');
  const present = new Set(marks.filter((mark) => mark.says === 'found').map((mark) => mark.id));
  return [...new Set(marks.map((mark) => mark.id))].filter((id) => !present.has(id));
}

/** A name inside a sentence: small first letter, unless it is an abbreviation. */
export function inSentence(label: string): string {
  return /^\p{Lu}\p{Ll}/u.test(label) ? label.charAt(0).toLowerCase() + label.slice(1) : label;
}

export function sameFrames(a: readonly number[] | null, b: readonly number[] | null): boolean {
  return a !== null && b !== null && a.length === b.length && a.every((frame, i) => frame === b[i]);
}
