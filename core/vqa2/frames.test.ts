import { expect, test } from 'vitest';
import { CodedError } from '../errors.ts';
import { denseFrames, keyFrames, secondFrames } from './frames.ts';

test('one key frame a second of round(fps) frames, halves to the even number', () => {
  expect(keyFrames(75, 11.988)).toEqual([0, 12, 24, 36, 48, 60, 72]);
  expect(keyFrames(60, 24.5)).toEqual([0, 24, 48]);
  expect(keyFrames(60, 25.5)).toEqual([0, 26, 52]);
  expect(keyFrames(3, 30)).toEqual([0]);
});

test('a rate without a whole second, an empty clip, and a short clip of a scoring script are coded errors', () => {
  for (const rate of [0.5, 0, -3, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => keyFrames(100, rate)).toThrow(expect.objectContaining({ code: 'media/rate' }));
  expect(() => keyFrames(0, 30)).toThrow(CodedError);
  expect(() => keyFrames(29, 30, true)).toThrow(expect.objectContaining({ code: 'media/no-frames' }));
  expect(keyFrames(30, 30, true)).toEqual([0]);
});

test('dense frames are a multiple of four; every eighth of fewer than 32 are none', () => {
  expect(denseFrames(75, 'all')).toHaveLength(72);
  expect(denseFrames(75, 'every-8th')).toEqual([0, 8, 16, 24, 32, 40, 48, 56]);
  expect(denseFrames(31, 'every-8th')).toEqual([]);
  expect(denseFrames(3, 'all')).toEqual([]);
});

test('seconds of the probe tile the clip up to the drift of their bounds', () => {
  const seconds = [0, 1, 2].map((i) => secondFrames(100, 3, i));
  expect(seconds.map((frames) => [frames[0], frames.length])).toEqual([
    [0, 32],
    [32, 32],
    [64, 32],
  ]);
});
