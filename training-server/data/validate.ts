/** Validation of all sources of a recipe before a run starts. */
import { CodedError, type CodedErrorData } from '../../core/errors.ts';
import type { DataItem, LoadedSource, LoadOptions, NamedSource, SourceReport } from './items.ts';
import { loadSource } from './load.ts';
import type { Roots } from './roots.ts';

export type Role = 'train' | 'heldOut';

export interface RoledSource extends NamedSource {
  readonly role: Role;
}

export interface LoadedData {
  /** By name of the source. */
  readonly items: ReadonlyMap<string, readonly DataItem[]>;
  readonly reports: readonly (SourceReport & { role: Role })[];
  readonly errors: readonly CodedErrorData[];
  readonly warnings: readonly CodedErrorData[];
}

/** Loads every source once. Throws only an abort: a source that cannot be opened is an error in the list. */
export async function validateSources(
  sources: readonly RoledSource[],
  roots: Roots,
  options: LoadOptions = {},
): Promise<LoadedData> {
  const items = new Map<string, readonly DataItem[]>();
  const reports: (SourceReport & { role: Role })[] = [];
  const errors: CodedErrorData[] = [];
  const warnings: CodedErrorData[] = [];
  const { probeMs } = options;
  const end = performance.now() + (probeMs ?? 0);
  for (const { role, name, source } of sources) {
    if (items.has(name)) continue; // several stages read it
    // The time is that of all sources together.
    const left = probeMs !== undefined && { probeMs: Math.max(0, end - performance.now()) };
    const loaded = await loadOrSay({ name, source }, roots, { ...options, ...left });
    if (loaded instanceof CodedError) {
      errors.push(loaded.toData());
      continue;
    }
    items.set(name, loaded.items);
    reports.push({ ...loaded.report, role });
    errors.push(...loaded.errors);
    warnings.push(...loaded.warnings);
  }
  errors.push(...leaks(sources, items));
  return { items, reports, errors, warnings };
}

async function loadOrSay(
  source: NamedSource,
  roots: Roots,
  options: LoadOptions,
): Promise<LoadedSource | CodedError> {
  try {
    return await loadSource(source, roots, options);
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
}

/** Errors for held-out videos that are also training videos, which makes their metrics meaningless. */
function leaks(
  sources: readonly RoledSource[],
  items: ReadonlyMap<string, readonly DataItem[]>,
): CodedErrorData[] {
  const trained = new Map<string, string>();
  for (const { role, name } of sources)
    if (role === 'train') for (const { path } of items.get(name) ?? []) trained.set(path, name);
  return sources.flatMap(({ role, name }) => {
    if (role === 'train') return [];
    const both = (items.get(name) ?? []).filter(({ path }) => trained.has(path));
    if (both.length === 0) return [];
    const train = trained.get(both[0]!.path)!;
    return [new CodedError('train/leak', { count: both.length, train, heldOut: name }).toData()];
  });
}
