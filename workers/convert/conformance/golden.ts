/** The tensors of a conformance profile: one safetensors file beside the checkpoint, named after its profile. */
import type { CheckpointFiles } from '../files.ts';
import { readHeader, type TensorEntry } from '../safetensors.ts';
import { type FloatArray, size } from './arrays.ts';

export class GoldenTensors {
  readonly #files: CheckpointFiles;
  readonly #entries: ReadonlyMap<string, TensorEntry>;

  private constructor(files: CheckpointFiles, entries: ReadonlyMap<string, TensorEntry>) {
    this.#files = files;
    this.#entries = entries;
  }

  /** @returns null where the folder has no tensors of that profile */
  static async open(files: CheckpointFiles, profile: string): Promise<GoldenTensors | null> {
    const file = (await files.list()).find(({ name }) => name === `${profile}.safetensors`);
    if (file === undefined) return null;
    const entries = await readHeader(files, file);
    return new GoldenTensors(files, new Map(entries.map((entry) => [entry.name, entry])));
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  async #bytes(name: string): Promise<{ entry: TensorEntry; bytes: Uint8Array }> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new RangeError(`the folder holds no ${name}`);
    return { entry, bytes: (await this.#files.read(entry.file, entry.offset, entry.bytes)).slice() };
  }

  async floats(name: string): Promise<FloatArray> {
    const { entry, bytes } = await this.#bytes(name);
    if (entry.type !== 'F32') throw new RangeError(`${name} is ${entry.type}`);
    return { shape: entry.shape, data: new Float32Array(bytes.buffer, 0, size(entry.shape)) };
  }

  async integers(name: string): Promise<{ shape: readonly number[]; data: number[] }> {
    const { entry, bytes } = await this.#bytes(name);
    if (entry.type !== 'I64') throw new RangeError(`${name} is ${entry.type}`);
    return { shape: entry.shape, data: Array.from(new BigInt64Array(bytes.buffer), Number) };
  }

  async octets(name: string): Promise<{ shape: readonly number[]; data: Uint8Array }> {
    const { entry, bytes } = await this.#bytes(name);
    if (entry.type !== 'U8') throw new RangeError(`${name} is ${entry.type}`);
    return { shape: entry.shape, data: bytes };
  }
}
