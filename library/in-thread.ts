/** Media and model sessions of this thread behind the calls of the page's clients: an AbortSignal instead of job numbers. */
import type { AnsweringModel } from '../src/assessment/run/run-assessment.ts';
import { featureWork } from '../workers/features/feature-work.ts';
import type { MediaClient } from '../workers/media/client.ts';
import type { FeatureWorkers } from '../workers/media/feature-reading.ts';
import { frameImages } from '../workers/media/frame-images.ts';
import { MediaSession } from '../workers/media/session.ts';
import type { LoadedModel } from '../workers/model/api.ts';
import type { ModelSession } from '../workers/model/model-session.ts';

export type ThreadMedia = Pick<MediaClient, 'open' | 'frames' | 'codecs' | 'close'>;

/** A loaded package and the calls of a run. */
export interface ThreadModel {
  readonly client: AnsweringModel;
  readonly facts: LoadedModel;
  unload(): Promise<void>;
}

/** Runs `work` under a job number of its own, which the signal stops. */
function jobRunner(abort: (job: number) => void) {
  let jobs = 0;
  return async <T>(signal: AbortSignal | undefined, work: (job: number) => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    const job = ++jobs;
    const stop = () => abort(job);
    signal?.addEventListener('abort', stop);
    try {
      return await work(job);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  };
}

/** Computes quality features in this thread. */
function threadFeatures(): FeatureWorkers {
  const work = featureWork();
  return {
    sample: async (...frames) => work.sample(...frames),
    sharpness: async (frame) => work.sharpness(frame),
    room: async () => {},
    prepare() {},
  };
}

export function threadMedia(): ThreadMedia {
  const session = new MediaSession({ pixels: frameImages, features: threadFeatures() });
  const asJob = jobRunner((job) => session.abort(job));
  return {
    open: (file) => session.open(file),
    frames: (id, request, onFrame, signal) =>
      asJob(signal, (job) => session.frames(id, request, onFrame, job)),
    codecs: () => session.codecs(),
    close: (id) => session.close(id),
  };
}

/** @param facts what the session's `load` has returned */
export function threadModel(session: ModelSession, facts: LoadedModel): ThreadModel {
  const asJob = jobRunner((job) => session.abort(job));
  const client: AnsweringModel = {
    encodeVision: (frames, order) => session.encodeVision(frames, order),
    assess: (request, onEvent, signal) =>
      asJob(signal, (job) =>
        session.assess({ ...request, job }, (event) => {
          onEvent(event);
          return signal?.aborted !== true;
        }),
      ),
  };
  return { client, facts, unload: () => session.unload() };
}
