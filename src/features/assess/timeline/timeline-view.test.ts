/** Oracle: paths and sentences written out by hand for small clips. */
import { describe, expect, test } from 'vitest';
import { segmentsOf } from '../../../../core/sampling/timeline-segments.ts';
import type { SegmentResult } from '../../../assessment/timeline/store.ts';
import { ASSESS_MESSAGES } from '../messages/useAssessMessages.ts';
import { timelineEn } from './messages/en.ts';
import { factsOf, readout, secondsLeft, segmentAt, stepPath, stepsOf, whyNot } from './timeline-view.ts';

const times = Array.from({ length: 400 }, (_, i) => i / 10);
const segments = segmentsOf(times, 40, 10);
const result = (score: number | null, change: Partial<SegmentResult> = {}): SegmentResult => ({
  score,
  text: '',
  tokens: 0,
  named: [],
  sampled: [],
  seconds: 2,
  thumbnail: null,
  ...change,
});
const shown = (...scores: (number | null | undefined)[]) => ({
  segments,
  results: scores.map((score) => (score === undefined ? null : result(score))),
  progress: null,
});

describe('the step line', () => {
  const path = (...scores: (number | null | undefined)[]) =>
    stepPath(stepsOf(segments, shown(...scores).results, 400), 100, 40);
  test('joins neighbours and is broken where there is no score', () => {
    expect(path(5, 3, 3, 1)).toBe('M0 0H25V20H50V20H75V40H100');
    expect(path(5, undefined, 3, 1)).toBe('M0 0H25M50 20H75V40H100');
    expect(path(5, null, 3, undefined)).toBe('M0 0H25M50 20H75');
    expect(path(undefined, undefined, undefined, undefined)).toBe('');
  });
  test('a score off the scale stands at its end', () => {
    expect(path(0.87, 5.4, undefined, undefined)).toBe('M0 40H25V0H50');
  });
});

test('a frame belongs to the segment that begins at it or before', () => {
  expect([0, 99, 100, 399].map((frame) => segmentAt(segments, frame))).toEqual([0, 0, 1, 3]);
});

test('the sentence names the ends of the range, and never counts what has no score', () => {
  const facts = (...scores: (number | null | undefined)[]) => factsOf(shown(...scores), timelineEn);
  expect(facts(4, 2.5, 3, 4.25)).toBe('All 4 segments scored: lowest 2.50 at 0:10, highest 4.25 at 0:30.');
  expect(facts(4, null, undefined, 3)).toBe(
    '2 of 4 segments scored: lowest 3.00 at 0:30, highest 4.00 at 0:00. 1 segment has no score.',
  );
  expect(facts(4, undefined, undefined, undefined)).toBe('1 of 4 segments scored: 4.00.');
  expect(facts(undefined, undefined, null, undefined)).toBe('None of 4 segments has a score yet.');
  expect(facts(null, null, null, null)).toBe('No score in 4 segments.');
});

test('the cursor says what is known of its segment', () => {
  const state = { ...shown(3.87, null, undefined, undefined), progress: { segment: 3, stage: null } };
  expect([0, 1, 2, 3].map((at) => readout(state, at, ASSESS_MESSAGES.en, timelineEn))).toEqual([
    'Segment 1, 0:00–0:10: 3.87, Good',
    'Segment 2, 0:10–0:20: no score',
    'Segment 3, 0:20–0:30: not assessed yet',
    'Segment 4, 0:30–0:40: being assessed',
  ]);
});

test('a failure has its words, whichever side it came from', () => {
  expect(whyNot(result(3), timelineEn, 'en')).toBe('');
  expect(whyNot(result(null, { reason: 'not-a-number' }), timelineEn, 'en')).toBe(
    'The answer is not a number.',
  );
  const error = { code: 'media/damaged', params: {}, message: '' };
  expect(whyNot(result(null, { error }), timelineEn, 'en')).toMatch(/could be decoded/);
  expect(whyNot(result(null, { reason: 'aborted' }), timelineEn, 'en')).toBe(timelineEn.why.other);
});

test('the time left is measured, and not told before a fifth is done', () => {
  expect(secondsLeft(shown(3, 3, undefined, undefined).results)).toBe(4);
  expect(secondsLeft([result(3), ...Array.from({ length: 9 }, () => null)])).toBeNull();
  expect(secondsLeft(shown(3, 3, 3, 3).results)).toBeNull();
});
