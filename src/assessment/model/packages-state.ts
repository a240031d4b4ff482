/** The packages of this device as the Models page shows them, and the changes that each event makes. Pure. */
import { type CodedErrorData, isAbort } from '../../../core/errors.ts';
import { checkMachine, filesOf, type Machine, withAllocation } from '../../../core/files/machine.ts';
import type { PackageManifest } from '../../../core/vqa2/manifest.ts';
import type { DownloadProgress, PackageAddress, StoredPackage } from '../../../workers/packages/api.ts';
import { type Reducers, reducerOf } from '../reduce.ts';
import { BUNDLED } from './preferred-package.ts';

/** Reason why the download of a package is paused. */
export type PauseReason = 'person' | 'network' | 'closed';

export type PackageWork =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'downloading' | 'checking' | 'copying';
      readonly progress: DownloadProgress | null;
      /** Bytes a second over the last moments; null before the first measurement. */
      readonly speed: number | null;
    }
  | { readonly kind: 'paused'; readonly reason: PauseReason; readonly since: number };

export interface PackageRow {
  /** `bundled`, or the id of a stored package. */
  readonly id: string;
  readonly manifest: PackageManifest;
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
  /** A manifest is being fetched. */
  readonly fetchingManifest: boolean;
  /** An error that belongs to no row. */
  readonly error: CodedErrorData | null;
}

export const EMPTY: PackagesState = {
  ready: false,
  rows: [],
  machine: null,
  storage: { used: null, quota: null, persisted: null },
  fetchingManifest: false,
  error: null,
};

/** Paths that a machine needs of a package: its own variant's, else those of all variants. */
export function requiredPaths(manifest: PackageManifest, machine: Machine | null): string[] {
  const variant = machine && checkMachine(manifest, machine).variant;
  const files = variant ? filesOf(manifest, variant) : manifest.files;
  return files.map(({ path }) => path);
}

/** The row of a stored package; one that is not whole waits since the page was closed. */
export const rowOf = (stored: StoredPackage): PackageRow => ({
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

export type PackageTask = 'downloading' | 'checking' | 'copying';

/** The row's change after work that did not succeed: a stopped or lost download is paused, all else is over. */
export function interrupted(
  kind: PackageTask,
  thrown: unknown,
  error: CodedErrorData,
  stored: StoredPackage | null,
  now: number,
): Partial<PackageRow> {
  const stopped = isAbort(thrown);
  const lost = error.code === 'model/network' && error.params.status === undefined;
  const reason: PauseReason | null = stopped ? 'person' : lost ? 'network' : null;
  return {
    ...(stored && { stored }),
    work: reason && kind === 'downloading' ? { kind: 'paused', reason, since: now } : { kind: 'none' },
    error: stopped ? null : withCounts(error, stored),
  };
}

/** A network error with the bytes that are stored, for its text. */
function withCounts(error: CodedErrorData, stored: StoredPackage | null): CodedErrorData {
  if (error.code !== 'model/network' || !stored) return error;
  return { ...error, params: { ...error.params, received: stored.arrivedBytes, total: stored.totalBytes } };
}

export type PackagesEvent =
  | {
      readonly kind: 'opened';
      readonly rows: readonly PackageRow[];
      readonly machine: Machine | null;
      readonly error: CodedErrorData | null;
    }
  | { readonly kind: 'measured'; readonly storage: Partial<StorageState> }
  | { readonly kind: 'fetching'; readonly fetching: boolean }
  /** The result of an allocation of graphics memory. */
  | { readonly kind: 'allocated'; readonly bytes: number; readonly succeeded: boolean }
  | { readonly kind: 'failed'; readonly error: CodedErrorData | null }
  | { readonly kind: 'changed'; readonly id: string; readonly change: Partial<PackageRow> }
  /** At the end of the list, or at index `at`; replaces a row with the same id. */
  | { readonly kind: 'added'; readonly row: PackageRow; readonly at?: number }
  | { readonly kind: 'removed'; readonly id: string }
  /** All but the bundled package. */
  | { readonly kind: 'cleared' };

const reducers: Reducers<PackagesState, PackagesEvent> = {
  opened: (state, { rows, machine, error }) => {
    // A row that was added while the list was being read is newer than the list.
    const added = new Map(state.rows.map((row) => [row.id, row]));
    const listed = rows.map((row) => added.get(row.id) ?? row);
    const others = state.rows.filter(({ id }) => !rows.some((row) => row.id === id));
    return { ready: true, rows: [...listed, ...others], machine, error };
  },
  measured: ({ storage }, { storage: measured }) => ({ storage: { ...storage, ...measured } }),
  fetching: ({ error }, { fetching }) => ({ fetchingManifest: fetching, error: fetching ? null : error }),
  allocated: ({ machine }, { bytes, succeeded }) => ({
    machine: machine && withAllocation(machine, bytes, succeeded),
  }),
  failed: (_, { error }) => ({ error }),
  changed: ({ rows }, { id, change }) => ({
    rows: rows.map((row) => (row.id === id ? { ...row, ...change } : row)),
  }),
  added: ({ rows }, { row, at }) => {
    const others = rows.filter(({ id }) => id !== row.id);
    return { rows: others.toSpliced(at ?? others.length, 0, row) };
  },
  removed: ({ rows }, { id }) => ({ rows: rows.filter((row) => row.id !== id) }),
  cleared: ({ rows }) => ({ rows: rows.filter(({ id }) => id === BUNDLED) }),
};

export const reducePackages = reducerOf(reducers);
