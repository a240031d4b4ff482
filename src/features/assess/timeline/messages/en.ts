/** Texts of the quality timeline in English. */
import { count, plural, THIN } from '../../../../../core/text/format.ts';

/** `1 min 10 s`, `40 s`. */
function about(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))}${THIN}s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 90
    ? `${minutes}${THIN}min ${Math.round((seconds % 60) / 10) * 10}${THIN}s`
    : `${(minutes / 60).toFixed(1)}${THIN}h`;
}

export const timelineEn = {
  title: 'Quality timeline',
  axes: 'score from 1 to 5 over the clip, one step a segment',
  span: (from: string, to: string): string => `${from}–${to}`,
  length: 'Segment length',
  seconds: (n: number): string => `${n}${THIN}s`,
  segmentTitle: (nth: number, span: string): string => `Segment ${count(nth)}, ${span}`,
  start: 'Start',
  pause: 'Pause',
  resume: 'Go on',
  again: (n: number): string => `Try ${plural(n, 'failed segment', 'failed segments')} again`,
  waiting: 'Waiting for the model',
  dropToGoOn: (name: string): string => `Not all segments are assessed. Drop ${name} to go on.`,
  progress: (done: number, all: number): string => `${count(done)} of ${plural(all, 'segment', 'segments')}`,
  bar: 'Quality timeline',
  at: (span: string): string => `now ${span}`,
  left: (seconds: number): string => `about ${about(seconds)} left`,
  paused: 'Paused. Finished segments are kept.',
  each: (n: number): string => `each ${n}${THIN}s assessed as a separate video`,
  facts: {
    none: (all: number): string => `None of ${plural(all, 'segment', 'segments')} has a score yet.`,
    unread: (all: number): string => `No score in ${plural(all, 'segment', 'segments')}.`,
    one: (scored: number, all: number, score: string): string =>
      `${count(scored)} of ${plural(all, 'segment', 'segments')} scored: ${score}.`,
    range: (scored: number, all: number, low: string, lowAt: string, high: string, highAt: string): string =>
      `${scored === all ? `All ${plural(all, 'segment', 'segments')} scored` : `${count(scored)} of ${plural(all, 'segment', 'segments')} scored`}: lowest ${low} at ${lowAt}, highest ${high} at ${highAt}.`,
    failed: (n: number): string => `${plural(n, 'segment has', 'segments have')} no score.`,
  },
  cursor: 'Segment',
  readout: (nth: number, span: string, score: string, grade: string): string =>
    `Segment ${nth}, ${span}: ${score}, ${grade}`,
  readoutNone: (nth: number, span: string): string => `Segment ${nth}, ${span}: no score`,
  readoutOpen: (nth: number, span: string): string => `Segment ${nth}, ${span}: not assessed yet`,
  readoutNow: (nth: number, span: string): string => `Segment ${nth}, ${span}: being assessed`,
  named: (label: string): string => label,
  nothingNamed: 'no distortion named',
  worst: 'Worst moments',
  worstNone: 'The three lowest segments are listed here once there are scores.',
  goTo: 'Go to',
  noScore: 'No score',
  why: {
    'no-answer': 'The model gave no answer.',
    'several-answers': 'The model gave more than one answer.',
    'not-a-number': 'The answer is not a number.',
    'out-of-range': 'The answer lies outside of the scale.',
    length: 'The model wrote to its limit without giving a score.',
    other: 'The answer could not be read.',
  },
  table: 'Show as table',
  columns: {
    nth: 'No.',
    span: 'Time',
    score: 'Score',
    grade: 'Grade',
    named: 'Named first',
    note: 'Note',
  },
  open: 'Not assessed yet',
  export: 'Export the timeline',
  json: 'Segments as JSON',
  csv: 'Segments as CSV',
  svg: 'Plot as SVG',
  close: 'Close the quality timeline',
  done: 'The quality timeline is complete.',
  fileName: (stem: string): string => `${stem}-timeline`,
};

export type TimelineMessages = typeof timelineEn;
