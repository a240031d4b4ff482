import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { answerOf } from './file-handles.ts';

setFlagsFromString('--expose_gc');
const collect: () => void = runInNewContext('gc');
const aTurn = () => new Promise((resolve) => setTimeout(resolve));

/** A handle as Chromium has them: the answer hangs on nothing of the handle. */
function makeHandle() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const handle = { ask: () => promise };
  return { handle, resolve, seen: new WeakRef(handle) };
}

async function collectAll(): Promise<void> {
  for (let k = 0; k < 5; k++) {
    await aTurn();
    collect();
  }
}

test('a handle lives until it has answered, and not longer', async () => {
  let made: ReturnType<typeof makeHandle> | null = makeHandle();
  const { seen, resolve } = made;
  const answer = answerOf(made.handle, (one) => one.ask());
  made = null;
  await collectAll();
  expect(seen.deref()).toBeDefined();
  resolve('answered');
  expect(await answer).toBe('answered');
  await collectAll();
  expect(seen.deref()).toBeUndefined();
});

test('nor after a refusal', async () => {
  let handle: object | null = {};
  const seen = new WeakRef(handle);
  const answer = answerOf(handle, () => Promise.reject(new Error('no')));
  handle = null;
  await expect(answer).rejects.toThrow('no');
  await collectAll();
  expect(seen.deref()).toBeUndefined();
});
