/**
 * The files of a model package, from an address or from a folder. Every file is checked against the manifest's SHA-256
 * before it is used: on arrival in the page's store, else here.
 */
import { CodedError } from '../../core/errors.ts';
import { loadedFiles } from '../../core/files/machine.ts';
import { type Manifest, readManifest, type Variant } from '../../core/files/manifest.ts';
import { createSha256 } from '../../core/files/sha256.ts';
import { networkError } from '../thread/network-error.ts';
import type { LoadProgress, PackageSource } from './api.ts';
import { addressSource, type ByteSource, fileSource, heldSource } from './byte-source.ts';

const MANIFEST_LIMIT = 4 << 20;

/** Bytes of a file from an address up to which it is kept in memory; a larger one is hashed, then read by ranges. */
const HELD = 32 << 20;

/** Bytes hashed at once. */
const PIECE = 4 << 20;

export async function sha256Hex(bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

type OnBytes = (bytes: number) => void;
type PackageFile = Manifest['files'][number];

/** Folder of a package, behind an address or on this machine. */
interface PackageFolder {
  manifest(): Promise<Uint8Array<ArrayBuffer>>;
  /** A file whose content was compared with the manifest. @throws CodedError `model/checksum` {file} */
  checked(file: PackageFile, onBytes: OnBytes): Promise<ByteSource>;
}

const corrupt = (file: string) => new CodedError('model/checksum', { file });

class AddressFolder implements PackageFolder {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  manifest(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#whole('manifest.json', MANIFEST_LIMIT, () => {});
  }

  async checked(file: PackageFile, onBytes: OnBytes): Promise<ByteSource> {
    if (file.bytes <= HELD) {
      const bytes = await this.#whole(file.path, file.bytes, onBytes);
      if (bytes.byteLength !== file.bytes || (await sha256Hex(bytes)) !== file.sha256)
        throw corrupt(file.path);
      return heldSource(bytes);
    }
    const digest = createSha256();
    let size = 0;
    for await (const piece of this.#pieces(file.path)) {
      size += piece.byteLength;
      if (size > file.bytes) break;
      digest.update(piece);
      onBytes(piece.byteLength);
    }
    if (size !== file.bytes || digest.hex() !== file.sha256) throw corrupt(file.path);
    return addressSource(file.path, this.#url(file.path), file.bytes);
  }

  #url(path: string): string {
    return new URL(path, new URL(this.#base, self.location.href)).href;
  }

  async *#pieces(path: string): AsyncGenerator<Uint8Array> {
    const url = this.#url(path);
    const response = await fetch(url).catch((cause: unknown) => {
      throw networkError({ file: path, url, cause });
    });
    if (!response.ok || !response.body) throw networkError({ file: path, url, status: response.status });
    const reader = response.body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read().catch((cause: unknown) => {
          throw networkError({ file: path, url, cause });
        });
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  /** The whole file, or its beginning of more than `limit` bytes. */
  async #whole(path: string, limit: number, onBytes: OnBytes): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const piece of this.#pieces(path)) {
      parts.push(piece);
      size += piece.byteLength;
      onBytes(piece.byteLength);
      if (size > limit) break;
    }
    const whole = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.byteLength;
    }
    return whole;
  }
}

type FolderFiles = Extract<PackageSource, { kind: 'files' }>['files'];

class ChosenFolder implements PackageFolder {
  readonly #files = new Map<string, FolderFiles[number]>();

  constructor(files: FolderFiles) {
    // Browsers put the name of the chosen folder in front; the package begins where the manifest lies.
    const manifest = files.find(({ path }) => path === 'manifest.json' || path.endsWith('/manifest.json'));
    if (!manifest) {
      throw new CodedError('model/manifest', { field: 'manifest.json', problem: 'is not in the folder' });
    }
    const root = manifest.path.slice(0, -'manifest.json'.length);
    for (const file of files)
      if (file.path.startsWith(root)) this.#files.set(file.path.slice(root.length), file);
  }

  async manifest(): Promise<Uint8Array<ArrayBuffer>> {
    const file = this.#files.get('manifest.json')?.file as Blob;
    return new Uint8Array(await file.slice(0, MANIFEST_LIMIT + 1).arrayBuffer());
  }

  async checked({ path, bytes, sha256 }: PackageFile, onBytes: OnBytes): Promise<ByteSource> {
    const chosen = this.#files.get(path);
    if (!chosen) throw new CodedError('model/manifest', { field: path, problem: 'is not in the folder' });
    if (chosen.file.size !== bytes) throw corrupt(path);
    const source = fileSource(path, chosen.file);
    if (chosen.checked === true) return source;
    const digest = createSha256();
    for (let at = 0; at < bytes; at += PIECE) {
      const piece = await source.read(at, Math.min(at + PIECE, bytes));
      digest.update(piece);
      onBytes(piece.byteLength);
    }
    if (digest.hex() !== sha256) throw corrupt(path);
    return source;
  }
}

/** Checked files of one variant, by path. */
export type PackageContents = ReadonlyMap<string, ByteSource>;

/** @typeParam M manifest of the package's family */
export class PackageFiles<M extends Pick<Manifest, 'files' | 'variants'> = Manifest> {
  readonly manifest: M;
  readonly manifestSha256: string;
  readonly #folder: PackageFolder;

  private constructor(manifest: M, manifestSha256: string, folder: PackageFolder) {
    this.manifest = manifest;
    this.manifestSha256 = manifestSha256;
    this.#folder = folder;
  }

  /** @throws CodedError `model/manifest`, `model/version`, `model/unsafe`, `model/family`, `model/network` */
  static open(source: PackageSource): Promise<PackageFiles> {
    return PackageFiles.openAs(source, readManifest);
  }

  /** @throws CodedError `model/manifest`, `model/network`, and those of `read` */
  static async openAs<M extends Pick<Manifest, 'files' | 'variants'>>(
    source: PackageSource,
    read: (json: unknown) => M,
  ): Promise<PackageFiles<M>> {
    const folder = source.kind === 'url' ? new AddressFolder(source.base) : new ChosenFolder(source.files);
    const bytes = await folder.manifest();
    if (bytes.byteLength > MANIFEST_LIMIT) {
      throw new CodedError('model/manifest', { field: 'manifest.json', problem: 'is too large' });
    }
    let json: unknown;
    try {
      json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch {
      throw new CodedError('model/manifest', { field: 'manifest.json', problem: 'is not JSON' });
    }
    return new PackageFiles(read(json), await sha256Hex(bytes), folder);
  }

  /** Files that a variant needs: its own, and the small ones that all variants share. */
  needed(variant: Variant): PackageFile[] {
    return loadedFiles(this.manifest, variant);
  }

  /**
   * Checks all files of a variant. A file that the page's store has checked is not read.
   *
   * @throws CodedError `model/checksum` {file}, `model/network` {file}
   */
  async load(variant: Variant, onProgress: (progress: LoadProgress) => void): Promise<PackageContents> {
    const files = this.needed(variant);
    const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
    let loadedBytes = 0;
    const contents = new Map<string, ByteSource>();
    for (const file of files) {
      const source = await this.#folder.checked(file, (n) => {
        loadedBytes = Math.min(loadedBytes + n, totalBytes);
        onProgress({ stage: 'check', loadedBytes, totalBytes, file: file.path });
      });
      contents.set(file.path, source);
    }
    return contents;
  }
}
