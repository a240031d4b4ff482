/** The media worker: opens files, decodes the wanted frames, makes pictures of them. */
/// <reference lib="webworker" />
import '../requests.ts';
import { CodedError } from '../../src/core/errors.ts';
import { expose, transfer } from '../rpc.ts';
import type { DecodeReport, DeliveredFrame, FrameRequest, MediaApi, OpenedVideo, Picture } from './api.ts';
import { codecSupport, isSupported } from './codecs.ts';
import { decodeFrames } from './decode.ts';
import { FramePixels, tablesOf } from './pixels.ts';
import { hasPlanes, PlaneReader } from './planes.ts';
import { Video } from './video.ts';
import { colourTables } from './yuv.ts';

const videos = new Map<number, Video>();
const jobs = new Map<number, AbortController>();
const reader = new PlaneReader();
/** For frames that the browser has turned into RGB itself. */
const ready = colourTables({ matrix: 'identity', range: 'full' }, 8);
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

/** Copies the planes, closes the frame, and lends the pixels to `look`. */
function withPixels<T>(
  video: Video,
  look: (pixels: FramePixels, foreign: boolean) => T,
): (frame: VideoFrame) => Promise<T> {
  const tables = tablesOf(video.facts.colour);
  return async (frame) => {
    const foreign = !hasPlanes(frame.format);
    const planes = await reader.read(frame);
    frame.close();
    try {
      const use = foreign ? ready : tables(planes.bitDepth);
      return look(new FramePixels(planes, use, video.index.rotation), foreign);
    } finally {
      reader.release(planes);
    }
  };
}

function validateIndices(video: Video, indices: readonly number[]): void {
  for (const index of indices)
    if (!Number.isInteger(index) || index < 0 || index >= video.facts.frames)
      throw new RangeError(`Frame ${index} is not one of ${video.facts.frames}.`);
}

const api: MediaApi = {
  async open(file: File): Promise<OpenedVideo> {
    const video = await Video.open(file);
    if (!(await isSupported(video.config(false)))) throw video.unsupported();
    videos.set(++lastId, video);
    return { id: lastId, ...video.opened };
  },

  frames(id, request: FrameRequest, onFrame, job): Promise<DecodeReport> {
    const video = videoOf(id);
    validateIndices(video, request.indices);
    return asJob(job, async (signal) => {
      const begun = performance.now();
      const wanted = new Set(request.indices);
      // The callback has a channel of its own: its answers tell that the page has had every frame before the report.
      const received: unknown[] = [];
      const look = withPixels(video, (pixels, foreign) => ({
        rgb: request.rules.map((rule) => pixels.input(rule, request.size)),
        thumbnail: request.thumbnail > 0 ? pixels.thumbnail(request.thumbnail) : undefined,
        foreign,
      }));
      const decoded = await decodeFrames(
        video,
        wanted,
        async (index, used, frame) => {
          const { rgb, thumbnail, foreign } = await look(frame);
          const bitmap = thumbnail && (await bitmapOf(thumbnail));
          if (signal.aborted) return;
          const delivered: DeliveredFrame = {
            index,
            time: video.times[index]!,
            rgb,
            ...(used !== index ? { substituted: used } : {}),
            ...(bitmap ? { thumbnail: bitmap } : {}),
            ...(foreign ? { foreignColour: true as const } : {}),
          };
          const owned = [...rgb.map((picture) => picture.buffer), ...(bitmap ? [bitmap] : [])];
          received.push(onFrame(transfer(delivered, owned)));
        },
        { software: request.software ?? false, signal },
      );
      await Promise.all(received);
      return { decoded, wanted: wanted.size, seconds: (performance.now() - begun) / 1000 };
    });
  },

  picture(id, index, job): Promise<Picture> {
    const video = videoOf(id);
    validateIndices(video, [index]);
    return asJob(job, async (signal) => {
      const look = withPixels(video, (pixels) => pixels.picture());
      let picture: Picture | undefined;
      const sink = async (_index: number, _used: number, frame: VideoFrame) => {
        picture = await look(frame);
      };
      await decodeFrames(video, [index], sink, { software: false, signal });
      if (!picture) throw new CodedError('media/damaged');
      return transfer(picture, [picture.rgba.buffer]);
    });
  },

  codecs: codecSupport,

  ping(): void {},

  abort(job): void {
    jobs.get(job)?.abort(new DOMException('The job was stopped.', 'AbortError'));
  },

  close(id): void {
    videos.delete(id);
  },
};

function bitmapOf({ rgba, width, height }: Picture): Promise<ImageBitmap> {
  return createImageBitmap(new ImageData(rgba, width, height), { colorSpaceConversion: 'none' });
}

expose(api);
