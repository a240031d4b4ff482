/** Small pictures of the frames that a run's answers speak of. */
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

interface Known {
  readonly videos: Set<string>;
  /** Bytes of the record that were read: whole lines. */
  readonly offset: number;
}

/**
 * Videos that a run's own record of answers names. The record grows at its end, and is read on from where it was read to; a
 * run that goes back to a checkpoint cuts it, and then it is read from its beginning.
 */
class VideosOf {
  readonly #runs: Runs;
  readonly #known = new Map<string, Known>();

  constructor(runs: Runs) {
    this.#runs = runs;
  }

  async has(run: string, video: string): Promise<boolean> {
    const file = join(this.#runs.folder(run), 'completions.jsonl');
    const size = (await stat(file).catch(() => null))?.size ?? 0;
    const before = this.#known.get(run);
    if (before?.offset === size) return before.videos.has(video);
    const grown = before !== undefined && before.offset <= size ? await readOn(file, before) : null;
    const known = grown ?? (await readOn(file, { videos: new Set(), offset: 0 }));
    if (known === null) return false;
    this.#known.set(run, known);
    return known.videos.has(video);
  }
}

/** What is known with the lines behind it; null where no line begins there, or the file cannot be read. */
async function readOn(path: string, { videos, offset }: Known): Promise<Known | null> {
  const found = new Set(videos);
  let read = offset;
  let broken = false;
  const file = createReadStream(path, { start: offset });
  file.on('error', () => {}); // no answers yet
  try {
    for await (const line of createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (broken) return null; // what could not be read was not the last line, half written
      const named = videoOf(line);
      broken = named === null;
      if (named === null) continue;
      found.add(named);
      read += Buffer.byteLength(line) + 1;
    }
  } catch {
    return null;
  }
  return { videos: found, offset: read };
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
