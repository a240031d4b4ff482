/** Checkpoint and package folders in memory, for tests and for small models. */
import type { CheckpointFile, CheckpointFiles, PackageSink, SinkFile } from './files.ts';

export class MemoryFiles implements CheckpointFiles {
  readonly files: Map<string, Uint8Array>;

  constructor(files: Iterable<readonly [string, Uint8Array]>) {
    this.files = new Map(files);
  }

  async list(): Promise<readonly CheckpointFile[]> {
    return [...this.files].map(([name, { length: bytes }]) => ({ name, bytes }));
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    const bytes = this.files.get(name);
    if (bytes === undefined || offset + length > bytes.length) throw new RangeError(`${name} ends early`);
    return bytes.slice(offset, offset + length);
  }
}

export class MemorySink implements PackageSink {
  readonly #open = new Map<string, Uint8Array[]>();
  /** The package, once it is committed. */
  files: ReadonlyMap<string, Uint8Array> | null = null;
  aborted = false;

  async begin(): Promise<readonly []> {
    return [];
  }

  async finished(): Promise<void> {}

  async reserve(): Promise<void> {}

  async create(path: string): Promise<SinkFile> {
    const parts: Uint8Array[] = [];
    this.#open.set(path, parts);
    return {
      recorded: 0,
      read: async () => new Uint8Array(0),
      write: async (bytes) => void parts.push(bytes.slice()),
      record: async () => {},
      close: async () => {},
    };
  }

  async commit(): Promise<void> {
    this.files = new Map([...this.#open].map(([path, parts]) => [path, joined(parts)]));
  }

  suspend(): Promise<void> {
    return this.abort();
  }

  async abort(): Promise<void> {
    this.#open.clear();
    this.aborted = true;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
