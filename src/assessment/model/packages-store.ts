/**
 * The Models page as data: the package that ships and those kept on this device, what each is doing, and what this
 * machine has. Downloads outlive the place that started them, and go on by themselves when the network is back.
 */
import { createStore } from 'zustand/vanilla';
import { CodedError, type CodedErrorData, isAbort } from '../../../core/errors.ts';
import { checkMachine, filesOf, type Machine } from '../../../core/files/machine.ts';
import { type Manifest, readManifest } from '../../../core/files/manifest.ts';
import type { DownloadProgress, PackageAddress, StoredPackage } from '../../../workers/packages/api.ts';
import type { PackagesClient } from '../../../workers/packages/client.ts';
import { toErrorData } from './model-store.ts';
import { BUNDLED } from './preferred-package.ts';

/** Why a package that is not whole stands still. */
export type PauseReason = 'person' | 'network' | 'closed';

export type PackageWork =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'downloading' | 'checking' | 'copying';
      readonly progress: DownloadProgress | null;
      /** Bytes a second over the last moments; null before they are known. */
      readonly speed: number | null;
    }
  | { readonly kind: 'paused'; readonly reason: PauseReason; readonly since: number };

export interface PackageRow {
  /** `bundled`, or the id of a stored package. */
  readonly id: string;
  readonly manifest: Manifest;
  readonly manifestSha256: string;
  readonly stored: StoredPackage | null;
  /** Where it can be fetched from; null for a folder that was copied. */
  readonly address: PackageAddress | null;
  readonly work: PackageWork;
  readonly error: CodedErrorData | null;
}

export interface StorageState {
  readonly used: number | null;
  readonly quota: number | null;
  /** The browser promised not to clear it by itself; null when it was not asked. */
  readonly persisted: boolean | null;
}

export interface PackagesState {
  readonly ready: boolean;
  readonly rows: readonly PackageRow[];
  readonly machine: Machine | null;
  readonly storage: StorageState;
  /** An address is being looked at. */
  readonly fetchingManifest: boolean;
  /** A fault that belongs to no row. */
  readonly error: CodedErrorData | null;
}

export interface PackagesDependencies {
  readonly client: PackagesClient;
  /** The manifest that ships with the page, as bytes, and where it lies. */
  readonly bundled: () => Promise<{
    readonly manifest: unknown;
    readonly sha256: string;
    readonly base: string;
  }>;
  readonly machine: () => Promise<Machine>;
  readonly storage: () => Promise<StorageState>;
  /** Asks the browser to keep what is stored; resolves with its answer. */
  readonly persist: () => Promise<boolean>;
  /** Calls back whenever the network is there again. */
  readonly onOnline: (call: () => void) => void;
  readonly now?: () => number;
}

/** Weight of the newest second in the speed shown. */
const NEWEST = 0.3;
const SPEED_WINDOW = 500;

/** The folder of a manifest's address is where its files lie. */
export function addressOf(url: string, headers: Readonly<Record<string, string>> = {}): PackageAddress {
  let manifest: URL;
  try {
    manifest = new URL(url);
  } catch {
    throw new CodedError('model/manifest', { field: 'address', problem: 'is no address' });
  }
  if (manifest.protocol !== 'https:' && manifest.protocol !== 'http:') {
    throw new CodedError('model/manifest', { field: 'address', problem: 'must begin with https://' });
  }
  if (!manifest.pathname.endsWith('.json')) {
    if (!manifest.pathname.endsWith('/')) manifest.pathname += '/';
    manifest.pathname += 'manifest.json';
  }
  return { manifestUrl: manifest.href, filesBase: new URL('./', manifest).href, headers };
}

/** Paths that a machine needs of a package: its own variant's, else those of all variants. */
export function requiredPaths(manifest: Manifest, machine: Machine | null): string[] {
  const variant = machine && checkMachine(manifest, machine).variant;
  const files = variant ? filesOf(manifest, variant) : manifest.files;
  return files.map(({ path }) => path);
}

