/**
 * Download of one file to disk. It resumes at the end of what is stored, hashes while it writes, and never leaves a file of
 * full length with another hash.
 */
import { CodedError } from '../../core/errors.ts';
import { createSha256, type Digest } from '../../core/files/sha256.ts';
import { networkError } from '../thread/network-error.ts';
import type { Sink } from './folder.ts';

export interface WantedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface FetchOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Called with the bytes of this file so far. They fall only with a `why`. */
  readonly onArrived: (bytes: number, why?: 'server' | 'checksum') => void;
  readonly fetch: typeof fetch;
  /** Waits between attempts, in milliseconds. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

const PIECE = 4 << 20;
/** Attempts in a row without a byte, after which the download fails. */
const ATTEMPTS = 6;
const FIRST_WAIT = 500;

/** Hash of the stored bytes. */
function hashOf(sink: Sink, signal: AbortSignal): Digest {
  const hash = createSha256();
  const piece = new Uint8Array(PIECE);
  for (let at = 0; at < sink.size; ) {
    signal.throwIfAborted();
    const read = sink.read(piece.subarray(0, Math.min(PIECE, sink.size - at)), at);
    if (read === 0) throw new DOMException('the file ends before its size', 'InvalidStateError');
    hash.update(piece.subarray(0, read));
    at += read;
  }
  return hash;
}

class Restart extends Error {}

/** True for a status that another attempt does not change. */
const isFinal = (status: number) => status >= 400 && status < 500 && status !== 408 && status !== 429;

/**
 * @throws CodedError `model/network` {file, host, status?} after several attempts without a byte, or when the server refuses;
 *   `model/checksum` {file} when the bytes are twice not those of the manifest; AbortError; QuotaExceededError of the disk
 */
export async function fetchFile(file: WantedFile, sink: Sink, options: FetchOptions): Promise<void> {
  const { signal, onArrived, wait } = options;
  if (sink.size > file.bytes) sink.truncate(0);
  let hash = hashOf(sink, signal);
  onArrived(sink.size);
  let idle = 0;
  let restarts = 0;
  const startAgain = (why: 'server' | 'checksum') => {
    sink.truncate(0);
    hash = createSha256();
    onArrived(0, why);
  };
  for (;;) {
    const before = sink.size;
    try {
      if (sink.size < file.bytes) await attempt(file, sink, hash, options);
      if (hash.hex() === file.sha256) {
        sink.flush();
        return;
      }
      startAgain('checksum');
      restarts += 1;
      // The first time it may be a bad byte of an earlier visit; the second time it is the file.
      if (restarts > 1) throw new CodedError('model/checksum', { file: file.path });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Restart) {
        startAgain('server');
        restarts += 1;
        if (restarts > 2) throw new CodedError('model/checksum', { file: file.path });
        continue;
      }
      if (!(error instanceof CodedError) || error.code !== 'model/network') throw error;
      idle = sink.size > before ? 1 : idle + 1;
      if (idle >= ATTEMPTS || isFinal(Number(error.params.status))) throw error;
      sink.flush();
      await wait(FIRST_WAIT * 2 ** (idle - 1), signal);
    }
  }
}

async function attempt(file: WantedFile, sink: Sink, hash: Digest, options: FetchOptions): Promise<void> {
  const { url, headers, signal, onArrived } = options;
  const lost = (cause: unknown, status?: number) =>
    networkError({ file: file.path, url, cause, ...(status !== undefined && { status }) });
  const from = sink.size;
  let response: Response;
  try {
    response = await options.fetch(url, {
      signal,
      headers: from > 0 ? { ...headers, Range: `bytes=${from}-` } : { ...headers },
      cache: 'no-store',
    });
  } catch (cause) {
    throw lost(cause);
  }
  // Without support for ranges the server sends the whole file; a file that became shorter gives 416.
  if (response.status === 416 || (from > 0 && response.status === 200)) {
    await response.body?.cancel();
    throw new Restart();
  }
  if (!response.ok || !response.body) throw lost(response.status, response.status);
  // Another origin may hide this header from the page; the checksum decides in the end.
  const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  if (response.status === 206 && range && Number(range[1]) !== from) {
    await response.body.cancel();
    throw new Restart();
  }
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw lost(cause);
      });
      if (done) break;
      // More bytes than in the manifest: another file.
      if (sink.size + value.byteLength > file.bytes) throw new Restart();
      sink.append(value);
      hash.update(value);
      onArrived(sink.size);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
  if (sink.size < file.bytes) throw lost('the answer ended early');
}
