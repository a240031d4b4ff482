import { expect, test } from 'vitest';
import { CurrentRun } from './run-handle.ts';

test('a run is current until it ends', () => {
  const current = new CurrentRun();
  expect(current.isRunning()).toBe(false);
  const run = current.begin();
  expect([run.isCurrent(), current.isRunning(), run.signal.aborted]).toEqual([true, true, false]);
  run.end();
  expect([run.isCurrent(), current.isRunning()]).toEqual([false, false]);
  current.abort();
  expect(run.signal.aborted).toBe(false);
});

test('an abort leaves the run current, with its reason', () => {
  const current = new CurrentRun();
  const run = current.begin();
  current.abort(new DOMException('paused', 'AbortError'));
  expect([run.isCurrent(), run.signal.aborted, run.signal.reason.message]).toEqual([true, true, 'paused']);
});

test('the next run and a cancel abort and end the run before', () => {
  const current = new CurrentRun();
  const first = current.begin();
  const second = current.begin();
  expect([first.isCurrent(), first.signal.aborted, first.signal.reason.name]).toEqual([
    false,
    true,
    'AbortError',
  ]);
  expect([second.isCurrent(), second.signal.aborted]).toEqual([true, false]);
  first.end();
  expect(current.isRunning()).toBe(true);
  current.cancel();
  expect([second.isCurrent(), second.signal.aborted, current.isRunning()]).toEqual([false, true, false]);
});
