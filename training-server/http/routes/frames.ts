/** Thumbnails of the frames of videos that a run has completions for. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { CodedError } from '../../../core/errors.ts';
import type { Runs } from '../../runs/api.ts';
import { type Route, route } from '../route.ts';
import type { Services } from '../services.ts';
import { runParams } from './runs.ts';

interface ReadVideos {
  readonly videos: Set<string>;
  /** Bytes of the file that were read, up to the end of a line. */
  readonly offset: number;
}

/**
 * Videos named in a run's `completions.jsonl`. The file grows at its end and is read incrementally; a run that resumes from
 * a checkpoint truncates it, and then it is read from the start.
 */
class VideosOf {
  readonly #runs: Runs;
  readonly #read = new Map<string, ReadVideos>();

  constructor(runs: Runs) {
    this.#runs = runs;
  }

  async has(run: string, video: string): Promise<boolean> {
    const file = join(this.#runs.folder(run), 'completions.jsonl');
    const size = (await stat(file).catch(() => null))?.size ?? 0;
    const before = this.#read.get(run);
    if (before?.offset === size) return before.videos.has(video);
    const grown = before !== undefined && before.offset <= size ? await readOn(file, before) : null;
    const read = grown ?? (await readOn(file, { videos: new Set(), offset: 0 }));
    if (read === null) return false;
    this.#read.set(run, read);
    return read.videos.has(video);
  }
}

/** Reads the lines after `offset`; null where no line begins there, or where the file cannot be read. */
async function readOn(path: string, { videos, offset }: ReadVideos): Promise<ReadVideos | null> {
  const named = new Set(videos);
  let end = offset;
  let broken = false;
  const file = createReadStream(path, { start: offset });
  file.on('error', () => {}); // no completions yet
  try {
    for await (const line of createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (broken) return null; // only a last line may be half written
      const video = videoOf(line);
      broken = video === null;
      if (video === null) continue;
      named.add(video);
      end += Buffer.byteLength(line) + 1;
    }
  } catch {
    return null;
  }
  return { videos: named, offset: end };
}

function videoOf(line: string): string | null {
  try {
    const { video } = JSON.parse(line) as { video?: unknown };
    return typeof video === 'string' ? video : null;
  } catch {
    return null;
  }
}

const digits = z.string().regex(/^\d{1,9}$/, 'must be a whole number');

export function frameRoutes({ runs, roots, videoProbe }: Services): Route[] {
  const videos = new VideosOf(runs);
  return [
    route({
      method: 'GET',
      path: '/api/runs/:id/frames',
      tag: 'runs',
      summary: 'A source frame of a video of the run, at most 192 pixels wide',
      params: runParams,
      query: z.strictObject({
        video: z.string().min(1).max(4096).describe('Path as in the completions'),
        index: digits.transform(Number).describe('Source frame'),
      }),
      sends: 'image/jpeg',
      fails: ['train/run', 'train/frame', 'train/path'],
      handle: async ({ params, query: { video, index }, request, response, headers }) => {
        runs.get(params.id);
        if (!(await videos.has(params.id, video)))
          throw new CodedError('train/frame', { index, problem: 'the run has no such video' });
        // A symbolic link that has replaced the file since then is resolved and checked again.
        const jpeg = await videoProbe.frame(await roots.resolve(video, 'video'), index);
        response.writeHead(200, {
          ...headers,
          'Content-Type': 'image/jpeg',
          'Content-Length': jpeg.length,
          'Cache-Control': 'private, max-age=3600',
        });
        response.end(request.method === 'HEAD' ? undefined : jpeg);
        return null;
      },
    }),
  ];
}
