/** The media worker: opens files and decodes the wanted frames; the pixel worker makes pictures of them. */
/// <reference lib="webworker" />
import '../thread/requests.ts';
import { CodedError } from '../../core/errors.ts';
import { expose, releaseCallback, transfer } from '../thread/rpc.ts';
import type {
  DecodedFrameImage,
  DecodeReport,
  DeliveredFrame,
  FrameImage,
  FrameRequest,
  MediaApi,
  OpenedVideo,
} from './api.ts';
import { codecSupport, isSupported } from './codecs.ts';
import { decodeFrames, substitution, type WantedSink } from './decode.ts';
import { FeatureReading, featurePool } from './feature-reading.ts';
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
      const since = (start: number) => (performance.now() - start) / 1000;
      const wanted = new Set(request.indices);
      const read = request.features && new FeatureReading(id, video, request.features);
      const { rules, size, thumbnailOf } = request;
      const pictured = thumbnailOf && new Set(thumbnailOf);
      const formOf = (index: number) => ({
        rules,
        size,
        thumbnail: !pictured || pictured.has(index) ? request.thumbnail : 0,
      });
      // The callback has a channel of its own: its answers tell that the page has had every frame before the report.
      const received: unknown[] = [];
      const deliver: WantedSink = async (index, used, frame) => {
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
      };
      const sink: WantedSink = async (index, used, frame) => {
        const [delivers, reads] = [wanted.has(index), read?.wanted.has(index)];
        const copy = delivers && reads ? frame.clone() : frame;
        await Promise.all([
          delivers ? deliver(index, used, frame) : null,
          reads ? read!.add(index, used, copy) : null,
        ]);
      };
      const all = new Set([...wanted, ...(read?.wanted ?? [])]);
      const decoded = all.size
        ? await decodeFrames(video, all, sink, { software: request.software ?? false, signal })
        : 0;
      await Promise.all(received);
      releaseCallback(onFrame);
      const features = await read?.report(signal);
      return { decoded, wanted: wanted.size, seconds: since(begun), ...(features && { features }) };
    });
  },

  prepareFeatures(): void {
    featurePool.prepare();
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
