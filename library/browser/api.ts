/** Calls between the client of `vqathinker/browser` and its worker. */
import type { LoadProgress, PackageSource } from '../../workers/model/api.ts';
import type { ModelFacts, ScoreOptions, ScoreProgress, VideoScore } from '../video-score.ts';

/** Callbacks and signal do not cross the thread. */
export type PlainScoreOptions = Pick<ScoreOptions, 'every' | 'people' | 'strict'>;

export type ScoreEvent =
  | { readonly kind: 'progress'; readonly progress: ScoreProgress }
  | { readonly kind: 'text'; readonly text: string };

export interface OpenRequest {
  readonly source: PackageSource;
  /** Addresses of onnxruntime's two files. */
  readonly runtime: { readonly mjs: string; readonly wasm: string };
}

export interface LibraryApi {
  /** @throws CodedError `model/*` */
  open(request: OpenRequest, onProgress: (progress: LoadProgress) => void): Promise<ModelFacts>;
  /**
   * One video after the other, in the order of the calls.
   *
   * @param video a file, or an address that the worker fetches
   * @throws CodedError `media/*`, `model/*`, `run/*`; AbortError
   */
  score(
    job: number,
    video: File | string,
    options: PlainScoreOptions,
    onEvent: (event: ScoreEvent) => void,
  ): Promise<VideoScore>;
  abort(job: number): void;
}
