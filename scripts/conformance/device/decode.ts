/**
 * The page's decoder on a Vulkan driver, without a browser: onnxruntime-web's JSPI build over Dawn for Node. Run by
 * `lavapipe.test.ts`, since Vulkan reads its environment once in a process.
 *
 *     node scripts/conformance/device/decode.ts DAWN PACKAGE DTYPE EMBEDS
 *
 * DAWN is the module of the npm package `webgpu`, EMBEDS a file of float32 embeddings of a prompt. Prints one line of JSON.
 */
import { openAsBlob, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { argmax } from '../../../workers/model/generation.ts';
import type { LanguageDecoder } from '../../../workers/model/language-decoder.ts';
import { loadNetwork } from '../../../workers/model/network.ts';
import { PackageFiles } from '../../../workers/model/package-files.ts';
import { mount, type Runtime } from '../../../workers/model/runtime.ts';
import { runSelfTest } from '../../../workers/model/self-test.ts';

const [dawn, folder, dtype, embedsFile] = process.argv.slice(2) as [string, string, string, string];
const { create, globals } = (await import(pathToFileURL(dawn).href)) as {
  create(options: readonly string[]): { requestAdapter(): Promise<GPUAdapter | null> };
  globals: object;
};
Object.assign(globalThis, globals);
const gpu = create([]);
Object.defineProperty(globalThis, 'navigator', { value: { gpu, hardwareConcurrency: 1, userAgent: 'node' } });
const dist = join(import.meta.dirname, '..', '..', '..', 'node_modules', 'onnxruntime-web', 'dist');
const ort = (await import(pathToFileURL(join(dist, 'ort.jspi.mjs')).href)) as Runtime['ort'];
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = {
  mjs: join(dist, 'ort-wasm-simd-threaded.jspi.mjs'),
  wasm: join(dist, 'ort-wasm-simd-threaded.jspi.wasm'),
};

const listed = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
  files: { path: string }[];
};
const files = await Promise.all(
  ['manifest.json', ...listed.files.map(({ path }) => path)].map(async (path) => ({
    path,
    file: (await openAsBlob(join(folder, path))) as File,
    checked: true,
  })),
);
const package_ = await PackageFiles.open({ kind: 'files', files });
const variant = package_.manifest.variants.find((one) => one.target === 'webgpu' && one.dtype === dtype)!;
const contents = await package_.load(variant, () => {});
await mount(contents);
const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as unknown;
const transformers = {
  AutoConfig: { from_pretrained: async () => config },
} as unknown as Runtime['transformers'];
const runtime: Runtime = { ort, transformers, threads: 1, build: 'jspi' };
const choice = { backend: 'webgpu', reason: 'asked', variant, firstPiece: 31, prefillTokens: 31 } as const;
let streamed = 0;
const { decoder } = await loadNetwork(runtime, choice, contents, (bytes) => {
  streamed += bytes;
});

async function greedy(of: LanguageDecoder, embeds: Float32Array, count: number) {
  let { cache, logits } = await of.prefill(of.empty(), embeds);
  const tokens = [argmax(logits as Float32Array)];
  while (tokens.length < count) {
    ({ cache, logits } = await of.step(cache, tokens.at(-1) as number));
    tokens.push(argmax(logits as Float32Array));
  }
  return tokens;
}

const bytes = readFileSync(embedsFile);
const embeds = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const selfTest = variant.selfTest ? await runSelfTest(decoder, variant.selfTest) : null;
const tokens = await greedy(decoder, embeds, 20);

// A stop after the first piece, and the time until it takes effect.
const stop = new AbortController();
let asked = 0;
const stopped = await decoder.prefill(decoder.empty(), embeds, {
  signal: stop.signal,
  onTokens: () => {
    asked ||= performance.now();
    stop.abort();
  },
});
const stopMs = performance.now() - asked;
const again = await decoder.prefill(decoder.empty(), embeds.subarray(0, 31 * decoder.width), {
  onTokens: () => {},
});
const started = performance.now();
await decoder.prefill(again.cache, embeds.subarray(31 * decoder.width, 62 * decoder.width));
const pieceMs = performance.now() - started;
console.log(
  JSON.stringify({
    tokens,
    selfTest,
    streamed,
    stoppedAt: stopped.cache.length,
    stopMs,
    pieceMs,
  }),
);
process.exit(0);
