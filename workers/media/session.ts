/** Open videos and the jobs on them: decodes the wanted frames, and has pictures made of them. */
import { CodedError } from '../../core/errors.ts';
import { releaseCallback, transfer } from '../thread/rpc.ts';
import type {
  CodecSupport,
  DecodedFrameImage,
  DecodeReport,
  DeliveredFrame,
  FrameImage,
  FrameRequest,
  MediaApi,
  OpenedVideo,
  SeekHint,
} from './api.ts';
import { codecSupport, isSupported } from './codecs.ts';
import { decodeFrames, substitution, type WantedSink } from './decode.ts';
import { FeatureReading, type FeatureWorkers, type FrameRange } from './feature-reading.ts';
import type { PixelApi } from './frame-images.ts';
import { SeekPool } from './seek-pool.ts';
import { Video } from './video.ts';

/** Errors of a positioned decoder after which decoding from the key frame may still succeed: damaged packets, a decoder that the browser took back. */
const unlessAborted = (signal: AbortSignal) => () => {
  signal.throwIfAborted();
  return undefined;
};

const transferImage = (
  image: FrameImage & Pick<DecodedFrameImage, 'substituted'>,
  decoded: number,
): DecodedFrameImage => transfer({ ...image, decoded }, [image.rgba.buffer]);

function validateIndices(video: Video, indices: readonly number[]): void {
  for (const index of indices)
    if (!Number.isInteger(index) || index < 0 || index >= video.facts.frames)
      throw new RangeError(`Frame ${index} is not one of ${video.facts.frames}.`);
}

/** Threads that a session leaves its work to; in one thread, the work itself. */
export interface MediaParts {
  readonly pixels: PixelApi;
  /** Starts what makes the pictures, so that the first frame does not wait for it. */
  readonly preparePixels?: () => void;
  readonly features: FeatureWorkers;
}

export class MediaSession implements MediaApi {
  readonly #parts: MediaParts;
  readonly #videos = new Map<number, Video>();
  readonly #seekPools = new Map<number, SeekPool>();
  readonly #jobs = new Map<number, AbortController>();
  #lastId = 0;

  constructor(parts: MediaParts) {
    this.#parts = parts;
  }

  #videoOf(id: number): Video {
    const video = this.#videos.get(id);
    if (!video) throw new RangeError(`Video ${id} is not open.`);
    return video;
  }

  /** Runs under an abort signal that `abort(job)` fires. */
  async #asJob<T>(job: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#jobs.set(job, controller);
    try {
      return await work(controller.signal);
    } finally {
      if (this.#jobs.get(job) === controller) this.#jobs.delete(job);
    }
  }

  async open(file: File): Promise<OpenedVideo> {
    const video = await Video.open(file);
    if (!(await isSupported(video.config(false)))) throw video.unsupported();
    this.#parts.preparePixels?.();
    this.#videos.set(++this.#lastId, video);
    return { id: this.#lastId, ...video.opened };
  }

  frames(
    id: number,
    request: FrameRequest,
    onFrame: (frame: DeliveredFrame) => void,
    job: number,
  ): Promise<DecodeReport> {
    const video = this.#videoOf(id);
    validateIndices(video, request.indices);
    return this.#asJob(job, async (signal) => {
      const begun = performance.now();
      const since = (start: number) => (performance.now() - start) / 1000;
      const wanted = new Set(request.indices);
      const read = request.features && this.#reading(id, video, request.features);
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
        const { rgb, thumbnail, foreign, width, height } = await this.#parts.pixels.images(
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
  }

  #reading(id: number, video: Video, range: FrameRange): FeatureReading {
    return new FeatureReading({ id, video, range }, this.#parts);
  }

  prepareFeatures(): void {
    this.#parts.features.prepare();
  }

  frameImage(id: number, index: number, job: number): Promise<DecodedFrameImage> {
    const video = this.#videoOf(id);
    validateIndices(video, [index]);
    return this.#asJob(job, async (signal) => {
      const near = await this.#seekPools
        .get(id)
        ?.frame(video.shown(index), signal)
        .catch(unlessAborted(signal));
      if (near)
        return transferImage(await this.#parts.pixels.image(near.frame, video.frameFacts), near.decoded);
      let image: (FrameImage & { substituted?: number }) | undefined;
      const sink: WantedSink = async (_index, used, frame) => {
        image = {
          ...(await this.#parts.pixels.image(frame, video.frameFacts)),
          ...substitution(video, index, used),
        };
      };
      const decoded = await decodeFrames(video, [index], sink, { software: false, signal });
      if (!image) throw new CodedError('media/damaged');
      return transferImage(image, decoded);
    });
  }

  setSeekHint(id: number, hint: SeekHint | null): void {
    const video = this.#videos.get(id);
    if (!video) return;
    const pool = this.#seekPools.get(id);
    if (!hint) {
      this.#seekPools.delete(id);
      pool?.close();
      return;
    }
    const made = pool ?? new SeekPool(video);
    this.#seekPools.set(id, made);
    made.setHint(hint);
  }

  codecs(): Promise<readonly CodecSupport[]> {
    return codecSupport();
  }

  ping(): void {}

  abort(job: number): void {
    this.#jobs.get(job)?.abort(new DOMException('The job was stopped.', 'AbortError'));
  }

  close(id: number): void {
    this.#seekPools.get(id)?.close();
    this.#seekPools.delete(id);
    this.#videos.delete(id);
  }
}
