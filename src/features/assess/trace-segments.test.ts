import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDistortions } from '../../../core/answer/lexicon.ts';
import {
  inSentence,
  namedDistortions,
  ruledOutDistortions,
  type TimeSpan,
  type TraceSpan,
  traceSegments,
} from './trace-segments.ts';

const TEXT =
  'There is some motion blur on the passing car in frame 6, and the traffic in frames 3 and 4 is out of focus. ' +
  'I notice faint blocking in the second half. In the last frame, there is noise. No shaking or flicker is visible.';

function time(phrase: string, frames: number[]): TimeSpan {
  const start = TEXT.indexOf(phrase);
  return { kind: 'time', start, end: start + phrase.length, frames };
}

const SPANS: TraceSpan[] = [
  ...findDistortions(TEXT).map((mark) => ({ kind: 'distortion' as const, ...mark })),
  time('frame 6', [5]),
  time('frames 3 and 4', [2, 3]),
  time('the second half', [6, 7, 8, 9, 10, 11]),
  time('the last frame', [11]),
];

describe('traceSegments', () => {
  it('keeps every character, whatever the marks', () => {
    const span = fc.record({
      kind: fc.constant('distortion' as const),
      start: fc.nat(40),
      end: fc.nat(40),
      id: fc.constant('noise'),
      says: fc.constant('found' as const),
    });
    fc.assert(
      fc.property(fc.string({ maxLength: 32 }), fc.array(span), (text, spans) => {
        expect(
          traceSegments(text, spans)
            .map((s) => s.text)
            .join(''),
        ).toBe(text);
      }),
    );
  });
  it('cuts at the marks in reading order', () => {
    const kinds = traceSegments('a blur in frame 6.', [
      { kind: 'time', start: 10, end: 17, frames: [5] },
      { kind: 'distortion', start: 2, end: 6, id: 'blur', says: 'found' },
    ]).map((s) => [s.kind, s.text]);
    expect(kinds).toEqual([
      ['text', 'a '],
      ['distortion', 'blur'],
      ['text', ' in '],
      ['time', 'frame 6'],
      ['text', '.'],
    ]);
  });
  it('keeps the first of two that overlap', () => {
    const spans: TraceSpan[] = [
      { kind: 'distortion', start: 0, end: 6, id: 'a', says: 'found' },
      { kind: 'distortion', start: 4, end: 8, id: 'b', says: 'found' },
    ];
    expect(traceSegments('abcdefgh', spans).map((s) => s.kind)).toEqual(['distortion', 'text']);
  });
});

describe('namedDistortions', () => {
  it('gives each the frames of its own clause', () => {
    const named = Object.fromEntries(namedDistortions(TEXT, SPANS).map(({ id, frames }) => [id, frames]));
    expect(named).toEqual({
      'motion-blur': [5],
      focus: [2, 3],
      compression: [6, 7, 8, 9, 10, 11],
      noise: [11],
    });
  });
  it('leaves out what is ruled out', () => {
    expect(namedDistortions(TEXT, SPANS).map(({ id }) => id)).not.toContain('flicker');
    expect(ruledOutDistortions(SPANS)).toContain('flicker');
  });
  it('gives no frames where the text gives none', () => {
    const text = 'There is noise. Frame 6 is sharp.';
    const spans: TraceSpan[] = [
      { kind: 'distortion', start: 9, end: 14, id: 'noise', says: 'found' },
      { kind: 'time', start: 16, end: 23, frames: [5] },
    ];
    expect(namedDistortions(text, spans)).toEqual([{ id: 'noise', starts: [9], frames: [] }]);
  });
});

describe('inSentence', () => {
  it('makes the first letter small, but not of an abbreviation', () => {
    expect(inSentence('Motion blur')).toBe('motion blur');
    expect(inSentence('HDR clipping')).toBe('HDR clipping');
    expect(inSentence('失焦')).toBe('失焦');
  });
});
