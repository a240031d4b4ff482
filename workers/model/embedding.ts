/** Embeddings of tokens: by a session, or as rows read from the package's file. */
import type * as Ort from 'onnxruntime-common';
import type { ByteSource } from './byte-source.ts';
import type { Session, TensorClass } from './language-decoder.ts';
import { readWeights, type StoredWeight } from './onnx-weights.ts';

export interface Embedding {
  /** ids → [n, D] */
  embed(ids: readonly number[]): Promise<Float32Array>;
}

/** The graph `embed_tokens` in a session. */
export function sessionEmbedding(Tensor: TensorClass, session: Session): Embedding {
  return {
    async embed(ids) {
      const given = new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
      const { inputs_embeds } = await session.run({ input_ids: given });
      return (inputs_embeds as Ort.Tensor).data as Float32Array;
    },
  };
}

/** TensorProto.DataType */
const FLOAT32 = 1;
const UINT8 = 2;
const FLOAT16 = 10;
const BYTES: Readonly<Record<number, number>> = { [FLOAT32]: 4, [UINT8]: 1, [FLOAT16]: 2 };

const TABLE = 'embed_tokens.weight';

/** Rows in memory: a prompt of thousands of tokens has a few hundred different ones. */
const ROWS = 1024;

/** Rows read at the same time. */
const READS = 32;

/** Columns of the table in one weight, with the scales of its blocks where it holds 8-bit integers around 128. */
interface Part {
  readonly integers: StoredWeight;
  readonly scales: StoredWeight | null;
}

/** Parts of the table in the order of their columns; null where the graph stores it in a form that is not read here. */
function partsOf(weights: readonly StoredWeight[]): Part[] | null {
  const scales = weights.filter(({ name }) => /embed_tokens\.weight\.scale(_\d+)?$/.test(name));
  const tables = weights.filter(({ name }) => /embed_tokens\.weight(_\d+)?$/.test(name));
  if (tables.length === 0) return null;
  const plain = tables.every(({ type }) => type === FLOAT32 || type === FLOAT16) && scales.length === 0;
  const blocks =
    tables.every(({ type }) => type === UINT8) &&
    scales.length === tables.length &&
    scales.every(({ type }) => type === FLOAT32);
  if (!plain && !blocks) return null;
  return tables.map((integers, i) => ({ integers, scales: scales[i] ?? null }));
}

function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Numbers of a row as they are stored. */
function numbersOf(type: number, bytes: Uint8Array<ArrayBuffer>): Float32Array {
  if (type === UINT8) return Float32Array.from(bytes, (byte) => byte - 128);
  const copy = bytes.slice().buffer;
  if (type === FLOAT32) return new Float32Array(copy);
  return Float32Array.from(new Uint16Array(copy), halfToFloat);
}

/**
 * Rows of the table, read from its data files. On a graphics adapter the table would take up to a tenth of the memory
 * (0.6 GB of an 8B), and a round trip for each token; a row is a few kilobytes.
 */
export class EmbeddingRows implements Embedding {
  readonly #parts: readonly Part[];
  readonly #source: (location: string) => ByteSource;
  readonly #width: number;
  readonly #rows = new Map<number, Float32Array>();

  private constructor(parts: readonly Part[], source: (location: string) => ByteSource, width: number) {
    this.#parts = parts;
    this.#source = source;
    this.#width = width;
  }

  /**
   * @param model bytes of the graph `embed_tokens`
   * @param source the data file of a name
   * @param width length of an embedding
   * @returns null for a graph whose table cannot be read by rows
   */
  static of(
    model: Uint8Array<ArrayBuffer>,
    source: (location: string) => ByteSource,
    width: number,
  ): EmbeddingRows | null {
    const parts = partsOf(readWeights(model).filter(({ name }) => name.includes(TABLE)));
    return parts && new EmbeddingRows(parts, source, width);
  }

  async embed(ids: readonly number[]): Promise<Float32Array> {
    const rows = new Map<number, Float32Array>();
    const missing: number[] = [];
    for (const id of new Set(ids)) {
      const row = this.#rows.get(id);
      if (row) rows.set(id, row);
      else missing.push(id);
    }
    for (let at = 0; at < missing.length; at += READS) {
      const read = missing.slice(at, at + READS).map(async (id) => [id, await this.#read(id)] as const);
      for (const [id, row] of await Promise.all(read)) rows.set(id, row);
    }
    const out = new Float32Array(ids.length * this.#width);
    for (const [i, id] of ids.entries()) out.set(rows.get(id) as Float32Array, i * this.#width);
    for (const [id, row] of rows) this.#keep(id, row);
    return out;
  }

  #keep(id: number, row: Float32Array): void {
    this.#rows.delete(id);
    this.#rows.set(id, row);
    if (this.#rows.size <= ROWS) return;
    const [oldest] = this.#rows.keys();
    this.#rows.delete(oldest as number);
  }

  async #read(id: number): Promise<Float32Array> {
    const parts = await Promise.all(this.#parts.map((part) => this.#readPart(part, id)));
    const row = new Float32Array(this.#width);
    let at = 0;
    for (const part of parts) {
      // Blocks of 32 fill the last part up.
      row.set(part.subarray(0, Math.min(part.length, this.#width - at)), at);
      at += part.length;
    }
    return row;
  }

  async #readPart({ integers, scales }: Part, id: number): Promise<Float32Array> {
    const [numbers, factors] = await Promise.all([
      this.#stored(integers, id),
      scales ? this.#stored(scales, id) : null,
    ]);
    if (!factors) return numbers;
    const block = numbers.length / factors.length;
    return numbers.map((value, i) => value * (factors[Math.floor(i / block)] as number));
  }

  async #stored({ type, dims, data }: StoredWeight, id: number): Promise<Float32Array> {
    const [rows = 0, columns = 0] = dims;
    if (id < 0 || id >= rows) throw new RangeError(`the embedding table has no row ${id}`);
    const length = columns * (BYTES[type] ?? 0);
    if (data instanceof Uint8Array) return numbersOf(type, data.subarray(id * length, (id + 1) * length));
    const from = data.offset + id * length;
    return numbersOf(type, await this.#source(data.location).read(from, from + length));
  }
}
