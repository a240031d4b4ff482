import { expect, test } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { EngineError, engineFault } from '../engine/client.ts';
import { endOf } from './endings.ts';

const at = { step: 12, savedStep: 10 };

test('the engine that ends names the step, what it said and where to resume', () => {
  expect(endOf(engineFault('the engine ended'), at, null)).toMatchObject({
    state: 'failed',
    reason: { code: 'train/engine', params: { step: 12, problem: 'the engine ended', resume: 10 } },
  });
  const memory = new EngineError(
    'train/engine',
    { detail: 'CUDA out of memory' },
    'OutOfMemoryError: tried to …',
  );
  expect(endOf(memory, { step: 3, savedStep: null }, null).reason!.params).toEqual({
    step: 3,
    problem: 'CUDA out of memory',
  });
});

test('a full disk pauses, wherever it shows', () => {
  const paused = { state: 'paused', reason: { code: 'train/disk', params: { step: 12 } } };
  expect(
    endOf(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }), at, null),
  ).toMatchObject(paused);
  expect(endOf(Object.assign(new Error('quota'), { code: 'EDQUOT' }), at, null)).toMatchObject(paused);
  expect(endOf(new EngineError('train/disk', {}, 'No space left on device'), at, null)).toMatchObject(paused);
});

test('what was asked for is no failure', () => {
  expect(endOf(new DOMException('stopped', 'AbortError'), at, 'stopped')).toEqual({
    state: 'stopped',
    reason: null,
  });
  expect(endOf(engineFault('the engine was stopped'), at, 'paused')).toEqual({
    state: 'paused',
    reason: null,
  });
});

test('guards, recipes, and what nobody expected', () => {
  expect(endOf(new CodedError('train/guard', { kl: 0.5, step: 12, resume: 10 }), at, null).state).toBe(
    'guarded',
  );
  expect(endOf(new CodedError('train/entropy', { entropy: 3, step: 12, resume: 10 }), at, null).state).toBe(
    'guarded',
  );
  expect(endOf(new CodedError('train/recipe', { field: 'a', problem: 'b' }), null, null)).toMatchObject({
    state: 'failed',
    reason: { code: 'train/recipe' },
  });
  expect(endOf(new TypeError('x is undefined'), at, null)).toMatchObject({
    state: 'failed',
    reason: { code: 'app/unexpected', params: { detail: 'x is undefined' } },
  });
});
