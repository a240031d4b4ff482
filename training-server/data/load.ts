/** Loading of a source: its rows, checked for existing and readable videos and for valid labels. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError, type CodedErrorData } from '../../core/errors.ts';
import { seededRandom } from '../../core/stats/random.ts';
import type { DataSource } from '../../core/training/recipe-data.ts';
import type { DataItem, LoadedSource, LoadOptions, NamedSource, SourceReport } from './items.ts';
import { type LabelRule, labelOf, rangeOf } from './labels.ts';
import { isDrawn, makeProcedural } from './procedural.ts';
import { isWithin, type Roots } from './roots.ts';
import { type Read, type Row, readAnnotations, readOfficial, readPaths, readTable } from './rows.ts';

/** Most faulty lines that are reported; a file of another format has only such lines. */
const MOST_FAULTS = 20;
const PROBE_BATCH = 32;
/** Missing videos up to this number are a warning, whatever their share. */
const FEW_MISSING = 10;
/** Longest delay of a timer in Node, which fires at once for a longer one. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** Paths that are resolved concurrently, since each takes a while on a network disk. */
const CONCURRENT_PATHS = 128;

type FileSource = Exclude<DataSource, { kind: 'procedural' }>;
const readers = {
  jsonl: readOfficial,
  annotations: readAnnotations,
  csv: readTable,
  paths: readPaths,
} as const;

/**
 * @throws `train/path` {field} or `train/missing-path` {field} where the source's own file or folder is outside the roots
 *   or not there, `train/data` {file, line, problem} where the file is of no such kind. Faults of single rows are
 *   returned: those of the file as `errors`, of videos as `warnings`.
 */
export async function loadSource(
  { name, source }: NamedSource,
  roots: Roots,
  options: LoadOptions = {},
): Promise<LoadedSource> {
  if (source.kind === 'procedural' && options.draw === false && !(await isDrawn(source, options.cache)))
    return undrawn(name, source.groups);
  const opened =
    source.kind === 'procedural' ? await makeProcedural(source, options) : await openFile(source, roots);
  const faults: CodedError[] = [];
  const notes: CodedError[] = [];
  const rows: Row[] = [];
  try {
    for await (const read of opened.rows) {
      options.signal?.throwIfAborted();
      if (read instanceof CodedError) (read.code === 'train/data' ? faults : notes).push(read);
      else rows.push(read);
      if (faults.length === MOST_FAULTS) break;
    }
  } finally {
    await opened.close();
  }
  const report: SourceReport = {
    name,
    videos: 0,
    missing: [],
    unreadable: [],
    duplicates: [],
    leftOut: [],
    labels: null,
    seconds: null,
  };
  const errors: CodedErrorData[] = faults.map((fault) => fault.toData());
  const scale = scaleOf(source);
  const chosen = choose(source, rows);
  const leaveOut = (line: number, path: string, reason: string) =>
    report.leftOut.push(`${rowName(source, line)}: ${path}: ${reason}`);
  const { items, outside, relabelled } = await present(name, scale, chosen, opened, report, leaveOut);
  errors.push(...outOfRange(name, scale, items, rows), ...mostlyMissing(source, report, chosen.length));
  const warnings: CodedErrorData[] = notes.map((note) => note.toData());
  // Generated clips are the server's own.
  const probe = source.kind === 'procedural' ? undefined : options.probe;
  const lineOf = new Map(
    chosen.flatMap(({ id, line }) => [[id, line] as const, [`${id}#${line}`, line] as const]),
  );
  const readable = probe
    ? await probed(items, probe, report, options, warnings, (item, reason) =>
        leaveOut(lineOf.get(item.id) ?? 0, basename(item.path), reason),
      )
    : items;
  report.videos = readable.length;
  const labels = readable.flatMap(({ mos }) => mos ?? []);
  if (labels.length > 0) report.labels = [least(labels), greatest(labels)];
  else if (readable.length === 0 && errors.length === 0)
    errors.push(new CodedError('train/empty', { source: name, missing: report.missing.length }).toData());
  warnings.push(...warningsOf(report, outside, relabelled), ...equalLabels(name, labels));
  return { items: readable, report, errors, warnings };
}

/** `train.jsonl, line 7`; the files of benchmarks have numbered records. */
function rowName(source: DataSource, line: number): string {
  if (source.kind === 'procedural') return `clip ${line}`;
  return `${basename(source.file)}, ${source.kind === 'annotations' ? 'record' : 'line'} ${line}`;
}

type LeaveOut = (line: number, path: string, reason: string) => void;

/** Error for so many missing videos that the folder is probably another one; a run would shrink to what is left. */
function mostlyMissing(
  source: DataSource,
  { name, missing }: Pick<SourceReport, 'name' | 'missing'>,
  of: number,
): CodedErrorData[] {
  const count = missing.length;
  if (source.kind === 'procedural' || count === of) return [];
  if (count <= FEW_MISSING || count <= source.maxMissing * of) return [];
  const params = { source: name, count, of, first: missing[0]!, most: Math.round(100 * source.maxMissing) };
  return [new CodedError('train/mostly-missing', params).toData()];
}

