/** Small pictures of the frames that a run's answers speak of. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { CodedError } from '../../../src/core/errors.ts';
import type { Runs } from '../../runs/api.ts';
import { type Route, route } from '../route.ts';
import type { Services } from '../services.ts';
import { runParams } from './runs.ts';

/**
 * Videos that a run's own record of answers names. The record only grows (a resume may cut it): it is read on from where
 * it was read to.
 */
class VideosOf {
  readonly #runs: Runs;
  readonly #read = new Map<string, { videos: Set<string>; offset: number }>();

  constructor(runs: Runs) {
    this.#runs = runs;
  }

  async has(run: string, video: string): Promise<boolean> {
    const known = this.#read.get(run);
    if (known?.videos.has(video)) return true;
    const { videos, offset } = known ?? { videos: new Set<string>(), offset: 0 };
    let read = offset;
    const file = createReadStream(join(this.#runs.folder(run), 'completions.jsonl'), { start: offset });
    file.on('error', () => {}); // no answers yet
    try {
      for await (const line of createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY })) {
        const named = videoOf(line);
        if (named === null) break; // a line that is being written
        videos.add(named);
        read += Buffer.byteLength(line) + 1;
      }
    } catch {
      return false;
    }
    this.#read.set(run, { videos, offset: read });
    return videos.has(video);
  }
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

export function frameRoutes({ runs, roots, desk }: Services): Route[] {
  const videos = new VideosOf(runs);
  return [
    route({
      method: 'GET',
      path: '/api/runs/:id/frames',
      tag: 'runs',
      summary: 'A source frame of a video that the run has answered about, 192 pixels wide at most',
      params: runParams,
      query: z.strictObject({
        video: z.string().min(1).max(4096).describe('As the record of answers names it'),
        index: digits.transform(Number).describe('Source frame'),
      }),
      sends: 'image/jpeg',
      fails: ['train/run', 'train/frame', 'train/path'],
      handle: async ({ params, query: { video, index }, request, response, headers }) => {
        runs.get(params.id);
        if (!(await videos.has(params.id, video)))
          throw new CodedError('train/frame', { index, problem: 'the run has no such video' });
        // A link that was put in its place since then leads nowhere.
        const jpeg = await desk.frame(await roots.resolve(video, 'video'), index);
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
