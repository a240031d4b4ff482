/**
 * The files of a model package, from an address or from a folder that the user chose. Every file is checked against the
 * manifest's SHA-256 before it is returned.
 */
import { CodedError } from '../../core/errors.ts';
import { loadedFiles } from '../../core/files/machine.ts';
import { type Manifest, readManifest, type Variant } from '../../core/files/manifest.ts';
import { networkError } from '../thread/network-error.ts';
import type { LoadProgress, PackageSource } from './api.ts';

const MANIFEST_LIMIT = 4 << 20;

export async function sha256Hex(bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Reads a whole file of the package; `onBytes` is called with the size of each piece. */
type Reader = (path: string, onBytes: (bytes: number) => void) => Promise<Uint8Array<ArrayBuffer>>;

function urlReader(base: string): Reader {
  return async (path, onBytes) => {
    const url = new URL(path, new URL(base, self.location.href)).href;
    let response: Response;
    try {
      response = await fetch(url);
    } catch (cause) {
      throw networkError({ file: path, url, cause });
    }
    if (!response.ok || !response.body) throw networkError({ file: path, url, status: response.status });
    const parts: Uint8Array[] = [];
    let size = 0;
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw networkError({ file: path, url, cause });
      });
      if (done) break;
      parts.push(value);
      size += value.byteLength;
      onBytes(value.byteLength);
    }
    const whole = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.byteLength;
    }
    return whole;
  };
}

function folderReader(files: readonly { path: string; file: File }[]): Reader {
  // Browsers put the name of the chosen folder in front; the package begins where the manifest lies.
  const manifest = files.find(({ path }) => path === 'manifest.json' || path.endsWith('/manifest.json'));
  if (!manifest) {
    throw new CodedError('model/manifest', { field: 'manifest.json', problem: 'is not in the folder' });
  }
  const root = manifest.path.slice(0, -'manifest.json'.length);
  const byPath = new Map(files.map(({ path, file }) => [path, file]));
  return async (path, onBytes) => {
    const file = byPath.get(root + path);
    if (!file) throw new CodedError('model/manifest', { field: path, problem: 'is not in the folder' });
    const bytes = new Uint8Array(await file.arrayBuffer());
    onBytes(bytes.byteLength);
    return bytes;
  };
}

export class PackageFiles {
  readonly manifest: Manifest;
  readonly manifestSha256: string;
  readonly #read: Reader;

  private constructor(manifest: Manifest, manifestSha256: string, read: Reader) {
    this.manifest = manifest;
    this.manifestSha256 = manifestSha256;
    this.#read = read;
  }

  /** @throws CodedError `model/manifest`, `model/version`, `model/unsafe`, `model/network` */
  static async open(source: PackageSource): Promise<PackageFiles> {
    const read = source.kind === 'url' ? urlReader(source.base) : folderReader(source.files);
    const bytes = await read('manifest.json', () => {});
    if (bytes.byteLength > MANIFEST_LIMIT) {
      throw new CodedError('model/manifest', { field: 'manifest.json', problem: 'is too large' });
    }
    let json: unknown;
    try {
      json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch {
      throw new CodedError('model/manifest', { field: 'manifest.json', problem: 'is not JSON' });
    }
    return new PackageFiles(readManifest(json), await sha256Hex(bytes), read);
  }

  /** Files that a variant needs: its own, and the small ones that all variants share. */
  needed(variant: Variant): { path: string; bytes: number; sha256: string }[] {
    return loadedFiles(this.manifest, variant);
  }

  /**
   * Reads and checks all files of a variant.
   *
   * @throws CodedError `model/checksum` {file}, `model/network` {file}
   */
  async load(
    variant: Variant,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
    const files = this.needed(variant);
    const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
    let loadedBytes = 0;
    const loaded = new Map<string, Uint8Array<ArrayBuffer>>();
    for (const file of files) {
      const bytes = await this.#read(file.path, (n) => {
        loadedBytes += n;
        onProgress({ loadedBytes: Math.min(loadedBytes, totalBytes), totalBytes, file: file.path });
      });
      if (bytes.byteLength !== file.bytes || (await sha256Hex(bytes)) !== file.sha256) {
        throw new CodedError('model/checksum', { file: file.path });
      }
      loaded.set(file.path, bytes);
    }
    return loaded;
  }
}
