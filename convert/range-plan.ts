/**
 * Reads of a checkpoint's tensors over a network, planned from where they lie. A large tensor comes in pieces of its own, the
 * next one fetched while the last is converted; small neighbours come together. No byte of a tensor is fetched twice unless the
 * tensor is read twice.
 */

/** A tensor's bytes in its file. */
export interface TensorRange {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Reads bytes `offset` to `offset + length` of a file. */
export type ReadRange = (file: string, offset: number, length: number) => Promise<Uint8Array>;

/** Bytes. */
export interface RangeSizes {
  /** Piece of a large tensor. */
  readonly piece: number;
  /** Largest tensor that is fetched with its neighbours, and kept: a layer's norms lie far from its matrices. */
  readonly small: number;
  /** Largest group of small tensors. */
  readonly group: number;
}

const usual: RangeSizes = { piece: 2 ** 24, small: 2 ** 16, group: 2 ** 22 };
/** Groups of small tensors that are fetched ahead. */
const groupsAhead = 4;
/** Pieces of large tensors in memory, those on their way included. */
const mostPieces = 4;

/** A range that is fetched whole (small tensors), or in pieces (a large one). */
interface Segment {
  readonly start: number;
  end: number;
  readonly small: boolean;
}

function segmentsOf(tensors: readonly TensorRange[], sizes: RangeSizes): Segment[] {
  const segments: Segment[] = [];
  for (const { offset, bytes } of [...tensors].sort((a, b) => a.offset - b.offset)) {
    const last = segments.at(-1);
    const small = bytes <= sizes.small;
    const joins = small && last?.small && last.end === offset && offset + bytes - last.start <= sizes.group;
    if (joins) last.end = offset + bytes;
    else if (bytes > 0) segments.push({ start: offset, end: offset + bytes, small });
  }
  return segments;
}

export class RangePlan {
  readonly #read: ReadRange;
  readonly #sizes: RangeSizes;
  #segments: ReadonlyMap<string, readonly Segment[]> = new Map();
  /** Small tensors, kept to the end. */
  readonly #groups = new Map<Segment, Promise<Uint8Array>>();
  readonly #pieces = new Map<string, Promise<Uint8Array>>();

  constructor(read: ReadRange, sizes: RangeSizes = usual) {
    this.#read = read;
    this.#sizes = sizes;
  }

  plan(tensors: readonly TensorRange[]): void {
    const byFile = Map.groupBy(tensors, ({ file }) => file);
    this.#segments = new Map([...byFile].map(([file, held]) => [file, segmentsOf(held, this.#sizes)]));
  }

  /** A range of a tensor; any other range is fetched as it is. */
  async read(file: string, offset: number, length: number): Promise<Uint8Array> {
    const segments = this.#segments.get(file) ?? [];
    const index = segments.findLastIndex(({ start }) => start <= offset);
    const segment = segments[index];
    if (segment === undefined || offset + length > segment.end) return this.#read(file, offset, length);
    if (!segment.small) return this.#readLarge(file, segment, offset, length);
    const following = segments.slice(index + 1).filter(({ small }) => small);
    for (const next of following.slice(0, groupsAhead)) this.#group(file, next).catch(() => {});
    const at = offset - segment.start;
    return (await this.#group(file, segment)).slice(at, at + length);
  }

  #group(file: string, segment: Segment): Promise<Uint8Array> {
    const present = this.#groups.get(segment);
    if (present) return present;
    const group = this.#read(file, segment.start, segment.end - segment.start);
    this.#groups.set(segment, group);
    group.catch(() => this.#groups.delete(segment));
    return group;
  }

  async #readLarge(file: string, segment: Segment, offset: number, length: number): Promise<Uint8Array> {
    const out = new Uint8Array(length);
    for (let at = offset; at < offset + length; ) {
      const start = at - ((at - segment.start) % this.#sizes.piece);
      const piece = this.#piece(file, segment, start);
      const next = start + this.#sizes.piece;
      if (next < segment.end) this.#piece(file, segment, next).catch(() => {});
      const end = Math.min(next, segment.end, offset + length);
      out.set((await piece).subarray(at - start, end - start), at - offset);
      at = end;
    }
    return out;
  }

  #piece(file: string, segment: Segment, start: number): Promise<Uint8Array> {
    const key = `${start} ${file}`;
    const present = this.#pieces.get(key);
    const piece = present ?? this.#read(file, start, Math.min(this.#sizes.piece, segment.end - start));
    // The last use is the newest.
    this.#pieces.delete(key);
    this.#pieces.set(key, piece);
    if (present === undefined) piece.catch(() => this.#pieces.delete(key));
    for (const old of this.#pieces.keys()) {
      if (this.#pieces.size <= mostPieces) break;
      this.#pieces.delete(old);
    }
    return piece;
  }
}
