/** Types that cross between the page and the model worker. */

import type { HumanHead } from '../../core/answer/human-head.ts';
import type { Manifest } from '../../core/files/manifest.ts';
import type { Profile } from '../../core/sampling/profiles.ts';
import type { PackageSpeeds } from '../../core/stats/benchmark.ts';
import type { Vqa2Manifest } from '../../core/vqa2/manifest.ts';
import type { Vqa2Api } from './vqa2/api.ts';

export type Backend = 'webgpu' | 'wasm';
export type Dtype = 'fp32' | 'fp16' | 'q8' | 'q4' | 'q4f16';

/** One file of a folder that the user dropped or chose. */
export interface FolderFile {
  /** Path inside the folder, `/` between parts. */
  readonly path: string;
  readonly file: File;
  /** True for a file of the page's own store, whose hash was compared with the manifest when it arrived. */
  readonly checked?: boolean;
}

/** A package by address (a folder, ends in `/`), or as files of a folder. */
export type PackageSource =
  | { readonly kind: 'url'; readonly base: string }
  | { readonly kind: 'files'; readonly files: readonly FolderFile[] };

export interface LoadOptions {
  readonly backend?: Backend | 'auto';
  readonly dtype?: Dtype;
  /** Processor threads for WASM; default: one for a small package, else all cores; 1 where the page is not isolated. */
  readonly threads?: number;
}

export interface LoadProgress {
  /**
   * `check`: files are fetched and compared with the manifest. `open`: weights go to the device. `test`: the decoder runs
   * for the first time, for which the browser compiles its kernels.
   */
  readonly stage: 'check' | 'open' | 'test';
  readonly loadedBytes: number;
  readonly totalBytes: number;
  readonly file: string;
}

/** Reason for the choice of back end, as a code; the page has a text for each. */
export type BackendReason =
  | 'gpu'
  | 'software-adapter'
  | 'no-adapter'
  | 'no-webgpu'
  | 'asked'
  | 'no-variant'
  /** The adapter computed a better variant wrongly. */
  | 'self-test'
  | 'device-lost';

/** Where and how a package was loaded. */
export interface Placement {
  readonly manifestSha256: string;
  readonly dtype: Dtype;
  readonly backend: Backend;
  readonly reason: BackendReason;
  /** Adapter as the browser names it, empty on WASM. */
  readonly adapter: string;
  readonly threads: number;
  readonly seconds: number;
  readonly bytes: number;
}

/** A model that answers in words. */
export interface LoadedModel extends Placement {
  readonly manifest: Manifest;
  readonly profile: Profile;
  /** The package's head that estimates human scores, where it has one. */
  readonly humanHead: HumanHead | null;
}

/** A model of VQA². */
export interface LoadedVqa2 extends Placement {
  readonly manifest: Vqa2Manifest;
}

export type LoadedPackage = LoadedModel | LoadedVqa2;

export function isVqa2(loaded: LoadedPackage): loaded is LoadedVqa2 {
  return loaded.manifest.family === 'vqa2';
}

export interface ModelFrame {
  /** Cache key: file, source frame, pixel rule and size. Equal keys mean equal pixels. */
  readonly key: string;
  /** [size, size, 3] uint8 RGB; may be left out where `has(key)` is true: its features are cached. */
  readonly rgb?: Uint8Array<ArrayBuffer>;
}

export interface AssessRequest {
  readonly job: number;
  /** N frames of the vision branch, in prompt order. */
  readonly vision: readonly ModelFrame[];
  /** Frames of the motion branch in time order: the same N, or 2N for pairs. */
  readonly motion: readonly ModelFrame[];
  /** Quality features, NaN where missing, for a package that reads them. */
  readonly features?: readonly number[];
  readonly sampling:
    | { readonly kind: 'greedy' }
    | { readonly kind: 'sample'; readonly temperature: number; readonly topK: number; readonly seed: number };
  readonly maxTokens: number;
  /** Text already written, to go on after a stop. */
  readonly prefix?: string;
}

export type AssessEvent =
  | { readonly stage: 'encodeVision'; readonly done: number; readonly total: number; readonly reused: number }
  | { readonly stage: 'encodeMotion'; readonly reused: boolean }
  /** Prompt tokens, and those of them whose keys and values are in the cache. */
  | { readonly stage: 'prefill'; readonly tokens: number; readonly done: number }
  | { readonly stage: 'generate'; readonly text: string; readonly tokens: number };

/**
 * Called with each event; the reply is true to go on and false to stop. The worker generates at most `AHEAD` tokens
 * beyond the last event that has a reply, so that a stop takes effect however fast the model is.
 */
export type OnEvent = (event: AssessEvent) => boolean | Promise<boolean>;

/**
 * Tokens that may be generated beyond the last event with a reply. About 30 ms of the small model, so that a busy page
 * does not slow generation down.
 */
export const AHEAD = 64;

export interface RawAnswer {
  /** The generated text without special tokens. */
  readonly text: string;
  readonly tokens: number;
  /** Reason for the end: end token, `maxTokens`, or a stop. */
  readonly end: 'eos' | 'length' | 'aborted';
  /** Expected score from the probabilities at the score's digits, null when no score was written. */
  readonly expected: number | null;
  /** Duration of each stage in seconds. */
  readonly seconds: {
    readonly encodeVision: number;
    readonly encodeMotion: number;
    readonly prefill: number;
    readonly generate: number;
  };
  readonly framesReused: number;
}

/** Next measurement of a benchmark. */
export type BenchmarkStage = 'prefill' | 'decode' | 'firstWord';

/** Methods of the worker. Errors are `CodedError` with the `model/*` and `run/*` codes. */
export interface WorkerApi extends Omit<ModelApi, 'load'>, Vqa2Api {
  load(
    source: PackageSource,
    options: LoadOptions,
    onProgress: (p: LoadProgress) => void,
  ): Promise<LoadedPackage>;
}

/** The part of the worker for models that answer in words. */
export interface ModelApi {
  load(
    source: PackageSource,
    options: LoadOptions,
    onProgress: (p: LoadProgress) => void,
  ): Promise<LoadedModel>;
  has(keys: readonly string[]): Promise<boolean[]>;
  /**
   * Runs the vision encoder ahead of `assess`, while later frames are still being decoded.
   *
   * @param order keys of all vision frames in prompt order; the prompt is then prefilled up to the first frame without
   *   features
   */
  encodeVision(frames: readonly ModelFrame[], order?: readonly string[]): Promise<void>;
  assess(request: AssessRequest, onEvent: OnEvent): Promise<RawAnswer>;
  /** Measures the loaded package; an abort rejects it with `AbortError`. */
  benchmark(job: number, onStage: (stage: BenchmarkStage) => void): Promise<PackageSpeeds>;
  /** Stops before the next frame, piece of the prompt or token; the running `assess` resolves with `end: 'aborted'` and the text so far. */
  abort(job: number): void;
  unload(): Promise<void>;
}
