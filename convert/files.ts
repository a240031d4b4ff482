/** The two borders of the converter: where a checkpoint is read from, and where a package is written to. */

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
}

/** One file of a package while it is written. */
export interface SinkFile {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** A file that has been written, and what its bytes hash to. */
export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A package folder that appears whole or not at all. */
export interface PackageSink {
  /**
   * Comes before all else.
   *
   * @param key names the conversion: equal keys write equal bytes
   * @returns files by finished graph that an interrupted conversion of that key has left, their checksums compared;
   *   whatever else it left is gone
   */
  begin(key: string): Promise<readonly (readonly WrittenFile[])[]>;
  /** The files of a graph are whole: a later conversion of the same key need not write them again. */
  finished(files: readonly WrittenFile[]): Promise<void>;
  /** @param path relative, `/` between parts, e.g. `onnx/vision_encoder.onnx` */
  create(path: string): Promise<SinkFile>;
  /** Makes what was written visible under its final name. */
  commit(): Promise<void>;
  /** Removes what was written. */
  abort(): Promise<void>;
}

/** A whole small file as text. */
export async function readText(files: CheckpointFiles, file: CheckpointFile): Promise<string> {
  return new TextDecoder().decode(await files.read(file.name, 0, file.bytes));
}
