/**
 * Requests to a model hub. Files are asked for at the hub's own address each time: it answers with a redirect to a signed
 * address on another origin, which expires within the hour. A connection that is cut goes on where it stopped.
 */
import { CodedError } from '../core/errors.ts';
import type { HubAddress } from '../core/files/hub-address.ts';

export interface HubConnection {
  readonly fetch: typeof fetch;
  /** Waits between attempts, in milliseconds. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** For repositories that ask for a sign-in: sent to the hub alone, kept in memory alone. */
  readonly token?: string;
  readonly signal?: AbortSignal;
  /** Called with the bytes of each piece of an answer. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * A token as a person gives it; null where there is none.
 *
 * @throws CodedError `hub/token`: a header could not hold it
 */
export function readToken(text: string): string | null {
  const token = text.trim();
  if (token === '') return null;
  if (!/^[\x21-\x7e]{4,500}$/.test(token)) throw new CodedError('hub/token');
  return token;
}

export const wait = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });

/** Attempts in a row without a byte, after which a request fails. */
const ATTEMPTS = 8;
/** A signed address that was refused is renewed by asking again; storage that refuses each new one will not give the file. */
const RENEWALS = 4;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
/** Milliseconds that an answer of 429 without Retry-After is waited for. */
const BUSY_WAIT = 30_000;
/** Milliseconds that a hub may ask to wait for in all, for one range: two of its windows of five minutes. */
const MOST_BUSY = 600_000;
/** Milliseconds without a byte after which a connection is taken for lost. */
const SILENCE = 60_000;

/** An attempt that another one may mend, and the reason. */
class Lost extends Error {
  readonly reason: 'network' | 'busy' | 'expired';
  /** Milliseconds that the server asked to wait. */
  readonly ms: number;

  constructor(reason: Lost['reason'], ms = 0, cause?: unknown) {
    super(reason, { cause });
    this.reason = reason;
    this.ms = ms;
  }
}

/** Range of a file of known size in a pinned commit. */
export interface HubRange {
  readonly file: string;
  readonly fileBytes: number;
  readonly offset: number;
  readonly length: number;
}

const hostOf = ({ endpoint }: HubAddress) => new URL(endpoint).host;

