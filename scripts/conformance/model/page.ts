/**
 * The part of the conformance check in the browser: runs the stages in onnxruntime-web and returns the results. Served
 * by `browser.node.ts`, which puts the package under /package/, the recorded folder under /folder/ and ORT under /ort/.
 */
import type * as Ort from 'onnxruntime-web';
import type { CheckpointFile, CheckpointFiles } from '../../../convert/files.ts';
import type { VariantChoice } from '../../../convert/model.ts';
import { dtypeSuffixes, targetFolders } from '../../../convert/weight-formats.ts';
import type { Profile } from '../../../core/sampling/profiles.ts';
import type { Vqa2Config } from '../../../core/vqa2/config.ts';
import { GoldenTensors } from './golden.ts';
import { openSessions, Runner } from './runner.ts';
import { checkProfile, limitsOf, type StageResult } from './stages.ts';
import { Vqa2Conformance } from './vqa2.ts';

export interface PageRequest {
  readonly variants: readonly VariantChoice[];
  /** Of a package of the first family. */
  readonly profile?: Profile;
  /** Config and recorded facts of a package of VQA². */
  readonly vqa2?: {
    readonly config: Vqa2Config;
    readonly profiles: unknown;
    readonly canvases: readonly (readonly [number, number])[];
  };
  /** Files of the recorded folder. */
  readonly files: readonly CheckpointFile[];
  /** The recorded file to compare with, without its ending. */
  readonly golden: string;
  /** Paths of the package's files. */
  readonly paths: readonly string[];
}

/**
 * On SwiftShader (subgroups of 4) onnxruntime's GroupQueryAttention for WebGPU is wrong by a fifth for 32 and more fresh
 * tokens at once, and right below (onnxruntime-node 1.30 and onnxruntime-web 1.31-dev, any head size). The page
 * uses WASM on software adapters; the check uses pieces below that.
 */
const prefillStep = 31;

/** A folder over HTTP; each file is fetched once. */
class FetchedFolder implements CheckpointFiles {
  readonly #files: readonly CheckpointFile[];
  readonly #bytes = new Map<string, Promise<Uint8Array>>();

  constructor(files: readonly CheckpointFile[]) {
    this.#files = files;
  }

  async list(): Promise<readonly CheckpointFile[]> {
    return this.#files;
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    const bytes = this.#bytes.get(name) ?? fetched(`/folder/${name}`);
    this.#bytes.set(name, bytes);
    return (await bytes).slice(offset, offset + length);
  }
}

async function fetched(path: string): Promise<Uint8Array> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function openRunner(ort: typeof Ort, request: PageRequest, choice: VariantChoice): Promise<Runner> {
  const folder = targetFolders[choice.target];
  const sessions = await openSessions(request.paths, choice, async (name) => {
    const file = `${name}${dtypeSuffixes[choice.dtype]}.onnx`;
    // The greedy graph's weights are in the data files of other graphs.
    const data = request.paths.filter(
      (path) =>
        path.startsWith(`${folder}/${name === 'decoder_greedy' ? '' : file}`) &&
        path.includes(`${dtypeSuffixes[choice.dtype]}.onnx_data`),
    );
    const externalData = await Promise.all(
      data.map(async (path) => ({
        path: path.slice(folder.length + 1),
        data: await fetched(`/package/${path}`),
      })),
    );
    const model = await fetched(`/package/${folder}/${file}`);
    return ort.InferenceSession.create(model, {
      executionProviders: [choice.target === 'webgpu' ? 'webgpu' : 'wasm'],
      externalData,
      logSeverityLevel: 3,
    });
  });
  return new Runner(ort.Tensor, sessions, {
    ...choice,
    ...(request.profile && { profile: request.profile }),
    ...(choice.target === 'webgpu' && { prefillStep }),
  });
}

async function resultsOf(
  runner: Runner,
  folder: CheckpointFiles,
  { golden: name, vqa2 }: PageRequest,
): Promise<readonly StageResult[]> {
  if (vqa2) return new Vqa2Conformance(runner, folder, vqa2.config, vqa2).results();
  const golden = (await GoldenTensors.all(folder)).find((each) => each.name === name);
  if (golden === undefined) throw new RangeError(`the folder has no ${name}`);
  return (await checkProfile(runner, golden, limitsOf[runner.dtype])).results;
}

async function run(request: PageRequest): Promise<StageResult[]> {
  const build = 'Suspending' in WebAssembly ? 'jspi' : 'webgpu';
  const ort: typeof Ort = await import(/* @vite-ignore */ `${location.origin}/ort/ort.${build}.min.mjs`);
  ort.env.wasm.wasmPaths = '/ort/';
  ort.env.wasm.numThreads = 2;
  const folder = new FetchedFolder(request.files);
  const all: StageResult[] = [];
  for (const choice of request.variants) {
    const runner = await openRunner(ort, request, choice);
    const results = await resultsOf(runner, folder, request);
    await runner.release();
    all.push(...results.map((result) => ({ ...result, stage: `browser ${result.stage}` })));
  }
  return all;
}

Object.assign(globalThis, { runConformance: run });
