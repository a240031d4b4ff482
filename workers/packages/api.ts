/** Types that cross between the page and the package worker: model packages stored on this device. */
import type { Machine } from '../../core/files/machine.ts';
import type { UnfinishedNote } from '../../core/files/package-store.ts';
import type { AdapterRates } from '../../core/stats/benchmark.ts';
import type { PackageManifest } from '../../core/vqa2/manifest.ts';

/** Source of a package on the network. */
export interface PackageAddress {
  readonly manifestUrl: string;
  /** Prefix of the file paths; ends in `/`. */
  readonly filesBase: string;
  /** Sent with every request; never stored. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface OfferedPackage {
  readonly manifest: PackageManifest;
  readonly manifestSha256: string;
  /** Files that an earlier visit has stored. */
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
  /** First 16 hex digits of the manifest's SHA-256, or of the request of a conversion. */
  readonly id: string;
  readonly manifest: PackageManifest;
  readonly manifestSha256: string;
  /** Null for a package that was imported from a folder, or made here. */
  readonly address: PackageAddress | null;
  readonly addedAt: string;
  /** Files that were asked for; a package need not be stored whole. */
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
  /** A file that is fetched again from its start, so that `arrivedBytes` fell, and the reason. */
  readonly restarted?: { readonly path: string; readonly why: 'server' | 'checksum' };
}

/** A conversion that stopped, or that another tab is working on. */
export interface UnfinishedConversion extends UnfinishedNote {
  readonly id: string;
  /** Bytes of the package that are on disk. */
  readonly bytes: number;
}

/** Errors are `CodedError`: `model/{manifest,version,unsafe,network,checksum,storage,busy}`; a pause rejects with `AbortError`. */
export interface PackagesApi {
  /** Adapter, memory and free storage of this machine; null where the browser does not report them. */
  machine(): Promise<Machine>;
  /** Allocates and frees so many bytes of graphics memory: false where it failed, null where that cannot be told. */
  canAllocate(bytes: number): Promise<boolean | null>;
  /** Measures the graphics adapter, a few seconds; an abort rejects it. */
  measureAdapter(job: number): Promise<AdapterRates>;
  list(): Promise<StoredPackage[]>;
  unfinished(): Promise<UnfinishedConversion[]>;
  /** Makes the files of a finished conversion a package of the store, where they are. */
  adopt(id: string): Promise<StoredPackage>;
  /** Reads and checks the manifest at an address; fetches nothing else. */
  fetchManifest(address: PackageAddress): Promise<OfferedPackage>;
  /**
   * Fetches files of a package, several at once, from the bytes that are stored on. Each is checked at its end. Another
   * manifest at the address than the one with this hash is refused.
   *
   * @param paths files of the manifest; the manifest itself is always stored
   */
  download(
    address: PackageAddress,
    manifestSha256: string,
    paths: readonly string[],
    job: number,
    onProgress: (progress: DownloadProgress) => void,
  ): Promise<StoredPackage>;
  /** Copies a dropped folder into the store and checks every file. */
  importFolder(
    files: readonly { readonly path: string; readonly file: Blob }[],
    job: number,
    onProgress: (progress: DownloadProgress) => void,
  ): Promise<StoredPackage>;
  /** Reads every file again and compares its hash; the result has the state of each. */
  verify(id: string, job: number, onProgress: (progress: DownloadProgress) => void): Promise<StoredPackage>;
  /** Files for the model worker, which hashes those that were not checked when they arrived. */
  files(id: string): Promise<{ readonly path: string; readonly file: File; readonly checked: boolean }[]>;
  remove(id: string): Promise<void>;
  abort(job: number): void;
}
