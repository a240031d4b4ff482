/** A scored file as every format writes it. Keys are snake_case where readers of UVQ and DOVER expect them. */
import type { HumanEstimate } from '../../core/answer/human-head.ts';
import { CodedError, type CodedErrorData } from '../../core/errors.ts';
import type { MediaNotice } from '../../core/text/media-notices.ts';

export interface ModelFacts {
  readonly name: string;
  /** Of the package's manifest, hex. */
  readonly sha256: string;
}

export interface Scored {
  readonly path: string;
  /** Null where the text holds no readable score. */
  readonly score: number | null;
  readonly scale: readonly [number, number];
  /** Grade 1 to 5; null without a score. */
  readonly band: number | null;
  /** The score on the scale of a calibration, where one was given. */
  readonly calibrated?: number | null;
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
    readonly width: number;
    readonly height: number;
    readonly fps: number;
    readonly frames: number;
    readonly duration: number;
  };
  /** Properties of the file that its reader should know, as codes. */
  readonly notices: readonly MediaNotice[];
  readonly model: ModelFacts;
  readonly ms: number;
}

/** A file that could not be scored. */
export interface Unreadable {
  readonly path: string;
  readonly error: CodedErrorData;
}

/** A gate that a scored file did not pass. */
export interface GateFailure {
  readonly gate: 'min' | 'max-drop';
  readonly limit: number;
  /** Score of the reference, for `max-drop`. */
  readonly reference?: number;
}

export type Row = (Scored | Unreadable) & { readonly failed?: readonly GateFailure[] };

/** The score that a reader asked for: calibrated where a calibration was given. */
export const shownScore = ({ score, calibrated }: Pick<Scored, 'score' | 'calibrated'>): number | null =>
  calibrated === undefined ? score : calibrated;

export const isScored = (row: Row): row is Scored & { readonly failed?: readonly GateFailure[] } =>
  'score' in row;

/** Any failure as data; a file system's error keeps its message. */
export function errorData(error: unknown): CodedErrorData {
  if (error instanceof CodedError) return error.toData();
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'command/file', params: { reason: message }, message };
}
