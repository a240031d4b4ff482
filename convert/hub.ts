/** A checkpoint in a repository of a model hub. Its commit is pinned before the first byte, so that no push mixes two. */
import { z } from 'zod';
import { CodedError } from '../core/errors.ts';
import type { HubAddress } from '../core/files/hub-address.ts';
import type { CheckpointFile, CheckpointFiles } from './files.ts';
import { type HubConnection, HubRequests } from './hub-request.ts';
import { RangePlan, type RangeSizes, type TensorRange } from './range-plan.ts';

/** Bytes of the list of a repository's files. */
const largestList = 2 ** 24;
/** Text files of up to this size are kept: several checks read them. */
const smallText = 2 ** 20;

const listing = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z.array(
    z.object({
      rfilename: z.string().min(1),
      size: z.int().nonnegative().nullish(),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().nonnegative() }).nullish(),
    }),
  ),
});

interface ListedFile extends CheckpointFile {
  readonly sha256: string | null;
}

/** True for a file of the repository's own folder. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const isPlain = (name: string) => !/[\u0000-\u001f\u007f\\/]/.test(name) && !/^\.+$/.test(name);

export class HubCheckpoint implements CheckpointFiles {
  readonly source: { readonly repository: string; readonly commit: string };
  readonly #requests: HubRequests;
  readonly #files: ReadonlyMap<string, ListedFile>;
  readonly #texts = new Map<string, Promise<Uint8Array>>();
  readonly #ranges: RangePlan;

  private constructor(
    requests: HubRequests,
    source: HubCheckpoint['source'],
    files: ReadonlyMap<string, ListedFile>,
    sizes?: RangeSizes,
  ) {
    this.#requests = requests;
    this.source = source;
    this.#files = files;
    const read = (file: string, offset: number, length: number) =>
      requests.range({ file, fileBytes: this.#file(file).bytes, offset, length });
    this.#ranges = new RangePlan(read, sizes);
  }

  /**
   * Asks the hub for the commit of the revision and the files in it.
   *
   * @throws CodedError `hub/*`
   */
  static async open(
    address: HubAddress,
    connection: HubConnection,
    sizes?: RangeSizes,
  ): Promise<HubCheckpoint> {
    const { repository, revision, endpoint } = address;
    const path = `/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`;
    const json = await new HubRequests(address, connection).json(path, largestList);
    const read = listing.safeParse(json);
    const fault = (problem: string) =>
      new CodedError('hub/answer', { host: new URL(endpoint).host, what: path, problem });
    if (!read.success) throw fault(read.error.issues[0]?.path.join('.') ?? 'is not understood');
    const commit = read.data.sha;
    if (/^[0-9a-f]{40}$/.test(revision) && revision !== commit) throw fault('is of another commit');
    const files = new Map<string, ListedFile>();
    for (const { rfilename: name, size, lfs } of read.data.siblings) {
      const bytes = lfs?.size ?? size;
      if (!isPlain(name) || bytes === null || bytes === undefined) continue;
      files.set(name, { name, bytes, sha256: lfs?.sha256 ?? null });
    }
    const requests = new HubRequests({ ...address, revision: commit }, connection);
    return new HubCheckpoint(requests, { repository, commit }, files, sizes);
  }

  async list(): Promise<readonly CheckpointFile[]> {
    return [...this.#files.values()].map(({ name, bytes }) => ({ name, bytes }));
  }

  plan(tensors: readonly TensorRange[]): void {
    this.#ranges.plan(tensors);
  }

  sha256(name: string): string | null {
    return this.#file(name).sha256;
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    const { bytes } = this.#file(name);
    if (length === 0) return new Uint8Array(0);
    if (bytes > smallText || name.endsWith('.safetensors')) return this.#ranges.read(name, offset, length);
    let text = this.#texts.get(name);
    if (text === undefined) {
      text = this.#requests.range({ file: name, fileBytes: bytes, offset: 0, length: bytes });
      this.#texts.set(name, text);
      text.catch(() => this.#texts.delete(name));
    }
    return (await text).slice(offset, offset + length);
  }

  #file(name: string): ListedFile {
    const file = this.#files.get(name);
    if (file === undefined) throw new RangeError(`${name} is not in the repository`);
    return file;
  }
}
