import type { OpenedVideo } from '../../../workers/media/api.ts';
import type { MediaClient } from '../../../workers/media/client.ts';
import type { LoadedModel } from '../../../workers/model/api.ts';
import { sampledPlan } from './frame-plan.ts';
import { type Assessment, type RunOptions, runAssessment } from './run-assessment.ts';
import type { Stage } from './stages.ts';

/** The part of the media worker's client that a run calls. */
export type FrameSource = Pick<MediaClient, 'open' | 'frames'>;

export interface FileRunOptions extends Omit<RunOptions, 'media' | 'model'> {
  readonly file: File;
  /** The opened video of an earlier run of this file. */
  readonly video: OpenedVideo | null;
  readonly media: FrameSource;
  /** Resolves when the model is loaded; its profile chooses the frames. */
  readonly model: Promise<LoadedModel>;
}

export interface FileAssessment extends Assessment {
  readonly video: OpenedVideo;
  readonly model: LoadedModel;
}

export interface OpenedFile<M> {
  readonly video: OpenedVideo;
  readonly model: M;
  /** Seconds that the index took; 0 for an opened video. */
  readonly index: number;
}

/**
 * Opens a file while the model is being loaded.
 *
 * @throws CodedError of the media and model workers; AbortError
 */
export async function openFile<M>(
  options: Pick<FileRunOptions, 'file' | 'video' | 'media' | 'signal' | 'onEvent'> & {
    readonly model: Promise<M>;
  },
): Promise<OpenedFile<M>> {
  const { file, media, signal, onEvent } = options;
  // A failure of the model is reported where it is awaited, not as an unhandled rejection while the file is opened.
  options.model.catch(() => {});
  const begun = performance.now();
  const since = (start: number) => (performance.now() - start) / 1000;
  onEvent({ kind: 'stage', stage: 'index' });
  const video = options.video ?? (await media.open(file, signal));
  const index = options.video ? 0 : since(begun);
  onEvent({ kind: 'opened', video });

  const opened = performance.now();
  const model = await options.model;
  signal.throwIfAborted();
  onEvent({ kind: 'waited', seconds: since(opened) });
  return { video, model, index };
}

/**
 * Opens a file while the model is being loaded, then assesses the whole video.
 *
 * @throws as `runAssessment` does
 */
export async function assessFile(options: FileRunOptions): Promise<FileAssessment> {
  return assessOpened(await openFile(options), options);
}

/** Assesses the whole of an opened video. @throws as `runAssessment` does */
export async function assessOpened(
  { video, model, index }: OpenedFile<LoadedModel>,
  options: Omit<FileRunOptions, 'model'>,
): Promise<FileAssessment> {
  const plan = sampledPlan(model.profile, { from: 0, frames: video.facts.frames });
  const assessment = await runAssessment({ file: options.file, video }, plan, { ...options, model });
  const reused: readonly Stage[] = options.video ? ['index', ...assessment.reused] : assessment.reused;
  return { ...assessment, reused, seconds: { ...assessment.seconds, index }, video, model };
}