export function createPackagesStore({
  client,
  bundled,
  machine,
  storage,
  persist,
  onOnline,
  now = () => Date.now(),
}: PackagesDependencies) {
  const store = createStore<PackagesState>(() => ({
    ready: false,
    rows: [],
    machine: null,
    storage: { used: null, quota: null, persisted: null },
    fetchingManifest: false,
    error: null,
  }));
  const get = store.getState;
  const running = new Map<string, AbortController>();
  /** Why the abort of a row was asked for. */
  const reasons = new Map<string, PauseReason>();

  function setRow(id: string, change: Partial<PackageRow>): void {
    store.setState({ rows: get().rows.map((row) => (row.id === id ? { ...row, ...change } : row)) });
  }

  function row(id: string): PackageRow {
    const row = get().rows.find((one) => one.id === id);
    if (!row)
      throw new CodedError('model/manifest', { field: 'manifest.json', problem: 'is not on this device' });
    return row;
  }

  async function measure(): Promise<void> {
    store.setState({ storage: await storage().catch(() => get().storage) });
  }

  const rowOf = (stored: StoredPackage): PackageRow => ({
    id: stored.id,
    manifest: stored.manifest,
    manifestSha256: stored.manifestSha256,
    stored,
    address: stored.address,
    work:
      stored.complete || stored.files.some(({ state }) => state === 'corrupt')
        ? { kind: 'none' }
        : { kind: 'paused', reason: 'closed', since: 0 },
    error: null,
  });

  async function shipped(): Promise<PackageRow> {
    const { manifest, sha256, base } = await bundled();
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

  let opening: Promise<void> | null = null;
  /** Reads what is there; once. */
  function open(): Promise<void> {
    opening ??= (async () => {
      const faults: CodedErrorData[] = [];
      const soft = async <T>(work: Promise<T>, instead: T): Promise<T> =>
        work.catch((error: unknown) => {
          faults.push(toErrorData(error));
          return instead;
        });
      const [own, kept, here] = await Promise.all([
        soft(shipped(), null),
        soft(client.list(), []),
        soft(machine(), null),
        measure(),
      ]);
      store.setState({
        ready: true,
        rows: [...(own ? [own] : []), ...kept.map(rowOf)],
        machine: here,
        error: faults[0] ?? null,
      });
      onOnline(() => {
        for (const { id, work } of get().rows) {
          if (work.kind === 'paused' && work.reason === 'network') void download(id);
        }
      });
    })();
    return opening;
  }

  /** Runs work on a row, shows its progress, and says how it ended. */
  async function during(
    id: string,
    kind: 'downloading' | 'checking' | 'copying',
    work: (signal: AbortSignal, onProgress: (progress: DownloadProgress) => void) => Promise<StoredPackage>,
  ): Promise<void> {
    if (running.has(id)) return;
    const controller = new AbortController();
    running.set(id, controller);
    reasons.delete(id);
    let mark = { at: now(), bytes: -1 };
    let speed: number | null = null;
    setRow(id, { work: { kind, progress: null, speed }, error: null });
    try {
      const stored = await work(controller.signal, (progress) => {
        if (running.get(id) !== controller) return;
        const passed = now() - mark.at;
        if (mark.bytes < 0 || progress.arrivedBytes < mark.bytes)
          mark = { at: now(), bytes: progress.arrivedBytes };
        else if (passed >= SPEED_WINDOW) {
          const fresh = ((progress.arrivedBytes - mark.bytes) * 1000) / passed;
          speed = speed === null ? fresh : speed + NEWEST * (fresh - speed);
          mark = { at: now(), bytes: progress.arrivedBytes };
        }
        setRow(id, { work: { kind, progress, speed } });
      });
      setRow(id, { stored, work: { kind: 'none' } });
    } catch (error) {
      const data = toErrorData(error);
      const lost = data.code === 'model/network' && data.params.status === undefined;
      const reason = isAbort(error) ? (reasons.get(id) ?? 'person') : lost ? 'network' : null;
      const stored = await refreshed(id);
      setRow(id, {
        ...(stored ? { stored } : {}),
        work: reason && kind === 'downloading' ? { kind: 'paused', reason, since: now() } : { kind: 'none' },
        error: isAbort(error) ? null : withCounts(data, stored),
      });
    } finally {
      running.delete(id);
      await measure();
    }
  }

  async function refreshed(id: string): Promise<StoredPackage | null> {
    const all = await client.list().catch(() => []);
    return all.find((stored) => stored.id === id) ?? null;
  }

  /** What the words of a lost network say: how much is kept. */
  function withCounts(error: CodedErrorData, stored: StoredPackage | null): CodedErrorData {
    if (error.code !== 'model/network' || !stored) return error;
    return {
      ...error,
      params: { ...error.params, received: stored.arrivedBytes, total: stored.totalBytes },
    };
  }

  /** Fetches what this machine needs of a package, going on from what is there. */
  async function download(id: string, everything = false): Promise<void> {
    const { manifest, manifestSha256, address } = row(id);
    if (!address) return;
    const asked = await persist().catch(() => false);
    store.setState({ storage: { ...get().storage, persisted: asked } });
    const paths = everything
      ? manifest.files.map(({ path }) => path)
      : requiredPaths(manifest, get().machine);
    await during(id, 'downloading', (signal, onProgress) =>
      client.download(address, manifestSha256, paths, signal, onProgress),
    );
  }

  return {
    store,
    open,
    download,
    /** Reads the manifest at an address and puts its row in the list; nothing else is fetched. @returns its id */
    async fetchManifest(
      url: string,
      headers: Readonly<Record<string, string>> = {},
      filesBase?: string,
    ): Promise<string | null> {
      store.setState({ fetchingManifest: true, error: null });
      try {
        const own = addressOf(url, headers);
        const address = filesBase === undefined ? own : { ...own, filesBase };
        const { manifest, manifestSha256, stored } = await client.fetchManifest(address);
        const id = manifestSha256.slice(0, 16);
        if (get().rows.some((one) => one.id === id)) setRow(id, { address, error: null });
        else {
          const fresh: PackageRow = stored
            ? { ...rowOf(stored), address }
            : { id, manifest, manifestSha256, stored: null, address, work: { kind: 'none' }, error: null };
          store.setState({ rows: [...get().rows, fresh] });
        }
        return id;
      } catch (error) {
        store.setState({ error: toErrorData(error) });
        return null;
      } finally {
        store.setState({ fetchingManifest: false });
      }
    },
    /** Copies a folder into this device's store. @returns its id, or null with `error` set */
    async importFolder(
      files: readonly { readonly path: string; readonly file: File }[],
    ): Promise<string | null> {
      store.setState({ error: null });
      try {
        const stored = await client.importFolder(files, new AbortController().signal, () => {});
        const own = rowOf(stored);
        const rest = get().rows.filter(({ id }) => id !== own.id);
        store.setState({ rows: [...rest, own] });
        await measure();
        return own.id;
      } catch (error) {
        store.setState({ error: toErrorData(error) });
        return null;
      }
    },
    /** Stops within a moment; what arrived stays. */
    pause(id: string): void {
      reasons.set(id, 'person');
      running.get(id)?.abort(new DOMException('paused', 'AbortError'));
    },
    verify: (id: string) =>
      during(id, 'checking', (signal, onProgress) => client.verify(id, signal, onProgress)),
    /**
     * Takes a row away at once and its files when `seconds` have passed; until then `undo` brings it back as it was.
     * Leaving the page before that keeps the files.
     */
    remove(id: string, seconds = 10): { readonly undo: () => void; readonly gone: Promise<void> } {
      const old = row(id);
      const at = get().rows.findIndex((one) => one.id === id);
      running.get(id)?.abort(new DOMException('removed', 'AbortError'));
      store.setState({ rows: get().rows.filter((one) => one.id !== id) });
      let timer: ReturnType<typeof setTimeout>;
      let done: () => void = () => {};
      const gone = new Promise<void>((resolve) => {
        done = resolve;
        timer = setTimeout(() => {
          void client
            .remove(id)
            .catch((error: unknown) => store.setState({ error: toErrorData(error) }))
            .then(measure)
            .finally(resolve);
        }, seconds * 1000);
      });
      return {
        gone,
        undo() {
          clearTimeout(timer);
          const rows = [...get().rows];
          const paused: PackageRow =
            old.work.kind === 'downloading'
              ? { ...old, work: { kind: 'paused', reason: 'person', since: now() } }
              : old;
          rows.splice(at, 0, paused);
          store.setState({ rows });
          done();
        },
      };
    },
    /** Files of a whole package for the model worker. */
    files: (id: string) => client.files(id),
    /** Deletes every package that is kept here. */
    async clear(): Promise<void> {
      const kept = get().rows.filter(({ id }) => id !== BUNDLED);
      for (const { id } of kept) running.get(id)?.abort(new DOMException('removed', 'AbortError'));
      for (const { id } of kept) await client.remove(id);
      store.setState({ rows: get().rows.filter(({ id }) => id === BUNDLED) });
      await measure();
    },
  };
}

export type PackagesStore = ReturnType<typeof createPackagesStore>;
