/** Texts and actions of a row of the model list, as a pure function of its data. */
import {
  bytesOf,
  checkMachine,
  loadedFiles,
  type Machine,
  type MachineCheck,
  type Need,
} from '../../../core/files/machine.ts';
import type { PackageRow } from '../../assessment/model/packages-store.ts';
import { BUNDLED } from '../../assessment/model/preferred-package.ts';
import type { ModelsMessages } from './messages/en.ts';

export type RowState =
  | 'in-use'
  | 'loading'
  | 'ready'
  | 'absent'
  | 'wont-run'
  | 'downloading'
  | 'checking'
  | 'paused'
  | 'corrupt';

export interface RowView {
  readonly state: RowState;
  /** Bytes that this machine needs of the package. */
  readonly bytes: number;
  readonly verdict: MachineCheck | null;
  /** Paths whose checksum is wrong, and what fetching them again costs. */
  readonly corrupted: readonly string[];
  readonly repairBytes: number;
}

export interface InUse {
  readonly manifestSha256: string | null;
  readonly loading: boolean;
}

export function rowView(row: PackageRow, machine: Machine | null, used: InUse): RowView {
  const { manifest, stored, work } = row;
  const verdict = machine && checkMachine(manifest, machine, stored?.arrivedBytes ?? 0);
  const bytes = stored
    ? stored.totalBytes
    : bytesOf(verdict?.variant ? loadedFiles(manifest, verdict.variant) : manifest.files);
  const bad = stored?.files.filter(({ state }) => state === 'corrupt') ?? [];
  return {
    state: stateOf(row, verdict, used),
    bytes,
    verdict,
    corrupted: bad.map(({ path }) => path),
    repairBytes: bytesOf(bad),
  };

  function stateOf(
    { id }: PackageRow,
    judged: MachineCheck | null,
    { manifestSha256, loading }: InUse,
  ): RowState {
    if (work.kind === 'downloading') return 'downloading';
    if (work.kind === 'checking' || work.kind === 'copying') return 'checking';
    const here = id === BUNDLED || stored?.complete === true;
    if (bad.length > 0) return 'corrupt';
    if (here && manifestSha256 === row.manifestSha256) return loading ? 'loading' : 'in-use';
    if (work.kind === 'paused') return 'paused';
    if (judged?.runs === false) return here ? 'ready' : 'wont-run';
    return here ? 'ready' : 'absent';
  }
}

/** The need that stands in the way, in a sentence; null when none does. */
export function refusal(needs: readonly Need[], t: ModelsMessages): string | null {
  const need = needs.find(({ met }) => met === false);
  if (!need) return null;
  const message = t.wontRun[need.name];
  return typeof message === 'string' ? message : message(need.needs ?? 0, need.here ?? 0);
}

/** The line of verdict under a row that is not here yet. */
export function verdictLine(verdict: MachineCheck, t: ModelsMessages): string {
  return refusal(verdict.needs, t) ?? (verdict.runs === true ? t.willRun[verdict.backend] : t.mayRun);
}

/** Family, weights, and where it comes from. */
export function about(row: PackageRow, verdict: MachineCheck | null, t: ModelsMessages): string {
  const { manifest, id, address } = row;
  const variant = verdict?.variant ?? manifest.variants[0];
  return t.line([
    t.family[manifest.family],
    ...(variant ? [t.dtype[variant.dtype]] : []),
    id === BUNDLED ? t.ships : address ? t.from(new URL(address.manifestUrl).host) : t.fromFolder,
  ]);
}
