/** Opens the graphs of a package as sessions of onnxruntime, weights streamed where the build can. */
import type * as Ort from 'onnxruntime-common';
import { CodedError } from '../../core/errors.ts';
import { HELD_LIMIT } from '../../core/files/machine.ts';
import type { Variant } from '../../core/files/manifest.ts';
import type { ByteSource } from './byte-source.ts';
import type { Session } from './language-decoder.ts';
import type { PackageContents } from './package-files.ts';
import { RangeBlob } from './range-blob.ts';
import { type Build, streamsWeights } from './runtime.ts';

/** @throws CodedError `model/held` {bytes, limit} where this browser would have to hold too much in memory */
export function checkHeld(build: Build, bytes: number): void {
  if (!streamsWeights(build) && bytes > HELD_LIMIT)
    throw new CodedError('model/held', { bytes, limit: HELD_LIMIT });
}

export type SessionOptions = Ort.InferenceSession.SessionOptions;

export interface OpenOptions {
  /** Graphs whose data files this one uses, in place of files of its own. */
  readonly dataOf?: readonly string[];
  readonly session: SessionOptions;
}

/** Files of a graph in a variant: the `.onnx`, and its external data. Null where the variant has no such graph. */
export function graphFiles(variant: Pick<Variant, 'files'>, graph: string) {
  const onnx = variant.files.find((path) => {
    const file = path.slice(path.indexOf('/') + 1);
    return file.startsWith(graph) && /^(_fp16|_quantized|_q4|_q4f16)?\.onnx$/.test(file.slice(graph.length));
  });
  if (onnx === undefined) return null;
  return { onnx, data: variant.files.filter((path) => path.startsWith(`${onnx}_data`)) };
}

export class SessionOpener {
  readonly #ort: typeof Ort;
  readonly #build: Build;
  readonly #variant: Variant;
  readonly #contents: PackageContents;
  readonly #onBytes: (bytes: number, file: string) => void;
  readonly #opened = new Set<Session>();

  /** @param onBytes called with the bytes of weights that a session has read */
  constructor(
    { ort, build }: { readonly ort: typeof Ort; readonly build: Build },
    variant: Variant,
    contents: PackageContents,
    onBytes: (bytes: number, file: string) => void,
  ) {
    this.#ort = ort;
    this.#build = build;
    this.#variant = variant;
    this.#contents = contents;
    this.#onBytes = onBytes;
  }

  source(path: string): ByteSource {
    const source = this.#contents.get(path);
    if (!source)
      throw new CodedError('model/manifest', {
        field: path,
        problem: 'is not among the files of the variant',
      });
    return source;
  }

  has(graph: string): boolean {
    return graphFiles(this.#variant, graph) !== null;
  }

  /** @throws CodedError `model/manifest` where the variant has no such graph; errors of reading; errors of onnxruntime */
  async open(graph: string, { dataOf = [graph], session }: OpenOptions): Promise<Session> {
    const files = graphFiles(this.#variant, graph);
    if (!files) throw new CodedError('model/manifest', { field: graph, problem: 'is not in the package' });
    let failure: unknown;
    const paths = dataOf.flatMap((name) => graphFiles(this.#variant, name)?.data ?? []);
    const externalData: { path: string; data: Blob | Uint8Array<ArrayBuffer> }[] = [];
    for (const path of paths) {
      const source = this.source(path);
      const onBytes = (bytes: number) => this.#onBytes(bytes, path);
      let data: Blob | Uint8Array<ArrayBuffer>;
      if (source.held) data = source.held;
      else if (streamsWeights(this.#build)) {
        const onFailure = (error: unknown) => {
          failure ??= error;
        };
        data = new RangeBlob(source, { onBytes, onFailure });
      } else {
        data = await source.read(0, source.size);
        onBytes(source.size);
      }
      externalData.push({ path: path.slice(path.indexOf('/') + 1), data });
    }
    const model = this.source(files.onnx);
    const bytes = model.held ?? (await model.read(0, model.size));
    try {
      const opened = (await this.#ort.InferenceSession.create(bytes, {
        logSeverityLevel: 3,
        ...session,
        ...(externalData.length > 0 && { externalData }),
      })) as Session;
      this.#opened.add(opened);
      return opened;
    } catch (error) {
      throw failure ?? error;
    }
  }

  async release(session: Session): Promise<void> {
    this.#opened.delete(session);
    await session.release();
  }

  /** Releases every session; a lost device makes that fail, and leaves nothing behind. */
  async releaseAll(): Promise<void> {
    const opened = [...this.#opened];
    this.#opened.clear();
    for (const session of opened) await session.release().catch(() => {});
  }
}
