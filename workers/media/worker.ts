/** The media worker: opens files and decodes the wanted frames; the pixel worker makes pictures of them. */
/// <reference lib="webworker" />
import '../thread/requests.ts';
import { CodedError } from '../../core/errors.ts';
import { featurePlan } from '../../core/sampling/human-features.ts';
import { FeaturePool } from '../features/client.ts';
import { expose, releaseCallback, transfer } from '../thread/rpc.ts';
import type {
  DecodedFrameImage,
  DecodeReport,
  DeliveredFrame,
  FeatureReport,
  FrameImage,
  FrameRequest,
  MediaApi,
  OpenedVideo,
} from './api.ts';
import { codecSupport, isSupported } from './codecs.ts';
import { decodeFrames, substitution, type WantedSink } from './decode.ts';
import { FeatureSamples } from './feature-samples.ts';
import { pixels, preparePixels } from './pixel-client.ts';
import { SeekPool } from './seek-pool.ts';
import { Video } from './video.ts';

const videos = new Map<number, Video>();
const seekPools = new Map<number, SeekPool>();
const jobs = new Map<number, AbortController>();
let lastId = 0;

function videoOf(id: number): Video {
  const video = videos.get(id);
  if (!video) throw new RangeError(`Video ${id} is not open.`);
  return video;
}

/** Runs under an abort signal that `abort(job)` fires. */
async function asJob<T>(job: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  jobs.set(job, controller);
  try {
    return await work(controller.signal);
  } finally {
    if (jobs.get(job) === controller) jobs.delete(job);
  }
}

function validateIndices(video: Video, indices: readonly number[]): void {
  for (const index of indices)
    if (!Number.isInteger(index) || index < 0 || index >= video.facts.frames)
      throw new RangeError(`Frame ${index} is not one of ${video.facts.frames}.`);
}

/** Errors of a positioned decoder after which decoding from the key frame may still succeed: damaged packets, a decoder that the browser took back. */
const unlessAborted = (signal: AbortSignal) => () => {
  signal.throwIfAborted();
  return undefined;
};

const transferImage = (
  image: FrameImage & Pick<DecodedFrameImage, 'substituted'>,
  decoded: number,
): DecodedFrameImage => transfer({ ...image, decoded }, [image.rgba.buffer]);

const api: MediaApi = {
  async open(file: File): Promise<OpenedVideo> {
    const video = await Video.open(file);
    if (!(await isSupported(video.config(false)))) throw video.unsupported();
    preparePixels();
    videos.set(++lastId, video);
    return { id: lastId, ...video.opened };
  },

  frames(id, request: FrameRequest, onFrame, job): Promise<DecodeReport> {
    const video = videoOf(id);
    validateIndices(video, request.indices);
    return asJob(job, async (signal) => {
      const begun = performance.now();
      const wanted = new Set(request.indices);
      const { rules, size, thumbnailOf } = request;
      const pictured = thumbnailOf && new Set(thumbnailOf);
      const formOf = (index: number) => ({
        rules,
        size,
        thumbnail: !pictured || pictured.has(index) ? request.thumbnail : 0,
      });
      // The callback has a channel of its own: its answers tell that the page has had every frame before the report.
      const received: unknown[] = [];
      const decoded = await decodeFrames(
        video,
        wanted,
        async (index, used, frame) => {
          const { rgb, thumbnail, foreign, width, height } = await pixels.images(
            frame,
            video.frameFacts,
            formOf(index),
          );
          if (signal.aborted) {
            thumbnail?.close();
            return;
          }
          const delivered: DeliveredFrame = {
            index,
            time: video.times[index]!,
            rgb,
            ...substitution(video, index, used),
            ...(width === video.facts.width && height === video.facts.height
              ? {}
              : { size: { width, height } }),
            ...(thumbnail ? { thumbnail } : {}),
            ...(foreign ? { foreignColour: true as const } : {}),
          };
          const owned = [...rgb.map(({ buffer }) => buffer), ...(thumbnail ? [thumbnail] : [])];
          received.push(onFrame(transfer(delivered, owned)));
        },
        { software: request.software ?? false, signal },
      );
      await Promise.all(received);
      releaseCallback(onFrame);
      return { decoded, wanted: wanted.size, seconds: (performance.now() - begun) / 1000 };
    });
  },

  features(id, job): Promise<FeatureReport> {
    const video = videoOf(id);
    return asJob(job, async (signal) => {
      const begun = performance.now();
      const plan = featurePlan(video.facts.frames, video.facts.fps);
      const pool = new FeaturePool(navigator.hardwareConcurrency ?? 1);
      const stop = () => pool.close();
      signal.addEventListener('abort', stop);
      try {
        const samples = new FeatureSamples(plan, pool);
        let substituted = 0;
        const sink: WantedSink = async (index, used, frame) => {
          if (used !== video.shown(index)) substituted++;
          samples.add(index, await pixels.planes(frame, video.frameFacts));
        };
        if (samples.wanted.size) await decodeFrames(video, samples.wanted, sink, { software: false, signal });
        return {
          columns: await samples.columns(),
          samples: new Set(plan.blocks.flat()).size,
          sharpnessFrames: plan.sharpness.length,
          substituted,
          seconds: (performance.now() - begun) / 1000,
        };
      } finally {
        signal.removeEventListener('abort', stop);
        stop();
      }
    });
  },

  frameImage(id, index, job): Promise<DecodedFrameImage> {
    const video = videoOf(id);
    validateIndices(video, [index]);
    return asJob(job, async (signal) => {
      const near = await seekPools.get(id)?.frame(video.shown(index), signal).catch(unlessAborted(signal));
      if (near) return transferImage(await pixels.image(near.frame, video.frameFacts), near.decoded);
      let image: (FrameImage & { substituted?: number }) | undefined;
      const sink: WantedSink = async (_index, used, frame) => {
        image = {
          ...(await pixels.image(frame, video.frameFacts)),
          ...substitution(video, index, used),
        };
      };
      const decoded = await decodeFrames(video, [index], sink, { software: false, signal });
      if (!image) throw new CodedError('media/damaged');
      return transferImage(image, decoded);
    });
  },

  setSeekHint(id, hint): void {
    const video = videos.get(id);
    if (!video) return;
    const pool = seekPools.get(id);
    if (!hint) {
      seekPools.delete(id);
      pool?.close();
      return;
    }
    const made = pool ?? new SeekPool(video);
    seekPools.set(id, made);
    made.setHint(hint);
  },

  codecs: codecSupport,

  ping(): void {},

  abort(job): void {
    jobs.get(job)?.abort(new DOMException('The job was stopped.', 'AbortError'));
  },

  close(id): void {
    seekPools.get(id)?.close();
    seekPools.delete(id);
    videos.delete(id);
  },
};

expose(api);
