/** Input and output of the converter as interfaces: a checkpoint folder, and a package folder. */
import { CodedError } from '../core/errors.ts';
import type { TensorRange } from './range-plan.ts';

export interface CheckpointFile {
  /** File name inside the folder, without directories. */
  readonly name: string;
  readonly bytes: number;
}

/** A checkpoint folder. Reads are by range, so that no file is ever whole in memory. */
export interface CheckpointFiles {
  list(): Promise<readonly CheckpointFile[]>;
  /**
   * @param offset first byte
   * @param length bytes; never past the end of the file
   */
  read(name: string, offset: number, length: number): Promise<Uint8Array>;
  /** Told once where the tensors lie, before they are read. */
  plan?(tensors: readonly TensorRange[]): void;
  /** SHA-256 of a file as its source states it; null or absent where only its bytes can tell. */
  sha256?(name: string): string | null;
  /** Repository and commit that the files are read from; absent for a folder. */
  readonly source?: { readonly repository: string; readonly commit: string };
}

/** One file of a package while it is written. */
export interface SinkFile {
  /** Bytes at the start that an interrupted conversion has recorded; `write` appends behind them. */
  readonly recorded: number;
  /** Part of the recorded bytes. */
  read(offset: number, length: number): Promise<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the bytes so far durable and records them; a later conversion with the same key appends behind them. */
  record(): Promise<void>;
  close(): Promise<void>;
}

/** A written file with the SHA-256 of its bytes. */
export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A package folder that appears whole or not at all. */
export interface PackageSink {
  /**
   * Called before any other method.
   *
   * @param key of the conversion: equal keys write equal bytes
   * @returns files, by graph, of an interrupted conversion with that key; what else it left and did not record is removed
   */
  begin(key: string): Promise<readonly (readonly WrittenFile[])[]>;
  /** @throws CodedError `convert/storage` {needed, free} where fewer bytes are free, as far as that is known */
  reserve(bytes: number): Promise<void>;
  /** Records that the files of a graph are whole; a later conversion with the same key reuses them. */
  finished(files: readonly WrittenFile[]): Promise<void>;
  /**
   * @param path relative, `/` between parts, e.g. `onnx/vision_encoder.onnx`
   * @param ends lengths at which the file may be continued; recorded bytes of another length are dropped
   */
  create(path: string, ends: ReadonlySet<number>): Promise<SinkFile>;
  /** Makes what was written visible under its final name. */
  commit(): Promise<void>;
  /** Closes the files; what was recorded is kept for a later conversion with the same key. */
  suspend(): Promise<void>;
  /** Removes what was written. */
  abort(): Promise<void>;
}

/** Bytes of the largest text file that is read whole: an index or a tokenizer. */
const largestText = 100_000_000;

/**
 * A whole small file.
 *
 * @throws CodedError `convert/header` {file, problem}: it is no small file
 */
export async function readSmall(files: CheckpointFiles, file: CheckpointFile): Promise<Uint8Array> {
  if (file.bytes > largestText)
    throw new CodedError('convert/header', {
      file: file.name,
      problem: `it has ${file.bytes} bytes, too many for a text`,
    });
  return files.read(file.name, 0, file.bytes);
}

/** A whole small file as text. */
export async function readText(files: CheckpointFiles, file: CheckpointFile): Promise<string> {
  return new TextDecoder().decode(await readSmall(files, file));
}
