/** The built page inside the command's folder, for `vqathinker serve`. */
import { cpSync, existsSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Files of the build that the command has already, beside the page. */
const shared = (path: string) =>
  path === 'sample.mp4' || path.startsWith('models') || /^ort.ort-wasm-simd-threaded\.(mjs|wasm)$/.test(path);

/**
 * Copies the build of the page, without what lies in the command's folder already.
 *
 * @param dist built page
 * @param out folder of the command
 * @throws Error where the page is not built
 */
export function copyPage(dist: string, out: string): void {
  if (!existsSync(join(dist, 'index.html'))) throw new Error(`${dist} holds no built page: npm run build`);
  cpSync(dist, join(out, 'page'), { recursive: true, filter: (from) => !shared(relative(dist, from)) });
}
