/** A scored file as every format writes it. */
import { CodedError, type CodedErrorData } from '../../core/errors.ts';
import type { VideoScore } from '../../library/video-score.ts';

export type { ModelFacts } from '../../library/video-score.ts';

export interface Scored extends VideoScore {
  readonly path: string;
  /** The score on the scale of a calibration, where one was given. */
  readonly calibrated?: number | null;
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
