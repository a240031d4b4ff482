/**
 * WebGPU in Node: Dawn (npm package `webgpu`) with onnxruntime-web's JSPI build, and the page's sessions over it. The
 * Vulkan driver is the system's, or the one that `VK_ICD_FILENAMES` names; Vulkan reads it once in a process.
 */
import { openAsBlob, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bestVariant } from '../../../core/files/machine.ts';
import type { Variant } from '../../../core/files/manifest.ts';
import type { Dtype } from '../../../workers/model/api.ts';
import { type AdapterFacts, pieceSizes } from '../../../workers/model/backend.ts';
import { loadNetwork, type Network } from '../../../workers/model/network.ts';
import { PackageFiles } from '../../../workers/model/package-files.ts';
import { deviceOf, mount, type Runtime } from '../../../workers/model/runtime.ts';

/** Puts Dawn in the place of the browser's WebGPU. @param module file of the package `webgpu` */
export async function installDawn(module: string): Promise<Pick<GPU, 'requestAdapter'>> {
  const { create, globals } = (await import(pathToFileURL(module).href)) as {
    create(options: readonly string[]): Pick<GPU, 'requestAdapter'>;
    globals: object;
  };
  Object.assign(globalThis, globals);
  const gpu = create([]);
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu, hardwareConcurrency: 1, userAgent: 'node' },
  });
  return gpu;
}

async function onnxruntime(): Promise<Runtime['ort']> {
  const dist = join(import.meta.dirname, '..', '..', '..', 'node_modules', 'onnxruntime-web', 'dist');
  const ort = (await import(pathToFileURL(join(dist, 'ort.jspi.mjs')).href)) as Runtime['ort'];
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = {
    mjs: pathToFileURL(join(dist, 'ort-wasm-simd-threaded.jspi.mjs')).href,
    wasm: pathToFileURL(join(dist, 'ort-wasm-simd-threaded.jspi.wasm')).href,
  };
  return ort;
}

export interface DawnPackage {
  readonly files: PackageFiles;
  readonly variant: Variant;
  readonly network: Network;
  readonly device: GPUDevice;
  /** Bytes of weights that were streamed. */
  readonly streamed: number;
  /** Time from the manifest to the last session. */
  readonly seconds: number;
}

/**
 * Opens the best WebGPU variant of a package folder, or the one of a weight format. Files are not hashed.
 *
 * @throws RangeError where the package has no such variant for this adapter
 */
export async function openOnDawn(
  folder: string,
  adapter: AdapterFacts | null,
  dtype?: Dtype,
): Promise<DawnPackage> {
  const started = performance.now();
  const listed = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
    files: { path: string }[];
  };
  const given = await Promise.all(
    ['manifest.json', ...listed.files.map(({ path }) => path)].map(async (path) => ({
      path,
      file: (await openAsBlob(join(folder, path))) as File,
      checked: true,
    })),
  );
  const files = await PackageFiles.open({ kind: 'files', files: given });
  const variant = bestVariant(files.manifest, 'webgpu', adapter, dtype);
  if (!variant) throw new RangeError(`${folder} has no WebGPU variant for this adapter.`);
  const contents = await files.load(variant, () => {});
  await mount(contents);
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as unknown;
  const transformers = {
    AutoConfig: { from_pretrained: async () => config },
  } as unknown as Runtime['transformers'];
  const runtime: Runtime = { ort: await onnxruntime(), transformers, threads: 1, build: 'jspi' };
  let streamed = 0;
  const sizes = pieceSizes('webgpu', adapter);
  const choice = { backend: 'webgpu', reason: 'asked', variant, ...sizes } as const;
  const network = await loadNetwork(runtime, choice, contents, (bytes) => {
    streamed += bytes;
  });
  const device = await deviceOf(runtime.ort);
  return { files, variant, network, device, streamed, seconds: (performance.now() - started) / 1000 };
}
