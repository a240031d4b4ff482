import { describe, expect, it } from 'vitest';
import type { MetricRecord, Run } from '../../../../core/training/run.ts';
import { EMPTY, reduceTraining, type TrainingEvent, type TrainingState } from './state.ts';

const run = (id: string, state: Run['state'] = 'running'): Run => ({
  id,
  recipe: 'tiny-cpu',
  recipeSha256: '',
  state,
  reason: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  stage: null,
  step: 1,
  steps: 2,
  savedStep: null,
  bestStep: null,
  latest: {},
  seconds: 1,
});
const metric = (step: number): MetricRecord => ({ step, stage: 0, time: step, values: { reward: step } });
const stateAfter = (...events: readonly TrainingEvent[]): TrainingState =>
  events.reduce(reduceTraining, EMPTY);

describe('the state of the Training page', () => {
  it('lists a new run first and replaces a listed one', () => {
    const state = stateAfter(
      { kind: 'runs', runs: [run('a'), run('b')] },
      { kind: 'run', run: run('c') },
      { kind: 'run', run: run('b', 'finished') },
    );
    expect(state.runs.map(({ id, state: now }) => [id, now])).toEqual([
      ['c', 'running'],
      ['a', 'running'],
      ['b', 'finished'],
    ]);
  });

  it('clears the progress of a run that has ended', () => {
    const progress = { type: 'progress', phase: 'rollout', done: 1, of: 2 } as never;
    const running = stateAfter({ kind: 'batch', run: 'a', events: [progress] });
    expect(running.data.get('a')?.progress).toBe(progress);
    const ended = reduceTraining(running, { kind: 'run', run: run('a', 'finished') });
    expect(ended.data.get('a')?.progress).toBeNull();
  });

  it('adds the records that came in while the history was requested', () => {
    const state = stateAfter({
      kind: 'history',
      run: 'a',
      records: [metric(1), metric(2)],
      since: [metric(3)],
      lines: [],
    });
    expect(state.data.get('a')).toMatchObject({ loaded: true, version: 1 });
    expect(state.data.get('a')?.table.steps).toEqual([1, 2, 3]);
  });

  it('compares other runs than the open one', () => {
    const open = stateAfter({ kind: 'selected', run: 'a' }, { kind: 'compared', run: 'a' });
    expect(open.compared).toEqual([]);
    const compared = reduceTraining(open, { kind: 'compared', run: 'b' });
    expect(compared.compared).toEqual(['b']);
    expect(reduceTraining(compared, { kind: 'selected', run: 'b' }).compared).toEqual([]);
    expect(reduceTraining(compared, { kind: 'compared', run: 'b' }).compared).toEqual([]);
  });

  it('caches the completions of the newest 24 steps', () => {
    const events = Array.from({ length: 30 }, (_, step) => ({
      kind: 'completions' as const,
      key: `a ${step}`,
      value: { kind: 'loading' as const },
    }));
    expect([...stateAfter(...events).completions.keys()]).toEqual(events.slice(-24).map(({ key }) => key));
  });

  it('forgets everything but the error when the connection ends', () => {
    const error = { code: 'train/token', params: {}, message: 'no' };
    const state = stateAfter({ kind: 'runs', runs: [run('a')] }, { kind: 'away', error });
    expect(state).toEqual({ ...EMPTY, error });
  });
});
