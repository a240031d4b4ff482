/**
 * Calls of file system handles that keep the handle alive. Chromium drops the call of a handle that is collected before
 * its result, and the promise never settles: in `await (await folder.getFileHandle(name)).createSyncAccessHandle()` nothing
 * references the inner handle. While bytes stream, the collector runs often enough to meet this: a package of 4 × 32 MiB
 * stalled in most downloads (`npm run bench -- packages`).
 */
import { CodedError } from '../../core/errors.ts';

const inUse = new Set<{ readonly handle: object }>();

/** The result of a call on a handle, which is referenced until the call has settled. */
export async function keepAliveDuring<H extends object, T>(
  handle: H,
  call: (handle: H) => Promise<T>,
): Promise<T> {
  const held = { handle };
  inUse.add(held);
  try {
    return await call(handle);
  } finally {
    inUse.delete(held);
  }
}

/**
 * The folder of this origin's private files.
 *
 * @throws CodedError `app/storage` where the browser has none, as in private windows
 */
export async function storageRoot(): Promise<FileSystemDirectoryHandle> {
  try {
    return await navigator.storage.getDirectory();
  } catch (cause) {
    throw new CodedError('app/storage', {}, undefined, { cause });
  }
}
