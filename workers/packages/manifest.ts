/** The manifest of a package: fetched from an address, checked, and named by its hash. */
import { CodedError } from '../../core/errors.ts';
import { createSha256 } from '../../core/files/sha256.ts';
import { type PackageManifest, readPackageManifest } from '../../core/vqa2/manifest.ts';
import { networkError } from '../thread/network-error.ts';
import type { PackageAddress } from './api.ts';

export const MANIFEST = 'manifest.json';
/** Bytes. */
const LIMIT = 4 << 20;

export interface ManifestBytes {
  readonly bytes: Uint8Array;
  readonly manifest: PackageManifest;
  readonly manifestSha256: string;
}

export function manifestFault(problem: string, field = MANIFEST): CodedError {
  return new CodedError('model/manifest', { field, problem });
}

/** @throws CodedError `model/manifest` {field, problem}, `model/version`, `model/unsafe` */
export function parseManifest(bytes: Uint8Array): ManifestBytes {
  if (bytes.byteLength > LIMIT) throw manifestFault('is too large');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw manifestFault('is not JSON');
  }
  const digest = createSha256();
  digest.update(bytes);
  return { bytes, manifest: readPackageManifest(json), manifestSha256: digest.hex() };
}

/** A whole body, refused as soon as it is over the limit. */
async function readUpToLimit(
  body: ReadableStream<Uint8Array>,
  lost: (cause: unknown) => CodedError,
): Promise<Uint8Array> {
  const reader = body.getReader();
  let bytes = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw lost(cause);
    });
    if (done) return bytes;
    if (bytes.byteLength + value.byteLength > LIMIT) {
      await reader.cancel().catch(() => {});
      throw manifestFault('is too large');
    }
    const longer = new Uint8Array(bytes.byteLength + value.byteLength);
    longer.set(bytes);
    longer.set(value, bytes.byteLength);
    bytes = longer;
  }
}

/** @throws CodedError `model/network` {file, host, status?}, and those of `parseManifest`; AbortError */
export async function downloadManifest(
  address: PackageAddress,
  fetcher: typeof fetch,
  signal?: AbortSignal,
): Promise<ManifestBytes> {
  const lost = (cause: unknown, status?: number) =>
    networkError({
      file: MANIFEST,
      url: address.manifestUrl,
      cause,
      ...(status !== undefined && { status }),
    });
  let response: Response;
  try {
    response = await fetcher(address.manifestUrl, {
      headers: { ...address.headers },
      cache: 'no-store',
      ...(signal ? { signal } : {}),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw lost(cause);
  }
  if (!response.ok || !response.body) throw lost(response.status, response.status);
  if (Number(response.headers.get('content-length') ?? 0) > LIMIT) throw manifestFault('is too large');
  return parseManifest(await readUpToLimit(response.body, lost));
}
