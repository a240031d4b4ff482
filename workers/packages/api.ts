/** What the page and the package worker say to each other: model packages kept on this device. */
import type { Machine } from '../../core/files/machine.ts';
import type { Manifest } from '../../core/files/manifest.ts';

/** Where a package comes from. */
export interface PackageAddress {
  readonly manifestUrl: string;
  /** What file paths are put behind; ends in `/`. */
  readonly filesBase: string;
  /** Sent with every request; never kept. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface OfferedPackage {
  readonly manifest: Manifest;
  readonly manifestSha256: string;
  /** Bytes of each file that an earlier visit left. */
  readonly stored: StoredPackage | null;
}

/** `checked`: whole, with the SHA-256 of the manifest. `corrupt`: whole, with another one. */
export type FileState = 'missing' | 'partial' | 'checked' | 'corrupt';

export interface StoredFile {
  readonly path: string;
  readonly bytes: number;
  readonly arrived: number;
  readonly state: FileState;
}

export interface StoredPackage {
  /** First 16 hex digits of the manifest's SHA-256. */
  readonly id: string;
  readonly manifest: Manifest;
  readonly manifestSha256: string;
  /** Null for a package that was brought as a folder. */
  readonly address: PackageAddress | null;
  readonly addedAt: string;
  /** Files that were asked for; a package need not be kept whole. */
  readonly files: readonly StoredFile[];
  readonly totalBytes: number;
  readonly arrivedBytes: number;
  readonly complete: boolean;
}

export interface DownloadProgress {
  readonly totalBytes: number;
  /** Bytes on disk, and those in files whose checksum is right. */
  readonly arrivedBytes: number;
  readonly checkedBytes: number;
  readonly checkedFiles: number;
  readonly files: number;
  /** Why the bar went back: this file is fetched again from its start. */
  readonly restarted?: { readonly path: string; readonly why: 'server' | 'checksum' };
}

/** Errors are `CodedError`: `model/{manifest,version,unsafe,network,checksum,storage,busy}`; a pause rejects with `AbortError`. */
export interface PackagesApi {
  /** What this machine has, as far as the browser tells. */
  machine(): Promise<Machine>;
  list(): Promise<StoredPackage[]>;
  /** Reads and checks the manifest at an address; fetches nothing else. */
  fetchManifest(address: PackageAddress): Promise<OfferedPackage>;
  /**
   * Fetches files of a package, going on from what is there. Several at once; each is checked as it ends. The manifest
   * is the one that was looked at: another one at the same address is refused.
   *
   * @param paths files of the manifest; the manifest itself comes along
   */
  download(
    address: PackageAddress,
    manifestSha256: string,
    paths: readonly string[],
    job: number,
    onProgress: (progress: DownloadProgress) => void,
  ): Promise<StoredPackage>;
  /** Copies a folder that was dropped into the store, checking every file. */
  importFolder(
    files: readonly { readonly path: string; readonly file: Blob }[],
    job: number,
    onProgress: (progress: DownloadProgress) => void,
  ): Promise<StoredPackage>;
  /** Reads every file again and compares; the result says which are damaged. */
  verify(id: string, job: number, onProgress: (progress: DownloadProgress) => void): Promise<StoredPackage>;
  /** Files for the model worker. They are checked once more as they are loaded. */
  files(id: string): Promise<{ readonly path: string; readonly file: File }[]>;
  remove(id: string): Promise<void>;
  abort(job: number): void;
}
