/** The score of one video. Keys are snake_case where readers of UVQ and DOVER expect them. */
import type { HumanEstimate } from '../core/answer/human-head.ts';
import type { MediaNotice } from '../core/text/media-notices.ts';

export interface ModelFacts {
  readonly name: string;
  /** Of the package's manifest, hex. */
  readonly sha256: string;
}

export interface VideoScore {
  /** Null where the text holds no readable score. */
  readonly score: number | null;
  /** Lowest and highest possible score. */
  readonly scale: readonly [number, number];
  /** Grade 1 to 5; null without a score. */
  readonly band: number | null;
  /** The model's text as generated. */
  readonly text: string;
  /** Ids of the distortions that the text names. */
  readonly distortions: readonly string[];
  /** Source frames of the vision branch. */
  readonly frame_indices: readonly number[];
  /** With parts: of each of these frames, the score of the part in which it lies; else empty, for no frame has a score. */
  readonly per_frame_scores: readonly (number | null)[];
  /** Frames that could not be decoded, so that others were used. */
  readonly substituted: number;
  /** Estimate of people's score by the package's head on quality features; null where the video or the package has none. */
  readonly human_estimate?: HumanEstimate | null;
  /** Scores of the parts, with their begin and end in seconds. */
  readonly scores?: readonly (number | null)[];
  readonly times?: readonly (readonly [number, number])[];
  readonly video: {
    readonly codec: string;
    /** Size as shown, in pixels. */
    readonly width: number;
    readonly height: number;
    /** Frames a second; 0 when unknown. */
    readonly fps: number;
    readonly frames: number;
    /** Seconds. */
    readonly duration: number;
  };
  /** Properties of the file that its reader should know, as codes; `mediaNoticeText` has their texts. */
  readonly notices: readonly MediaNotice[];
  readonly model: ModelFacts;
  /** Milliseconds that it took. */
  readonly ms: number;
}

/** Stage of a run: `fetch` counts bytes, `decode` and `encode` count frames; `generate` has no total. */
export interface ScoreProgress {
  readonly stage: 'fetch' | 'decode' | 'encode' | 'generate';
  readonly done: number;
  /** Absent where it is not known. */
  readonly total?: number;
}

export interface ScoreOptions {
  /** Length in seconds of the parts that are scored too; 0, the default, is none. */
  readonly every?: number;
  /** True: the estimate of people's score too, which decodes and measures more frames. */
  readonly people?: boolean;
  /** True: refuses a video whose pixels must be mapped to be scored, which is HDR (PQ or HLG). */
  readonly strict?: boolean;
  /** Rejects with AbortError. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ScoreProgress) => void;
  /** Called with the text so far, while it is generated. */
  readonly onText?: (text: string) => void;
}