/** Warning for labels without any spread: they order no pair of videos. */
function equalLabels(source: string, labels: readonly number[]): CodedErrorData[] {
  const [value] = labels;
  if (value === undefined || labels.length < 2 || labels.some((label) => label !== value)) return [];
  return [new CodedError('train/equal-labels', { source, count: labels.length, value }).toData()];
}

/** Report of clips that are not generated yet: four a scene, labels on the whole scale. */
function undrawn(name: string, groups: number): LoadedSource {
  const report: SourceReport = {
    name,
    videos: 4 * groups,
    missing: [],
    unreadable: [],
    duplicates: [],
    leftOut: [],
    labels: [1, 5],
    seconds: null,
  };
  return { items: [], report, errors: [], warnings: [] };
}

interface OpenSource {
  readonly rows: AsyncIterable<Read>;
  readonly close: () => Promise<void>;
  /** Real folder of a row's data set, or null where the recipe maps none. */
  readonly folderOf: (row: Row) => string | null;
  readonly resolve: (path: string) => Promise<string>;
}

async function openFile(source: FileSource, roots: Roots): Promise<OpenSource> {
  const handle = await roots.open(source.file);
  try {
    const { root } = source;
    const mapped = new Map<string, string>();
    let single: string | null = null;
    if (typeof root === 'string' || root === null) single = await roots.resolve(root ?? dirname(source.file));
    else
      for (const [dataset, folder] of Object.entries(root)) mapped.set(dataset, await roots.resolve(folder));
    return {
      rows: readers[source.kind](handle, basename(source.file)),
      close: () => handle.close(),
      folderOf: (row) => single ?? mapped.get(row.dataset ?? '') ?? null,
      resolve: (path) => roots.resolve(path),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

interface Scale {
  readonly rule: LabelRule;
  readonly range: readonly [number, number];
}

/** Procedural clips have labels on 1–5, as written; paths have none. */
function scaleOf(source: DataSource): Scale {
  if (source.kind === 'procedural' || source.kind === 'paths') return { rule: 'asWritten', range: [1, 5] };
  return { rule: source.labels ?? 'asWritten', range: source.range };
}

/** The part and the limit of the source, in the file's order. */
function choose(source: DataSource, rows: readonly Row[]): readonly Row[] {
  if (source.kind === 'procedural') return rows;
  const { part } = source;
  const limit = source.limit ?? rows.length;
  if (part === null) return rows.slice(0, limit);
  const order = seededRandom(`part ${part.seed}`).permutation(rows.length);
  const edge = (share: number) => Math.round(share * rows.length);
  const chosen = order.slice(edge(part.from), edge(part.to)).slice(0, limit);
  return chosen.sort((a, b) => a - b).map((index) => rows[index]!);
}

/** A file that is listed again with another label. */
interface Relabelled {
  readonly path: string;
  readonly label: number;
  readonly again: number;
}

interface Present {
  readonly items: DataItem[];
  /** Paths of rows that leave the folder or the roots; `report.missing` has them too. */
  readonly outside: readonly string[];
  /** Rows that contradict an earlier row; `report.duplicates` has their paths too. */
  readonly relabelled: readonly Relabelled[];
}

/** Items of rows whose file exists, each file once with its first label. */
async function present(
  name: string,
  { rule, range }: Scale,
  rows: readonly Row[],
  opened: OpenSource,
  report: SourceReport,
  leaveOut: LeaveOut,
): Promise<Present> {
  const items: DataItem[] = [];
  const outside: string[] = [];
  const relabelled: Relabelled[] = [];
  const seen = new Map<string, number | null>();
  const ids = new Set<string>();
  for (let at = 0; at < rows.length; at += CONCURRENT_PATHS) {
    const batch = rows.slice(at, at + CONCURRENT_PATHS);
    const reals = await Promise.all(batch.map((row) => realVideo(row, opened)));
    for (const [index, row] of batch.entries()) {
      const real = reals[index]!;
      const mos = row.mos === null ? null : labelOf(rule, range, row.mos);
      if (real === 'missing' || real === 'outside') {
        report.missing.push(row.path);
        if (real === 'outside') outside.push(row.path);
        leaveOut(row.line, row.path, reasonOf(real, row, opened));
        continue;
      }
      const label = seen.get(real.path);
      if (label !== undefined) {
        report.duplicates.push(row.path);
        const differs = label !== null && mos !== null && label !== mos;
        leaveOut(row.line, row.path, differs ? `listed before, with the label ${label}` : 'listed before');
        if (differs) relabelled.push({ path: row.path, label, again: mos });
        continue;
      }
      seen.set(real.path, mos);
      const id = ids.has(row.id) ? `${row.id}#${row.line}` : row.id;
      ids.add(id);
      items.push({
        path: real.path,
        mos,
        source: name,
        id,
        ...(row.text !== undefined && { text: row.text }),
        ...(row.targets !== undefined && { targets: row.targets }),
      });
    }
  }
  return { items, outside, relabelled };
}

/** Reason why a row has no video. */
function reasonOf(result: 'missing' | 'outside', { dataset }: Row, opened: OpenSource): string {
  if (result === 'outside') return 'outside its folder';
  if (opened.folderOf({ dataset } as Row) === null)
    return `the recipe's root names no folder of the data set ${dataset ?? '(none)'}`;
  return 'not there';
}

/** Real path of a row's video; `outside` where the path leaves its folder or a link leaves the roots. */
async function realVideo(
  row: Row,
  opened: OpenSource,
): Promise<{ readonly path: string } | 'missing' | 'outside'> {
  const { path } = row;
  const folder = opened.folderOf(row);
  if (folder === null) return 'missing';
  const file = join(folder, path);
  if (path.includes('\0')) return 'missing';
  if (!isWithin(folder, file)) return 'outside';
  try {
    const real = await opened.resolve(file);
    return (await stat(real)).isFile() ? { path: real } : 'missing';
  } catch (error) {
    return error instanceof CodedError && error.code === 'train/path' ? 'outside' : 'missing';
  }
}

function outOfRange(
  source: string,
  { rule }: Scale,
  items: readonly DataItem[],
  rows: readonly Row[],
): CodedErrorData[] {
  const [low, high] = rangeOf(rule);
  const wrong = items.flatMap(({ id, mos }) =>
    mos === null || (mos >= low && mos <= high) ? [] : [{ id, value: mos }],
  );
  if (wrong.length === 0) return [];
  const { id, value } = wrong[0]!;
  const line = rows.find((row) => row.id === id || `${row.id}#${row.line}` === id)?.line ?? 0;
  return [new CodedError('train/labels', { source, count: wrong.length, low, high, line, value }).toData()];
}

async function probed(
  items: readonly DataItem[],
  probe: NonNullable<LoadOptions['probe']>,
  report: SourceReport,
  { onProgress, signal, probeMs = Number.POSITIVE_INFINITY }: LoadOptions,
  warnings: CodedErrorData[],
  leaveOut: (item: DataItem, reason: string) => void,
): Promise<DataItem[]> {
  const readable: DataItem[] = [];
  const end = performance.now() + probeMs;
  let seconds = 0;
  for (let at = 0; at < items.length; at += PROBE_BATCH) {
    signal?.throwIfAborted();
    const batch = items.slice(at, at + PROBE_BATCH);
    const facts = await within(end, probe(batch.map(({ path }) => path)));
    if (facts === null) {
      const params = { source: report.name, opened: at, of: items.length };
      warnings.push(new CodedError('train/opened', params).toData());
      return [...readable, ...items.slice(at)];
    }
    for (const [index, item] of batch.entries()) {
      const fact = facts[index];
      if (fact === undefined || fact.error !== undefined || fact.frames < 1) {
        const reason = fact?.error ?? 'no frames';
        report.unreadable.push(`${item.id}: ${reason}`);
        leaveOut(item, reason);
      } else {
        readable.push(item);
        if (fact.fps > 0) seconds += fact.frames / fact.fps;
      }
    }
    onProgress?.(Math.min(at + PROBE_BATCH, items.length), items.length);
  }
  report.seconds = seconds;
  return readable;
}

/**
 * The answer of a probe before a time of `performance.now()`; null when it is late or the probe gave up, which says
 * nothing about the videos.
 */
async function within<T>(end: number, asked: Promise<T>): Promise<T | null> {
  const left = Math.min(Math.max(0, end - performance.now()), LONGEST_TIMER);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, left, null);
  });
  const answered = asked.catch((error: unknown) => {
    if (error instanceof CodedError && error.code === 'train/frame') return null;
    throw error;
  });
  answered.catch(() => {}); // not awaited after the timeout
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}

const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b));
const greatest = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b));

function warningsOf(
  { name: source, missing, unreadable, duplicates }: SourceReport,
  outside: readonly string[],
  relabelled: readonly Relabelled[],
): CodedErrorData[] {
  const listed = (code: string, list: readonly string[]) =>
    list.length === 0 ? [] : [new CodedError(code, { source, count: list.length, first: list[0]! }).toData()];
  const isOutside = new Set(outside);
  const warnings = [
    ...listed(
      'train/missing',
      missing.filter((path) => !isOutside.has(path)),
    ),
    ...listed('train/outside', outside),
    ...listed('train/unreadable', unreadable),
    ...listed('train/duplicates', duplicates),
  ];
  const [one] = relabelled;
  if (one !== undefined) {
    const { path: first, label, again } = one;
    const params = { source, count: relabelled.length, first, label, again };
    warnings.push(new CodedError('train/relabelled', params).toData());
  }
  return warnings;
}
