import { expect, test } from 'vitest';
import { StageClock } from './stage-clock.ts';

test('a stage lasts from its entry to the next one, or until it is left', () => {
  let now = 1000;
  const clock = new StageClock(() => now);
  expect([clock.seconds(), clock.leave()]).toEqual([0, null]);
  expect(clock.enter('index')).toBeNull();
  now = 1250;
  expect(clock.seconds()).toBe(0.25);
  expect(clock.enter('decode')).toEqual({ stage: 'index', seconds: 0.25 });
  expect(clock.seconds()).toBe(0);
  now = 3250;
  expect(clock.leave()).toEqual({ stage: 'decode', seconds: 2 });
  expect([clock.seconds(), clock.leave()]).toEqual([0, null]);
});
