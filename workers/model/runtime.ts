/**
 * One onnxruntime-web for everything in this worker. The build is chosen before transformers.js is imported, which
 * takes whatever `Symbol.for('onnxruntime')` holds. All builds are self-hosted under `BASE_URL/ort/`.
 */
import type * as Transformers from '@huggingface/transformers';
import type * as Ort from 'onnxruntime-common';
import type { Backend } from './api.ts';
import type { PackageContents } from './package-files.ts';

const ORT = Symbol.for('onnxruntime');

export interface Runtime {
  readonly ort: typeof Ort;
  readonly transformers: typeof Transformers;
  readonly threads: number;
  readonly build: Build;
}

let runtime: Promise<Runtime> | undefined;

/** Configuration and tokenizer of the loaded package, by path; transformers.js reads them through `env.fetch`. */
const files = new Map<string, Uint8Array<ArrayBuffer>>();

/** Address of the package for transformers.js. Never requested. */
const VIRTUAL = '/package/';

export const packageId = 'current';

/** Makes files of a package available to transformers.js: those at its root, or all that `wanted` names. */
export async function mount(
  contents: PackageContents,
  wanted: (path: string) => boolean = (path) => !path.includes('/'),
): Promise<void> {
  files.clear();
  for (const [path, source] of contents)
    if (wanted(path)) files.set(`${VIRTUAL}${packageId}/${path}`, await source.read(0, source.size));
}

/** Frees the bytes; the tokenizer is parsed. */
export function unmount(): void {
  files.clear();
}

/** A file of the mounted package. */
export function mountedBytes(path: string): Uint8Array<ArrayBuffer> | undefined {
  return files.get(`${VIRTUAL}${packageId}/${path}`);
}

async function fetchMounted(input: string | URL | Request): Promise<Response> {
  const path = String(input instanceof Request ? input.url : input);
  const bytes = files.get(path);
  if (!bytes) return new Response(null, { status: 404 });
  return new Response(bytes, { headers: { 'Content-Length': String(bytes.byteLength) } });
}

/** True for a model whose layers take less time than waking a thread. */
export function isSmall(weightBytes: number): boolean {
  return weightBytes < 64 << 20;
}

/**
 * Processor threads to use: one where the page is not isolated, and for a small model, whose layers are done before a
 * second thread has woken up (docs/performance.md: 390 tokens a second on one, 180 on two); else all cores up to 8.
 */
export function threadsFor(weightBytes: number): number {
  if (!self.crossOriginIsolated || isSmall(weightBytes)) return 1;
  return Math.max(1, Math.min(8, navigator.hardwareConcurrency ?? 1));
}

/** Builds of onnxruntime-web: the module, and the part of its WASM file's name that differs. */
const BUILDS = {
  jspi: { load: () => import('ort-jspi'), suffix: '.jspi' },
  asyncify: { load: () => import('ort-asyncify'), suffix: '.asyncify' },
  plain: { load: () => import('ort-wasm'), suffix: '' },
} as const;

export type Build = keyof typeof BUILDS;

/**
 * True where a session reads its weights piece by piece. The other builds take each file whole, as one ArrayBuffer
 * (onnxruntime PR 29477).
 */
export const streamsWeights = (build: Build): boolean => build === 'jspi';

/**
 * `jspi` where WebAssembly can switch stacks. Elsewhere WebGPU needs `asyncify`, whose rewritten functions an optimising
 * compiler takes seconds for; the processor needs no switching, so it gets `plain`.
 */
export function buildFor(backend: Backend, suspending: boolean): Build {
  if (suspending) return 'jspi';
  return backend === 'webgpu' ? 'asyncify' : 'plain';
}

/** The device of the sessions on WebGPU. It exists once there is a session. */
export async function deviceOf(ort: typeof Ort): Promise<GPUDevice> {
  const { webgpu } = ort.env as unknown as { webgpu: { device: GPUDevice | Promise<GPUDevice> } };
  return await webgpu.device;
}

/** True where WebAssembly can wait for a promise (JSPI). */
export const canSuspend = (): boolean => 'Suspending' in WebAssembly;

interface RuntimeFiles {
  readonly mjs: string;
  readonly wasm: string;
}

/** Files of the plain build, where they do not lie under `BASE_URL/ort/`. */
let elsewhere: RuntimeFiles | null = null;

/** Takes the plain build from these addresses, in an app that arranges its files itself. Before the first load. */
export function setRuntimeFiles(files: RuntimeFiles): void {
  elsewhere = files;
}

function runtimeFiles(build: Build): RuntimeFiles {
  if (elsewhere && build === 'plain') return elsewhere;
  const base = `${new URL(import.meta.env.BASE_URL, self.location.href).pathname}ort/`;
  const name = `${base}ort-wasm-simd-threaded${BUILDS[build].suffix}`;
  return { mjs: `${name}.mjs`, wasm: `${name}.wasm` };
}

async function start(backend: Backend, threads: number): Promise<Runtime> {
  const build = buildFor(backend, canSuspend());
  const ort = await BUILDS[build].load();
  ort.env.wasm.wasmPaths = { ...runtimeFiles(build) };
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  Object.defineProperty(globalThis, ORT, { value: { ...ort }, configurable: true });

  const transformers = await import('@huggingface/transformers');
  const { env } = transformers;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = VIRTUAL;
  env.useBrowserCache = false;
  env.useWasmCache = false;
  env.fetch = fetchMounted as typeof fetch;
  return { ort, transformers, threads, build };
}

/**
 * Starts the runtime once; later calls return the same one. Build and number of threads are fixed by the first call,
 * because onnxruntime starts its pool once in a worker's life.
 */
export function startRuntime(backend: Backend, threads: number): Promise<Runtime> {
  runtime ??= start(backend, threads);
  return runtime;
}
