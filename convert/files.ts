/** Input and output of the converter as interfaces: a checkpoint folder, and a package folder. */

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
   * @returns checked files, by graph, of an interrupted conversion with that key; its other files are removed
   */
  begin(key: string): Promise<readonly (readonly WrittenFile[])[]>;
  /** Records that the files of a graph are whole; a later conversion with the same key reuses them. */
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