/** Milliseconds of a Retry-After header, in seconds or as a date; null without one. */
function retryAfter(response: Response): number | null {
  const value = response.headers.get('retry-after');
  if (value === null) return null;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

export class HubRequests {
  readonly #hub: HubAddress;
  readonly #connection: HubConnection;
  /** Validator of each file, by the origin that sent it. */
  readonly #etags = new Map<string, string>();

  constructor(hub: HubAddress, connection: HubConnection) {
    this.#hub = hub;
    this.#connection = connection;
  }

  /**
   * JSON of the hub's interface.
   *
   * @throws CodedError `hub/absent`, `hub/access`, `hub/busy`, `hub/network`, `hub/answer`
   */
  async json(path: string, most: number): Promise<unknown> {
    const url = `${this.#hub.endpoint}${path}`;
    const text = await this.#until(path, async () => {
      const response = await this.#ask(url, {});
      await this.#refuse(response, url);
      const bytes = new Uint8Array(most);
      const { length, state } = await this.#fill(response, bytes, 0);
      if (state === 'longer') throw this.#answer(path, `has more than ${most} bytes`);
      if (state === 'cut') return { done: false, advanced: false };
      return { done: true, value: new TextDecoder().decode(bytes.subarray(0, length)) };
    });
    try {
      return JSON.parse(text);
    } catch {
      throw this.#answer(path, 'is no JSON');
    }
  }

  /**
   * Bytes of a file.
   *
   * @throws CodedError `hub/changed` {file}: another size, commit or validator than at the beginning; and those of `json`
   */
  async range({ file, fileBytes, offset, length }: HubRange): Promise<Uint8Array> {
    const { endpoint, repository, revision } = this.#hub;
    const url = `${endpoint}/${repository}/resolve/${encodeURIComponent(revision)}/${encodeURIComponent(file)}`;
    const bytes = new Uint8Array(length);
    let at = 0;
    return this.#until(file, async () => {
      const before = at;
      const from = offset + at;
      const response = await this.#ask(url, { Range: `bytes=${from}-${offset + length - 1}` });
      await this.#refuse(response, url);
      try {
        this.#check(response, file, fileBytes, from, length);
      } catch (error) {
        await response.body?.cancel().catch(() => {});
        throw error;
      }
      ({ length: at } = await this.#fill(response, bytes, at));
      return at === length ? { done: true, value: bytes } : { done: false, advanced: at > before };
    });
  }

  /** Repeats an attempt until it is done; waits longer after each that brought nothing. */
  async #until<T>(
    what: string,
    attempt: () => Promise<{ done: true; value: T } | { done: false; advanced: boolean }>,
  ): Promise<T> {
    const { wait, signal } = this.#connection;
    let [idle, busy, renewals] = [0, 0, 0];
    for (;;) {
      signal?.throwIfAborted();
      let lost: Lost;
      try {
        const result = await attempt();
        if (result.done) return result.value;
        if (result.advanced) [idle, renewals] = [0, 0];
        lost = new Lost('network');
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof Lost)) throw error;
        lost = error;
      }
      const host = hostOf(this.#hub);
      if (lost.reason === 'busy') {
        busy += lost.ms;
        if (busy > MOST_BUSY) throw new CodedError('hub/busy', { host });
        await wait(lost.ms, signal);
        continue;
      }
      if (lost.reason === 'expired' && ++renewals > RENEWALS)
        throw this.#answer(what, 'is refused by the hub’s storage (403)');
      if (++idle >= ATTEMPTS) throw new CodedError('hub/network', { host }, undefined, { cause: lost.cause });
      await wait(Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (idle - 1)), signal);
    }
  }

  async #ask(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
    const { token, fetch, signal } = this.#connection;
    try {
      return await fetch(url, {
        headers: { ...headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
        cache: 'no-store',
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        ...(signal && { signal }),
      });
    } catch (cause) {
      throw new Lost('network', 0, cause);
    }
  }

  /** Throws for every status but success. */
  async #refuse(response: Response, asked: string): Promise<void> {
    const { endpoint, repository } = this.#hub;
    const { status, url } = response;
    const final = URL.canParse(url) ? new URL(url) : new URL(asked);
    const isSuccess = status === 200 || status === 206;
    if (!isSuccess) await response.body?.cancel().catch(() => {});
    if (endpoint.startsWith('https:') && final.protocol !== 'https:') {
      await response.body?.cancel().catch(() => {});
      throw this.#answer(new URL(asked).pathname, `is redirected to ${final.protocol}//`);
    }
    if (isSuccess) return;
    const host = hostOf(this.#hub);
    if (status === 429) throw new Lost('busy', Math.max(1000, retryAfter(response) ?? BUSY_WAIT));
    if (status === 408 || status >= 500) throw new Lost('network', 0, new Error(`status ${status}`));
    if (status === 401 || status === 403) {
      if (final.origin !== endpoint) throw new Lost('expired', 0, new Error(`status ${status}`));
      const signedIn = this.#connection.token === undefined ? {} : { token: 1 };
      throw new CodedError('hub/access', { repository, host, status, ...signedIn });
    }
    if (status === 404 || status === 410) throw new CodedError('hub/absent', { repository, host });
    if (status === 416) throw new CodedError('hub/changed', { repository });
    throw this.#answer(new URL(asked).pathname, `is answered with ${status}`);
  }

  /** Refuses an answer that is not this range of the file as it was listed. */
  #check(response: Response, file: string, fileBytes: number, from: number, length: number): void {
    const { repository, revision, endpoint } = this.#hub;
    const changed = () => new CodedError('hub/changed', { repository, file });
    const commit = response.headers.get('x-repo-commit');
    if (commit !== null && commit !== revision) throw changed();
    // Another origin may hide these headers from the page.
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
    if (range !== null && Number(range[2]) !== fileBytes) throw changed();
    if (range !== null && Number(range[1]) !== from)
      throw this.#answer(file, 'is answered with another range');
    if (response.status === 200 && (from > 0 || length < fileBytes))
      throw this.#answer(file, 'is sent whole where a range was asked for');
    const sent = Number(response.headers.get('content-length') ?? length);
    if (response.status === 200 && sent !== length && !response.headers.has('content-encoding'))
      throw changed();
    const etag = response.headers.get('etag')?.replace(/^W\//, '');
    const key = `${URL.canParse(response.url) ? new URL(response.url).origin : endpoint} ${file}`;
    const before = this.#etags.get(key);
    if (etag === undefined) return;
    if (before !== undefined && before !== etag) throw changed();
    this.#etags.set(key, etag);
  }

  /** Reads a body into `bytes` from `at` on, as far as it comes: to its end, until it is cut, or until it is too long. */
  async #fill(
    response: Response,
    bytes: Uint8Array,
    at: number,
  ): Promise<{ readonly length: number; readonly state: 'ended' | 'cut' | 'longer' }> {
    const { onBytes, signal } = this.#connection;
    const reader = response.body?.getReader();
    if (reader === undefined) return { length: at, state: 'ended' };
    let length = at;
    try {
      for (;;) {
        const part = await withinSilence(reader.read()).catch(() => null);
        signal?.throwIfAborted();
        if (part === null || part.done) return { length, state: part === null ? 'cut' : 'ended' };
        onBytes?.(part.value.length);
        const room = bytes.length - length;
        bytes.set(part.value.subarray(0, room), length);
        length += Math.min(room, part.value.length);
        if (part.value.length > room) return { length, state: 'longer' };
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  #answer(what: string, problem: string): CodedError {
    return new CodedError('hub/answer', { host: hostOf(this.#hub), what, problem });
  }
}

async function withinSilence<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('silence')), SILENCE);
  });
  try {
    return await Promise.race([work, silent]);
  } finally {
    clearTimeout(timer);
  }
}
