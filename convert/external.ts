/** Writes a graph: weights into external data files of at most 1 GiB, then the `.onnx` that points into them. */
import type { Digest } from '../core/files/sha256.ts';
import type { PackageSink, SinkFile, WrittenFile } from './files.ts';
import type { Graph } from './graph.ts';
import type { ExternalLocation } from './onnx.ts';

export const fileLimit = 2 ** 30;
/** Bytes of a weight below which it is stored in the `.onnx` itself. */
const inlineBytes = 512;
const alignment = 64;

/** A file of the package that counts and hashes its bytes while they are written. */
export class HashedFile {
  readonly path: string;
  readonly #file: SinkFile;
  readonly #digest: Digest;
  bytes = 0;

  private constructor(path: string, file: SinkFile, digest: Digest) {
    this.path = path;
    this.#file = file;
    this.#digest = digest;
  }

  static async create(sink: PackageSink, path: string, digest: Digest): Promise<HashedFile> {
    return new HashedFile(path, await sink.create(path), digest);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#digest.update(bytes);
    this.bytes += bytes.length;
    await this.#file.write(bytes);
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
  for (const weight of g.weights) {
    options.signal?.throwIfAborted();
    const range = layout.get(weight.name);
    if (range !== undefined && !range.location.startsWith(`${file}_data`)) continue;
    const data = await weight.produce();
    // A small shared weight is stored in both graphs and counts once.
    if (weight.sharedFrom === undefined) options.onWeight?.(data.length);
    if (range === undefined) {
      stored.set(weight.name, data);
      continue;
    }
    const path = `${folder}/${range.location}`;
    if (current?.path !== path) {
      if (current !== null) written.push(await current.close());
      current = await HashedFile.create(sink, path, options.digest());
    }
    if (range.offset > current.bytes) await current.write(new Uint8Array(range.offset - current.bytes));
    await current.write(data);
  }
  if (current !== null) written.push(await current.close());
  const model = await HashedFile.create(sink, `${folder}/${file}`, options.digest());
  await model.write(g.encode(options.producer, stored));
  return [await model.close(), ...written];
}
