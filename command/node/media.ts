/** The media session in Node's own thread, with the decoder of an installed WebCodecs package. */
import { openAsBlob, statSync } from 'node:fs';
import { basename } from 'node:path';
import { featureWork } from '../../workers/features/feature-work.ts';
import type { MediaClient } from '../../workers/media/client.ts';
import type { FeatureWorkers } from '../../workers/media/feature-reading.ts';
import { frameImages } from '../../workers/media/frame-images.ts';
import { MediaSession } from '../../workers/media/session.ts';

export type NodeMedia = Pick<MediaClient, 'open' | 'frames' | 'codecs' | 'close'>;

/** Computes features in this thread: several files are scored by several processes. */
function featuresHere(): FeatureWorkers {
  const work = featureWork();
  return {
    sample: async (...frames) => work.sample(...frames),
    sharpness: async (frame) => work.sharpness(frame),
    room: async () => {},
    prepare() {},
  };
}

/** A session with the calls of the page's client. */
export function nodeMedia(): NodeMedia {
  const session = new MediaSession({ pixels: frameImages, features: featuresHere() });
  let jobs = 0;
  const asJob = async <T>(signal: AbortSignal | undefined, work: (job: number) => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    const job = ++jobs;
    const stop = () => session.abort(job);
    signal?.addEventListener('abort', stop);
    try {
      return await work(job);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  };
  return {
    open: (file) => session.open(file),
    frames: (id, request, onFrame, signal) =>
      asJob(signal, (job) => session.frames(id, request, onFrame, job)),
    codecs: () => session.codecs(),
    close: (id) => session.close(id),
  };
}

/** A file on disk whose pieces are read when they are wanted. @throws Error of the file system */
export async function fileOf(path: string): Promise<File> {
  const { mtimeMs } = statSync(path);
  return new File([await openAsBlob(path)], basename(path), { lastModified: mtimeMs });
}
