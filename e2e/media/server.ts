/** Serves the harness page and the test clips from a free port. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** Folder with clips and golden files; absent on machines that have only the repository. */
export const SHARED = resolve(ROOT, process.env.VQA_SHARED ?? '../shared');
export const hasShared = existsSync(resolve(SHARED, 'media'));

export interface HarnessServer {
  readonly page: string;
  /** Address of a file on disk. */
  readonly url: (path: string) => string;
  readonly close: () => Promise<void>;
}

export async function serveHarness(): Promise<HarnessServer> {
  const server = await createServer({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    cacheDir: resolve(ROOT, '.scratch/vite-media'),
    appType: 'mpa',
    worker: { format: 'es' },
    optimizeDeps: { entries: ['e2e/media/harness.html'], include: ['comlink', 'mp4box', 'mediabunny'] },
    server: {
      port: 0,
      strictPort: false,
      host: '127.0.0.1',
      hmr: false,
      watch: null,
      fs: { allow: [ROOT, SHARED] },
    },
  });
  await server.listen();
  const base = server.resolvedUrls!.local[0]!.replace(/\/$/, '');
  return {
    page: `${base}/e2e/media/harness.html`,
    url: (path) => `${base}/@fs${path}`,
    close: () => server.close(),
  };
}
