/**
 * The Models page's store: the bundled package and those stored on this device, and the work on each. Downloads outlive
 * the view that started them, and resume when the network returns.
 */
import { createStore } from 'zustand/vanilla';
import { CodedError, type CodedErrorData } from '../../../core/errors.ts';
import { bytesToAllocate, type Machine, type Requirements } from '../../../core/files/machine.ts';
import { readManifest } from '../../../core/files/manifest.ts';
import type { DownloadProgress, StoredPackage } from '../../../workers/packages/api.ts';
import type { PackagesClient } from '../../../workers/packages/client.ts';
import { RunHandle } from '../run/run-handle.ts';
import { DownloadSpeed } from './download-speed.ts';
import { toErrorData } from './model-store.ts';
import { addressOf } from './package-address.ts';
import {
  EMPTY,
  interrupted,
  type PackageRow,
  type PackagesEvent,
  type PackagesState,
  type PackageTask,
  reducePackages,
  requiredPaths,
  rowOf,
  type StorageState,
} from './packages-state.ts';
import { BUNDLED } from './preferred-package.ts';

export type { PackageRow, PackagesState, PackageWork, PauseReason, StorageState } from './packages-state.ts';

export interface PackagesDependencies {
  readonly client: PackagesClient;
  /** The bundled package's manifest, its SHA-256 and the address of its folder. */
  readonly bundled: () => Promise<{
    readonly manifest: unknown;
    readonly sha256: string;
    readonly base: string;
  }>;
  readonly machine: () => Promise<Machine>;
  readonly storage: () => Promise<StorageState>;
  /** Asks the browser to keep what is stored; resolves with its answer. */
  readonly persist: () => Promise<boolean>;
  /** Calls back whenever the network returns. */
  readonly onOnline: (call: () => void) => void;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** A removed row whose files are not deleted yet. */
export interface Removal {
  /** Brings the row back as it was. */
  readonly undo: () => void;
  /** Resolves when the files are deleted, or the removal was undone. */
  readonly gone: Promise<void>;
}

const removed = () => new DOMException('removed', 'AbortError');

export class PackagesStore {
  readonly store = createStore<PackagesState>(() => EMPTY);
  readonly #dependencies: PackagesDependencies;
  readonly #now: () => number;
  /** Work in progress by row. */
  readonly #running = new Map<string, RunHandle>();
  #opening: Promise<void> | null = null;

  constructor(dependencies: PackagesDependencies) {
    this.#dependencies = dependencies;
    this.#now = dependencies.now ?? (() => Date.now());
  }

  /** Reads the packages of this device; once. */
  open = (): Promise<void> => {
    this.#opening ??= this.#open();
    return this.#opening;
  };

  /** Fetches the files that this machine needs of a package, or all of them; those that are stored are not fetched. */
  download = async (id: string, everything = false): Promise<void> => {
    const { client, persist } = this.#dependencies;
    const { manifest, manifestSha256, address, stored } = this.#row(id);
    if (!address) return;
    if (!everything && stored === null && !(await this.tryMemory(manifest))) return;
    const persisted = await persist().catch(() => false);
    this.#dispatch({ kind: 'measured', storage: { persisted } });
    const paths = everything
      ? manifest.files.map(({ path }) => path)
      : requiredPaths(manifest, this.#state.machine);
    await this.#work(id, 'downloading', (signal, onProgress) =>
      client.download(address, manifestSha256, paths, signal, onProgress),
    );
  };

