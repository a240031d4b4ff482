/** Response with a file or a byte range of it (RFC 9110 §14); size and type are those of the opened file. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CodedError } from '../../core/errors.ts';
import { parseRange } from '../../scripts/serve.mjs';
import type { Asked } from './route.ts';

type Request = Pick<Asked<unknown, unknown, unknown>, 'request' | 'response' | 'headers' | 'signal'>;

/**
 * @param folder a folder that the server itself wrote
 * @param path a path of the package's manifest (`isPackagePath`), or `manifest.json`
 * @param etag strong validator of the content, e.g. its SHA-256
 * @throws the error `absent` where there is no such file, `train/range` {size}
 */
export async function sendFile(
  { request, response, headers, signal }: Request,
  folder: string,
  path: string,
  type: string,
  absent: CodedError,
  etag?: string,
): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(join(folder, path), constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    throw absent;
  }
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) throw absent;
    const { size } = facts;
    const tag = `"${etag ?? `${size.toString(36)}-${Math.round(facts.mtimeMs).toString(36)}`}"`;
    const fileHeaders = {
      ...headers,
      'Content-Type': type,
      'Accept-Ranges': 'bytes',
      ETag: tag,
      'Cache-Control': 'no-cache',
    };
    if (request.headers['if-none-match'] === tag) {
      response.writeHead(304, fileHeaders).end();
      return;
    }
    // A range of another version must not be appended to the client's part.
    const condition = request.headers['if-range'];
    const range =
      condition === undefined || condition === tag ? parseRange(request.headers.range, size) : null;
    if (range === false) {
      response.setHeader('Content-Range', `bytes */${size}`);
      throw new CodedError('train/range', { size });
    }
    const { start, end } = range ?? { start: 0, end: size - 1 };
    response.writeHead(range ? 206 : 200, {
      ...fileHeaders,
      'Content-Length': end - start + 1,
      ...(range && { 'Content-Range': `bytes ${start}-${end}/${size}` }),
    });
    if (request.method === 'HEAD' || size === 0) response.end();
    else await pipeline(handle.createReadStream({ start, end, autoClose: false }), response, { signal });
  } finally {
    await handle.close();
  }
}
