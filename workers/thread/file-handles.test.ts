import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { keepAliveDuring } from './file-handles.ts';

setFlagsFromString('--expose_gc');
const collect: () => void = runInNewContext('gc');
const aTurn = () => new Promise((resolve) => setTimeout(resolve));

/** A handle like Chromium's: only the handle references the promise of its call. */
class Handle {
  resolve: (answer: string) => void = () => {};
  readonly ask = () =>
    new Promise<string>((resolve) => {
      this.resolve = resolve;
    });
}

async function collectAll(): Promise<void> {
  for (let k = 0; k < 5; k++) {
    await aTurn();
    collect();
  }
}

test('a handle lives until it has answered, and not longer', async () => {
  let handle: Handle | null = new Handle();
  const seen = new WeakRef(handle);
  const answer = keepAliveDuring(handle, (one) => one.ask());
  handle = null;
  await collectAll();
  expect(seen.deref()).toBeDefined();
  seen.deref()?.resolve('answered');
  expect(await answer).toBe('answered');
  await collectAll();
  expect(seen.deref()).toBeUndefined();
});

test('nor after a refusal', async () => {
  let handle: object | null = {};
  const seen = new WeakRef(handle);
  const answer = keepAliveDuring(handle, () => Promise.reject(new Error('no')));
  handle = null;
  await expect(answer).rejects.toThrow('no');
  await collectAll();
  expect(seen.deref()).toBeUndefined();
});
