/** A video by address, fetched whole: the container's index may lie at either end of it. */
import { CodedError } from '../../../core/errors.ts';

export interface FetchVideoOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes so far; `total` is absent where the server does not state it. */
  readonly onBytes?: (done: number, total?: number) => void;
}

/** The part of an address after its last slash, decoded; the host where it has none. */
export function nameOfAddress({ pathname, host }: URL): string {
  const last = pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last) || host;
  } catch {
    return last;
  }
}

/**
 * @param base address that a relative one starts from; absent: only whole addresses are taken
 * @throws CodedError `media/address` unless it is an http or https address without a password
 */
export function videoAddress(address: string, base?: string): URL {
  const text = address.trim();
  const url = URL.canParse(text, base) ? new URL(text, base) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw new CodedError('media/address', { address: text });
  return url;
}

async function* piecesOf(response: Response, lost: (cause: unknown) => Error) {
  const reader = response.body!.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw lost(cause);
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/**
 * The browser asks without cookies of the other site, so that it gets what everybody gets.
 *
 * @throws CodedError `media/address`, `media/fetch` {host, status?, offline?, cut?}, `media/web-page` for an HTML answer;
 *   AbortError
 */
export async function fetchVideo(url: URL, { signal, onBytes }: FetchVideoOptions = {}): Promise<File> {
  const { host } = url;
  const lost = (more: Readonly<Record<string, number>>, cause?: unknown) => {
    if (signal?.aborted) return signal.reason;
    return new CodedError('media/fetch', { host, ...more }, `${url} could not be fetched`, { cause });
  };
  const offline: Record<string, number> = globalThis.navigator?.onLine === false ? { offline: 1 } : {};
  const response = await fetch(url, { ...(signal && { signal }), credentials: 'same-origin' }).catch(
    (cause: unknown) => {
      throw lost(offline, cause);
    },
  );
  const type = response.headers.get('content-type') ?? '';
  if (!response.ok || !response.body || /^text\/html\b/i.test(type)) {
    await response.body?.cancel().catch(() => {});
    throw response.ok ? new CodedError('media/web-page') : lost({ status: response.status });
  }
  // The length of a compressed answer is not that of the file.
  const stated = response.headers.has('content-encoding')
    ? 0
    : Number(response.headers.get('content-length'));
  const total = stated > 0 ? stated : undefined;
  const parts: BlobPart[] = [];
  let done = 0;
  onBytes?.(0, total);
  for await (const piece of piecesOf(response, (cause) => lost({ cut: 1, ...offline }, cause))) {
    parts.push(piece);
    done += piece.byteLength;
    onBytes?.(done, total);
  }
  return new File(parts, nameOfAddress(url), { type, lastModified: 0 });
}
