import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TEXT_INTERVAL, TextThrottle } from './text-throttle.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the first text is drawn at once, more of it once per interval and together', () => {
  const draw = vi.fn();
  const throttle = new TextThrottle(draw);
  throttle.add('a', 1);
  expect(draw.mock.calls).toEqual([['a', 1]]);
  throttle.add('b', 2);
  throttle.add('c', 3);
  vi.advanceTimersByTime(TEXT_INTERVAL - 1);
  expect(draw).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(draw.mock.calls).toEqual([
    ['a', 1],
    ['bc', 3],
  ]);
  vi.advanceTimersByTime(10 * TEXT_INTERVAL);
  throttle.add('d', 4);
  expect(draw.mock.lastCall).toEqual(['d', 4]);
});

test('a reset drops the text that is not drawn', () => {
  const draw = vi.fn();
  const throttle = new TextThrottle(draw);
  throttle.add('a', 1);
  throttle.add('b', 2);
  throttle.reset();
  vi.advanceTimersByTime(10 * TEXT_INTERVAL);
  expect(draw).toHaveBeenCalledTimes(1);
  throttle.add('c', 1);
  expect(draw.mock.lastCall).toEqual(['c', 1]);
});
