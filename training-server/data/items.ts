/** Items of a source of videos: one type for all kinds of sources. */
import type { CodedErrorData } from '../../core/errors.ts';
import type { DataSource } from '../../core/training/recipe-data.ts';

export interface DataItem {
  /** Real path of the video, within a root. */
  readonly path: string;
  /** Label on the scale of training, after the source's rule; null in a source of paths. */
  readonly mos: number | null;
  /** Name of the source. */
  readonly source: string;
  /** Unique within the source, the same on every machine and in every run. */
  readonly id: string;
  /** A written answer for `sft`, where the source has one. */
  readonly text?: string;
  /** Dense targets for `regression_pretrain` and `fit` by name, where the source has them: severities of the distortions, 0–1. */
  readonly targets?: Readonly<Record<string, number>>;
}

/** Frame counts and sizes of videos, as the engine's `probe` gives them; one answer a path, in order. */
export type Probe = (
  paths: readonly string[],
) => Promise<
  readonly { frames: number; width: number; height: number; fps: number; error?: string | undefined }[]
>;

export interface LoadOptions {
  /** Without it no video is opened: `unreadable` stays empty and `seconds` null. */
  readonly probe?: Probe;
  /** Milliseconds that opening the videos of all sources may take; those not reached count as readable, and a warning says how many. */
  readonly probeMs?: number;
  /** Folder of procedural clips; required for their sources. */
  readonly cache?: string;
  /** False only counts clips that are not generated yet: a request must not wait for them, a run does. */
  readonly draw?: boolean;
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/** One source in a validation report (`validationReportSchema`), but for its role. */
export interface SourceReport {
  name: string;
  /** Rows that can be used. */
  videos: number;
  missing: string[];
  unreadable: string[];
  duplicates: string[];
  /** Every row that is not used, with file, line (or number of the record), path and reason. */
  leftOut: string[];
  labels: [number, number] | null;
  /** Playing time of all videos; null where none was opened. */
  seconds: number | null;
}

export interface LoadedSource {
  /** Usable videos (existing, readable, labelled, without duplicates) in the file's order. */
  readonly items: readonly DataItem[];
  readonly report: SourceReport;
  /** Faults that must be corrected before a run starts. */
  readonly errors: readonly CodedErrorData[];
  /** Faults of single videos, which are left out. */
  readonly warnings: readonly CodedErrorData[];
}

/** A source with its name in the recipe. */
export interface NamedSource {
  readonly name: string;
  readonly source: DataSource;
}
