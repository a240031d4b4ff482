/** Recorded tensors: safetensors files beside the checkpoint, named after their profile or recorded with the default one. */
import type { CheckpointFiles } from '../../../convert/files.ts';
import { readHeader, type TensorEntry } from '../../../convert/safetensors.ts';
import { type FloatArray, size } from './arrays.ts';

export class GoldenTensors {
  readonly #files: CheckpointFiles;
  readonly #entries: ReadonlyMap<string, TensorEntry>;

  /** File name without its ending. */
  readonly name: string;

  private constructor(name: string, files: CheckpointFiles, entries: ReadonlyMap<string, TensorEntry>) {
    this.name = name;
    this.#files = files;
    this.#entries = entries;
  }

  /** Every file of the folder that holds recorded tensors: those with `input.frames`. */
  static async all(files: CheckpointFiles): Promise<GoldenTensors[]> {
    const recorded: GoldenTensors[] = [];
    for (const file of await files.list()) {
      if (!file.name.endsWith('.safetensors')) continue;
      const entries = await readHeader(files, file);
      if (!entries.some(({ name }) => name === 'input.frames')) continue;
      const name = file.name.replace('.safetensors', '');
      recorded.push(new GoldenTensors(name, files, new Map(entries.map((entry) => [entry.name, entry]))));
    }
    return recorded;
  }

  /** The tensors of one file, by its name without the ending. */
  static async open(files: CheckpointFiles, name: string): Promise<GoldenTensors> {
    const file = (await files.list()).find((each) => each.name === `${name}.safetensors`);
    if (file === undefined) throw new RangeError(`the folder holds no ${name}.safetensors`);
    const entries = await readHeader(files, file);
    return new GoldenTensors(name, files, new Map(entries.map((entry) => [entry.name, entry])));
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
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
