/** Types that cross between the page and the model worker for packages of VQA². */

/** A block behind a placeholder of a prompt. */
export type PromptBlock =
  /** Key frames by their cache keys, in order. */
  | { readonly kind: 'visual'; readonly frames: readonly string[] }
  /** Motion tokens of the dense frames of a clip, by its cache key. */
  | { readonly kind: 'motion'; readonly clip: string };

/** Uses of a decoded frame: key frame, dense frame, or both. */
export interface Vqa2Frame {
  /** [side, side, 3] uint8 RGB, squashed. */
  readonly rgb: Uint8Array<ArrayBuffer>;
  /** Cache key of a key frame. Equal keys mean equal pixels. */
  readonly key?: string;
  /** Numbers of the frame among the `total` dense frames of a clip. */
  readonly dense?: { readonly clip: string; readonly total: number; readonly positions: readonly number[] };
}

/** Work of the worker after a frame. */
export interface FrameReceipt {
  /** Motion tokens of the clip that are computed; 0 for a frame that is no dense frame. */
  readonly motion: number;
}

export interface LevelRequest {
  readonly job: number;
  /** The prompt up to the word that is scored, with `<image>` for each of `blocks`. */
  readonly text: string;
  readonly blocks: readonly PromptBlock[];
}

export type LevelEvent =
  | { readonly stage: 'encodeMotion'; readonly done: number; readonly total: number }
  /** Tokens of the sequence, and those of them whose keys and values are in the cache. */
  | { readonly stage: 'prefill'; readonly tokens: number; readonly done: number };

export interface RawLevels {
  /** Logits of ` high`, ` good`, ` fair`, ` poor`, ` low`; null after a stop. */
  readonly logits: readonly number[] | null;
  /** Length of the sequence. */
  readonly tokens: number;
  /** Tokens of it that an earlier call had computed. */
  readonly reused: number;
  /** Seconds of computation, those of the encoders for the blocks of this request since they were last asked for. */
  readonly seconds: {
    readonly encodeVision: number;
    readonly encodeMotion: number;
    readonly prefill: number;
  };
}

/** The part of the worker for packages of VQA². Errors are `CodedError` with the `run/*` codes. */
export interface Vqa2Api {
  /** For each block, true where all that it needs is in memory. */
  hasBlocks(blocks: readonly PromptBlock[]): Promise<boolean[]>;
  /**
   * Computes what a frame is needed for. Dense frames may come in any order; each is dropped when its neighbours no longer
   * need it. Resolves late while many wait, so that a fast decoder does not fill the memory.
   */
  encodeFrame(frame: Vqa2Frame): Promise<FrameReceipt>;
  /** Drops the dense frames of clips that were begun and never completed. */
  dropFrames(): Promise<void>;
  /**
   * Level logits after a prompt: one prefill, no generation.
   *
   * @throws CodedError `run/dense` {frames, limit}, `run/sequence` {tokens, limit}, `run/pixels` for a block that is
   *   not in memory
   */
  levels(request: LevelRequest, onEvent: (event: LevelEvent) => void): Promise<RawLevels>;
}
