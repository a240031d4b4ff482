/** Writes a graph: weights into external data files of at most 1 GiB, then the `.onnx` that points into them. */
import type { Digest } from '../core/files/sha256.ts';
import type { PackageSink, SinkFile, WrittenFile } from './files.ts';
import type { Graph } from './graph.ts';
import type { ExternalLocation } from './onnx.ts';

export const fileLimit = 2 ** 30;
/** Bytes of a weight below which it is stored in the `.onnx` itself. */
const inlineBytes = 512;
const alignment = 64;

/** Bytes of a file that are read at once to hash them. */
const hashStep = 2 ** 24;
/** Bytes after which a file under construction is recorded: an interruption costs no more. */
export const recordBytes = 2 ** 26;

/** A file of the package that counts and hashes its bytes while they are written. */
export class HashedFile {
  readonly path: string;
  readonly #file: SinkFile;
  readonly #digest: Digest;
  /** Bytes up to the last record. */
  #recorded: number;
  bytes: number;

  private constructor(path: string, file: SinkFile, digest: Digest) {
    this.path = path;
    this.#file = file;
    this.#digest = digest;
    this.#recorded = file.recorded;
    this.bytes = file.recorded;
  }

  /** @param ends lengths at which an interrupted file may be continued */
  static async create(
    sink: PackageSink,
    path: string,
    digest: Digest,
    ends: ReadonlySet<number> = new Set(),
  ): Promise<HashedFile> {
    const file = await sink.create(path, ends);
    for (let at = 0; at < file.recorded; at += hashStep)
      digest.update(await file.read(at, Math.min(hashStep, file.recorded - at)));
    return new HashedFile(path, file, digest);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#digest.update(bytes);
    this.bytes += bytes.length;
    await this.#file.write(bytes);
  }

  /** Records the bytes so far where at least `step` have come since the last record. */
  async record(step: number): Promise<void> {
    if (this.bytes - this.#recorded < step) return;
    await this.#file.record();
    this.#recorded = this.bytes;
  }

  async close(): Promise<WrittenFile> {
    await this.#file.close();
    return { path: this.path, bytes: this.bytes, sha256: this.#digest.hex() };
  }
}

/** Range in a data file of each weight that is stored outside the `.onnx`, by name. */
export type Layout = ReadonlyMap<string, ExternalLocation>;

/**
 * Lays the weights one after another into files of at most `fileLimit` bytes.
 *
 * @param file name of the `.onnx`, which the data files' names begin with
 * @param placed layouts of the folder's earlier graphs, by graph
 */
export function layOut(g: Graph, file: string, placed: ReadonlyMap<string, Layout>): Layout {
  const layout = new Map<string, ExternalLocation>();
  let count = 0;
  let at = 0;
  for (const { name, bytes: length, sharedFrom } of g.weights) {
    const shared = sharedFrom === undefined ? undefined : placed.get(sharedFrom)?.get(name);
    if (shared !== undefined) layout.set(name, shared);
    if (shared !== undefined || length < inlineBytes) continue;
    at += -at & (alignment - 1);
    if (count === 0 || at + length > fileLimit) {
      count++;
      at = 0;
    }
    const location = `${file}_data${count === 1 ? '' : `_${count - 1}`}`;
    layout.set(name, { location, offset: at, length });
    at += length;
  }
  return layout;
}

export interface WriteOptions {
  readonly producer: { readonly name: string; readonly version: string };
  readonly digest: () => Digest;
  /** Called after each weight with its bytes in the file. */
  readonly onWeight?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** Default: `recordBytes`. */
  readonly recordBytes?: number;
}

/** Lengths of a data file at which it may be continued: the ends of its weights, integers and scales together. */
function endsOf(g: Graph, layout: Layout, location: string): ReadonlySet<number> {
  const ends = new Set<number>();
  for (const [i, { name }] of g.weights.entries()) {
    const range = layout.get(name);
    if (range?.location === location && g.weights[i + 1]?.name !== `${name}.scale`)
      ends.add(range.offset + range.length);
  }
  return ends;
}

/** @returns the `.onnx` first, then its data files */
export async function writeGraph(
  sink: PackageSink,
  folder: string,
  file: string,
  g: Graph,
  layout: Layout,
  options: WriteOptions,
): Promise<WrittenFile[]> {
  const stored = new Map<string, ExternalLocation | Uint8Array>(layout);
  const written: WrittenFile[] = [];
  let current: HashedFile | null = null;
  let ends: ReadonlySet<number> = new Set();
  for (const weight of g.weights) {
    options.signal?.throwIfAborted();
    const range = layout.get(weight.name);
    if (range !== undefined && !range.location.startsWith(`${file}_data`)) continue;
    // A small shared weight is stored in both graphs and counts once.
    const report = () => weight.sharedFrom === undefined && options.onWeight?.(weight.bytes);
    if (range === undefined) {
      stored.set(weight.name, await weight.produce());
      report();
      continue;
    }
    const path = `${folder}/${range.location}`;
    if (current?.path !== path) {
      if (current !== null) written.push(await current.close());
      ends = endsOf(g, layout, range.location);
      current = await HashedFile.create(sink, path, options.digest(), ends);
    }
    const end = range.offset + range.length;
    if (end > current.bytes) {
      if (range.offset > current.bytes) await current.write(new Uint8Array(range.offset - current.bytes));
      await current.write(await weight.produce());
      if (ends.has(end)) await current.record(options.recordBytes ?? recordBytes);
    }
    report();
  }
  if (current !== null) written.push(await current.close());
  const model = await HashedFile.create(sink, `${folder}/${file}`, options.digest());
  await model.write(g.encode(options.producer, stored));
  return [await model.close(), ...written];
}
