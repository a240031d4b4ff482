import { afterEach, expect, test, vi } from 'vitest';
import type { Result } from '../../../core/files/result.ts';
import { createRecentResults } from './recent.ts';

/** A request that succeeds with a value, or fails. */
function request(result: unknown, error?: Error) {
  const made: { result: unknown; error?: Error | undefined; onsuccess?: () => void; onerror?: () => void } = {
    result,
    error,
  };
  queueMicrotask(() => (error ? made.onerror : made.onsuccess)?.());
  return made;
}

afterEach(() => vi.unstubAllGlobals());

test('results that the browser does not store live as long as the page', async () => {
  const put = () =>
    request(undefined, new Error('Error preparing Blob/File data to be stored in object store'));
  const store = {
    put,
    getAll: () => request([]),
    get: () => request(undefined),
    delete: () => request(undefined),
  };
  const database = { transaction: () => ({ objectStore: () => store }) };
  vi.stubGlobal('indexedDB', { open: () => request(database) });
  const recent = createRecentResults();
  const entry = (id: string, createdAt: string) => ({ id, result: { createdAt } as Result, thumbnails: [] });
  await recent.add(entry('a', '2026-01-01'));
  await recent.add(entry('b', '2026-01-02'));
  expect((await recent.list()).map(({ id }) => id)).toEqual(['b', 'a']);
  expect(await recent.remove('b')).toMatchObject({ id: 'b' });
  expect((await recent.list()).map(({ id }) => id)).toEqual(['a']);
});
