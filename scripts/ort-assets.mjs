/**
 * Copies onnxruntime-web's glue and WASM into `public/ort/`. They are self-hosted: no CDN, and threads load the
 * glue by its own address. `jspi` is for browsers with WebAssembly stack switching, `asyncify` for the others on
 * WebGPU, the build without a suffix for the others on the processor.
 */
import { copyFileSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const from = join(import.meta.dirname, '..', 'node_modules', 'onnxruntime-web', 'dist');
const to = join(import.meta.dirname, '..', 'public', 'ort');

mkdirSync(to, { recursive: true });
for (const build of ['.jspi', '.asyncify', '']) {
  for (const extension of ['mjs', 'wasm']) {
    const name = `ort-wasm-simd-threaded${build}.${extension}`;
    const [source, target] = [join(from, name), join(to, name)];
    if (!existsSync(target) || statSync(target).size !== statSync(source).size) copyFileSync(source, target);
  }
}
