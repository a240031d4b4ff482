import { afterEach, expect, it, vi } from 'vitest';
import { storageRoot } from './file-handles.ts';

afterEach(() => vi.unstubAllGlobals());

it.each([
  ['lacks private files', {}],
  ['refuses them', { getDirectory: () => Promise.reject(new Error('private window')) }],
])('a browser that %s is told', async (_what, storage) => {
  vi.stubGlobal('navigator', { storage });
  await expect(storageRoot()).rejects.toMatchObject({ code: 'app/storage' });
});
