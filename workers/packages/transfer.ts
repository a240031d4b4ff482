/** Pieces of a transfer into the store: progress over all files, the hash of a blob, several files at once. */

import { createSha256 } from '../../core/files/sha256.ts';
import type { PackageManifest } from '../../core/vqa2/manifest.ts';
import type { DownloadProgress } from './api.ts';
import type { WantedFile } from './fetch-file.ts';
import type { Note } from './note.ts';

/** Bytes read at once. */
const PIECE = 4 << 20;

export type OnProgress = (progress: DownloadProgress) => void;

/** Bytes of all files of a package that are wanted, reported after each change. */
export class ProgressMeter {
  readonly wanted: readonly WantedFile[];
  readonly #note: Note;
  readonly #onProgress: OnProgress;
  readonly #arrived = new Map<string, number>();
  readonly #totalBytes: number;

  constructor(manifest: PackageManifest, note: Note, onProgress: OnProgress) {
    this.wanted = manifest.files.filter(({ path }) => note.paths.includes(path));
    this.#note = note;
    this.#onProgress = onProgress;
    this.#totalBytes = sumBytes(this.wanted);
  }

  /** Bytes of a file that have arrived; `why` where they are fewer than before. */
  set(path: string, bytes: number, why?: 'server' | 'checksum'): void {
    this.#arrived.set(path, bytes);
    const checked = this.wanted.filter((file) => this.#note.checked.includes(file.path));
    this.#onProgress({
      totalBytes: this.#totalBytes,
      arrivedBytes: this.wanted.reduce((sum, file) => sum + (this.#arrived.get(file.path) ?? 0), 0),
      checkedBytes: sumBytes(checked),
      checkedFiles: checked.length,
      files: this.wanted.length,
      ...(why ? { restarted: { path, why } } : {}),
    });
  }
}

export function sumBytes(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * SHA-256 of a blob, which is never whole in memory.
 *
 * @param onPiece called with each piece and the bytes up to its end
 */
export async function hashBlob(
  blob: Blob,
  signal: AbortSignal,
  onPiece: (piece: Uint8Array, end: number) => void,
): Promise<string> {
  const hash = createSha256();
  for (let from = 0; from < blob.size; from += PIECE) {
    signal.throwIfAborted();
    const piece = new Uint8Array(await blob.slice(from, from + PIECE).arrayBuffer());
    hash.update(piece);
    onPiece(piece, from + piece.byteLength);
  }
  return hash.hex();
}

/** Runs `work` over the list, several at once; the first failure stops the others and is thrown when all have ended. */
export async function inParallel<T>(
  list: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
  stop: AbortController,
): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | null = null;
  const takeTurns = async () => {
    while (next < list.length && !failure) {
      const item = list[next++] as T;
      try {
        await work(item);
      } catch (error) {
        failure ??= { error };
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: width }, takeTurns));
  if (failure) throw (failure as { error: unknown }).error;
}