  /** Reads the manifest at an address and adds its row; nothing else is fetched. @returns its id, null with `error` set */
  fetchManifest = async (
    url: string,
    headers: Readonly<Record<string, string>> = {},
    filesBase?: string,
  ): Promise<string | null> => {
    this.#dispatch({ kind: 'fetching', fetching: true });
    try {
      const address = { ...addressOf(url, headers), ...(filesBase !== undefined && { filesBase }) };
      const { manifest, manifestSha256, stored } = await this.#dependencies.client.fetchManifest(address);
      const id = manifestSha256.slice(0, 16);
      const blank = {
        id,
        manifest,
        manifestSha256,
        stored: null,
        work: { kind: 'none' as const },
        error: null,
      };
      if (this.#find(id)) this.#dispatch({ kind: 'changed', id, change: { address, error: null } });
      else this.#dispatch({ kind: 'added', row: { ...(stored ? rowOf(stored) : blank), address } });
      return id;
    } catch (error) {
      this.#fail(error);
      return null;
    } finally {
      this.#dispatch({ kind: 'fetching', fetching: false });
    }
  };

  /**
   * Allocates as a test what a package needs of graphics memory, where it is large and its other needs are met. The result
   * is a property of the machine from then on, and so in every verdict.
   *
   * @returns false where it could not be allocated
   */
  tryMemory = async (requirements: Requirements): Promise<boolean> => {
    const { machine } = this.#state;
    const bytes = machine && bytesToAllocate(requirements, machine);
    if (bytes === null) return true;
    const succeeded = await this.#dependencies.client.canAllocate(bytes).catch(() => null);
    if (succeeded === null) return true;
    this.#dispatch({ kind: 'allocated', bytes, succeeded });
    return succeeded;
  };

  /** Forgets the error that belongs to no row. */
  forgetError = (): void => this.#dispatch({ kind: 'failed', error: null });

  /** Copies a folder to this device. @returns its id, null with `error` set */
  importFolder = async (
    files: readonly { readonly path: string; readonly file: File }[],
  ): Promise<string | null> => {
    this.#dispatch({ kind: 'failed', error: null });
    try {
      const { signal } = new RunHandle();
      const row = rowOf(await this.#dependencies.client.importFolder(files, signal, () => {}));
      this.#dispatch({ kind: 'added', row });
      await this.#measure();
      return row.id;
    } catch (error) {
      this.#fail(error);
      return null;
    }
  };

  /** Adds the package of a conversion that has ended. @returns its id, null with `error` set */
  adopt = async (id: string): Promise<string | null> => {
    try {
      this.#dispatch({ kind: 'added', row: rowOf(await this.#dependencies.client.adopt(id)) });
      await this.#measure();
      return id;
    } catch (error) {
      this.#fail(error);
      return null;
    }
  };

  /** Stops within a moment; the bytes that have arrived stay. */
  pause = (id: string): void => this.#running.get(id)?.abort(new DOMException('paused', 'AbortError'));

  verify = (id: string): Promise<void> =>
    this.#work(id, 'checking', (signal, onProgress) =>
      this.#dependencies.client.verify(id, signal, onProgress),
    );

  /** Removes a row at once and deletes its files after `seconds`; leaving the page before that keeps the files. */
  remove = (id: string, seconds = 10): Removal => {
    const row = this.#row(id);
    const at = this.#state.rows.indexOf(row);
    this.#running.get(id)?.abort(removed());
    this.#dispatch({ kind: 'removed', id });
    let undo = () => {};
    const gone = new Promise<void>((resolve) => {
      const timer = setTimeout(() => void this.#delete(id).finally(resolve), seconds * 1000);
      undo = () => {
        clearTimeout(timer);
        const paused = { kind: 'paused', reason: 'person', since: this.#now() } as const;
        const work = row.work.kind === 'downloading' ? paused : row.work;
        this.#dispatch({ kind: 'added', row: { ...row, work }, at });
        resolve();
      };
    });
    return { gone, undo };
  };

  /** Files of a whole package for the model worker. */
  files = (id: string): ReturnType<PackagesClient['files']> => this.#dependencies.client.files(id);

  /** Deletes every stored package. */
  clear = async (): Promise<void> => {
    const ids = this.#state.rows.map(({ id }) => id).filter((id) => id !== BUNDLED);
    for (const id of ids) this.#running.get(id)?.abort(removed());
    for (const id of ids) await this.#dependencies.client.remove(id);
    this.#dispatch({ kind: 'cleared' });
    await this.#measure();
  };

  get #state(): PackagesState {
    return this.store.getState();
  }

  #dispatch(event: PackagesEvent): void {
    this.store.setState(reducePackages(this.#state, event));
  }

  #fail(error: unknown): void {
    this.#dispatch({ kind: 'failed', error: toErrorData(error) });
  }

  #find(id: string): PackageRow | undefined {
    return this.#state.rows.find((row) => row.id === id);
  }

  #row(id: string): PackageRow {
    const row = this.#find(id);
    if (!row)
      throw new CodedError('model/manifest', { field: 'manifest.json', problem: 'is not on this device' });
    return row;
  }

  async #measure(): Promise<void> {
    const storage = await this.#dependencies.storage().catch(() => ({}));
    this.#dispatch({ kind: 'measured', storage });
  }

  async #open(): Promise<void> {
    const { client, machine, onOnline } = this.#dependencies;
    const errors: CodedErrorData[] = [];
    const orElse = <T>(work: Promise<T>, fallback: T): Promise<T> =>
      work.catch((error: unknown) => {
        errors.push(toErrorData(error));
        return fallback;
      });
    const [bundled, stored, here] = await Promise.all([
      orElse(this.#bundledRow(), null),
      orElse(client.list(), []),
      orElse(machine(), null),
      this.#measure(),
    ]);
    const rows = [...(bundled ? [bundled] : []), ...stored.map(rowOf)];
    this.#dispatch({ kind: 'opened', rows, machine: here, error: errors[0] ?? null });
    onOnline(() => {
      for (const { id, work } of this.#state.rows)
        if (work.kind === 'paused' && work.reason === 'network') void this.download(id);
    });
  }

  async #bundledRow(): Promise<PackageRow> {
    const { manifest, sha256, base } = await this.#dependencies.bundled();
    return {
      id: BUNDLED,
      manifest: readManifest(manifest),
      manifestSha256: sha256,
      stored: null,
      address: addressOf(base),
      work: { kind: 'none' },
      error: null,
    };
  }

  /** Works on a row, shows the progress, and how it ended. A row has one task at a time. */
  async #work(
    id: string,
    kind: PackageTask,
    work: (signal: AbortSignal, onProgress: (progress: DownloadProgress) => void) => Promise<StoredPackage>,
  ): Promise<void> {
    if (this.#running.has(id)) return;
    const run = new RunHandle();
    this.#running.set(id, run);
    const change = (to: Partial<PackageRow>) => this.#dispatch({ kind: 'changed', id, change: to });
    const speed = new DownloadSpeed(this.#now);
    change({ work: { kind, progress: null, speed: null }, error: null });
    try {
      const stored = await work(run.signal, (progress) => {
        if (run.isCurrent()) change({ work: { kind, progress, speed: speed.add(progress.arrivedBytes) } });
      });
      change({ stored, work: { kind: 'none' } });
    } catch (error) {
      const stored = await this.#stored(id);
      change(interrupted(kind, error, toErrorData(error), stored, this.#now()));
    } finally {
      run.end();
      this.#running.delete(id);
      await this.#measure();
    }
  }

  /** A package as it is stored now; null without one. */
  async #stored(id: string): Promise<StoredPackage | null> {
    const all = await this.#dependencies.client.list().catch(() => []);
    return all.find((stored) => stored.id === id) ?? null;
  }

  async #delete(id: string): Promise<void> {
    await this.#dependencies.client.remove(id).catch((error: unknown) => this.#fail(error));
    await this.#measure();
  }
}

export const createPackagesStore = (dependencies: PackagesDependencies): PackagesStore =>
  new PackagesStore(dependencies);
