/**
 * Questions to handles of the browser's file system. Chromium forgets a question whose handle is collected before the
 * answer, and the promise then waits for ever: of `await (await folder.getFileHandle(name)).createSyncAccessHandle()`
 * nothing holds the inner handle. Where bytes stream by, the collector runs often enough to hit it (a package of
 * 4 × 32 MiB stood still in most downloads: `npm run bench -- packages`).
 */
const asked = new Set<{ readonly handle: object }>();

/** What a handle answers; it is kept alive until then. */
export async function keepAliveDuring<H extends object, T>(
  handle: H,
  ask: (handle: H) => Promise<T>,
): Promise<T> {
  const held = { handle };
  asked.add(held);
  try {
    return await ask(handle);
  } finally {
    asked.delete(held);
  }
}
