/** Writes a graph: weights into external data files of at most 1 GiB, then the `.onnx` that points into them. */
import type { PackageSink, SinkFile } from './files.ts';
import type { Graph } from './graph.ts';
import type { ExternalPlace } from './onnx.ts';
import type { Digest } from './sha256.ts';

export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export const fileLimit = 2 ** 30;
/** Smaller weights lie in the graph itself. */
const inlineBytes = 512;
const alignment = 64;

/** A sink file that counts and hashes what goes through it. */
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

export interface WriteOptions {
  readonly producer: { readonly name: string; readonly version: string };
  readonly digest: () => Digest;
  /** Called after each weight with its bytes in the file. */
  readonly onWeight?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** Where the weights of the folder's earlier graphs lie, by graph; this graph's are added. */
  readonly placed?: Map<string, ReadonlyMap<string, ExternalPlace | Uint8Array>>;
}

/** @returns the `.onnx` first, then its data files */
export async function writeGraph(
  sink: PackageSink,
  folder: string,
  file: string,
  g: Graph,
  options: WriteOptions,
): Promise<WrittenFile[]> {
  const places = new Map<string, ExternalPlace | Uint8Array>();
  const written: WrittenFile[] = [];
  let current: HashedFile | null = null;
  for (const weight of g.weights) {
    options.signal?.throwIfAborted();
    const lent = weight.lender && options.placed?.get(weight.lender)?.get(weight.name);
    if (lent) {
      places.set(weight.name, lent);
      continue;
    }
    const data = await weight.produce();
    options.onWeight?.(data.length);
    if (data.length < inlineBytes) {
      places.set(weight.name, data);
      continue;
    }
    if (current !== null && current.bytes + alignment + data.length > fileLimit) {
      written.push(await current.close());
      current = null;
    }
    if (current === null) {
      const location = `${file}_data${written.length === 0 ? '' : `_${written.length}`}`;
      current = await HashedFile.create(sink, `${folder}/${location}`, options.digest());
    }
    const gap = -current.bytes & (alignment - 1);
    if (gap > 0) await current.write(new Uint8Array(gap));
    const location = current.path.slice(folder.length + 1);
    places.set(weight.name, { location, offset: current.bytes, length: data.length });
    await current.write(data);
  }
  if (current !== null) written.push(await current.close());
  options.placed?.set(g.name, places);
  const model = await HashedFile.create(sink, `${folder}/${file}`, options.digest());
  await model.write(g.encode(options.producer, places));
  return [await model.close(), ...written];
}
