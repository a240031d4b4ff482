/**
 * Tables of human scores: the released JSONL, the annotation JSON of a benchmark, a table `path,mos`. Each reader
 * returns a row, or one English line about the fault; no line is guessed or dropped. Ours.
 */
import { z } from 'zod';
import { fieldPath } from '../schema.ts';

export interface RatedVideo {
  /** Line of the file, or number of the record, from 1. */
  readonly line: number;
  readonly id: string;
  /** As the file names it. */
  readonly path: string;
  /** `dataset_name` of the released JSONL. */
  readonly dataset?: string | undefined;
  readonly mos: number;
  /** The score as it stands in the file: exports repeat it instead of printing the number anew. */
  readonly written: string;
  /** An answer written for this video, where the file has one. */
  readonly text?: string | undefined;
  /** Severities by name, of procedural clips. */
  readonly targets?: Readonly<Record<string, number>> | undefined;
}

/** Fault of a line; `line` is 0 where the whole file is meant. */
export interface RowFault {
  readonly line: number;
  readonly problem: string;
}

export type ReadRow = RatedVideo | RowFault;
export const isFault = (row: ReadRow): row is RowFault => 'problem' in row;

const LONGEST_PATH = 4096;
const finite = z.number();
const path = z.string().min(1).max(LONGEST_PATH);
const turn = z.looseObject({ from: z.string(), value: z.union([z.string(), finite]) });

const officialRow = z.looseObject({
  id: z.union([z.int(), z.string().min(1).max(200)]),
  dataset_name: z.string().max(200).optional(),
  image: z.union([z.tuple([path]), path]),
  conversations: z.array(turn).min(1).max(16),
  /** Ours, of procedural clips: severities by name, and a written answer. */
  distortions: z.record(z.string().max(80), finite).optional(),
  /** Earlier name of `distortions`. */
  faults: z.record(z.string().max(80), finite).optional(),
  text: z.string().max(20_000).optional(),
});

const annotationFile = z.looseObject({ annotations: z.array(z.unknown()).max(1_000_000) });
const annotation = z.looseObject({
  image_id: path,
  ann_type: z.literal('score').optional(),
  score: z.union([z.string(), finite]),
});

/** A typed number and nothing else. */
const numeral = /^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?\s*$/;

function readNumber(value: string | number): number | null {
  if (typeof value === 'number') return value;
  const number = numeral.test(value) ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

/** The number of a written answer's only answer block. */
function answered(text: string): number | null {
  const blocks = [...text.matchAll(/<answer>([^<]*)<\/answer>/g)];
  return blocks.length === 1 ? readNumber(blocks[0]![1]!) : null;
}

const cut = (value: unknown) => String(value).slice(0, 40);

function problemOf(error: z.ZodError, root = ''): string {
  const issue = error.issues[0]!;
  return `${fieldPath(issue.path, root) || 'the line'}: ${issue.message}`;
}

/** One line of the released JSONL. */
export function readOfficialLine(text: string, line: number): ReadRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { line, problem: 'is not JSON' };
  }
  const row = officialRow.safeParse(value);
  if (!row.success) return { line, problem: problemOf(row.error) };
  const { id, dataset_name: dataset, image, conversations, text: writtenText } = row.data;
  const last = conversations.findLast(({ from }) => from === 'gpt');
  if (last === undefined) return { line, problem: 'conversations: there is no turn of "gpt"' };
  const plain = readNumber(last.value);
  const mos = plain ?? (typeof last.value === 'string' ? answered(last.value) : null);
  if (mos === null) {
    return { line, problem: 'conversations: the value of "gpt" is neither a number nor one answer block' };
  }
  return {
    line,
    id: String(id),
    path: Array.isArray(image) ? image[0] : image,
    dataset,
    mos,
    written: plain === null ? String(mos) : String(last.value).trim(),
    text: writtenText ?? (plain === null ? String(last.value) : undefined),
    targets: row.data.distortions ?? row.data.faults,
  };
}

/** A benchmark's file as parsed JSON: one object with the key `annotations`; its scores are strings. */
export function* readAnnotations(value: unknown): Generator<ReadRow> {
  const file = annotationFile.safeParse(value);
  if (!file.success) {
    yield { line: 0, problem: problemOf(file.error) };
    return;
  }
  for (const [index, entry] of file.data.annotations.entries()) {
    const line = index + 1;
    const record = annotation.safeParse(entry);
    if (!record.success) {
      yield { line, problem: problemOf(record.error, `annotations[${index}]`) };
      continue;
    }
    const { image_id: name, score } = record.data;
    const mos = readNumber(score);
    if (mos === null) yield { line, problem: `annotations[${index}].score: "${cut(score)}" is no number` };
    else yield { line, id: name, path: name, mos, written: String(score).trim() };
  }
}

const pathColumns = ['path', 'video', 'filename', 'file', 'name'];
const mosColumns = ['mos', 'score', 'gt_score', 'label'];

/**
 * Lines of a table, one after the other. With a header the columns `path` and `mos` (or `video`, `filename`; `score`,
 * `gt_score`) in any order; without one the first and the last column, which is `path,mos` as well as DOVER's
 * `path,duration,fps,mos`. Tabs do as well as commas; cells may be quoted. Null: a header or an empty line.
 */
export function tableReader(): (text: string, line: number) => ReadRow | null {
  let columns: { readonly path: number; readonly mos: number } | null = null;
  let separator = ',';
  return (text, line) => {
    if (text.trim() === '') return null;
    if (columns === null && !text.includes(',') && text.includes('\t')) separator = '\t';
    const cells = cellsOf(text, separator);
    if (cells === null) return { line, problem: 'a quoted cell has no end' };
    if (columns === null) {
      const heads = cells.map((cell) => cell.trim().toLowerCase());
      const [at, mosAt] = [pathColumns, mosColumns].map((names) => heads.findIndex((h) => names.includes(h)));
      if (at! >= 0 && mosAt! >= 0) {
        columns = { path: at!, mos: mosAt! };
        return null;
      }
      if (cells.length < 2 || readNumber(cells.at(-1)!) === null) {
        return { line: 0, problem: 'has neither a header with "path" and "mos" nor a path and a number' };
      }
      columns = { path: 0, mos: cells.length - 1 };
    }
    const [file, score] = [cells[columns.path]?.trim() ?? '', cells[columns.mos] ?? ''];
    const mos = readNumber(score);
    if (file === '' || file.length > LONGEST_PATH) return { line, problem: 'names no file' };
    if (mos === null) return { line, problem: `"${cut(score)}" is no number` };
    return { line, id: file, path: file, mos, written: score.trim() };
  };
}

/** RFC 4180 within one line; null where a quote is not closed. */
function cellsOf(text: string, separator: string): string[] | null {
  const cells: string[] = [];
  for (let at = 0; at <= text.length; ) {
    if (text[at] !== '"') {
      const end = text.indexOf(separator, at);
      cells.push(text.slice(at, end < 0 ? undefined : end));
      at = end < 0 ? text.length + 1 : end + 1;
      continue;
    }
    let cell = '';
    for (at += 1; ; ) {
      const end = text.indexOf('"', at);
      if (end < 0) return null;
      cell += text.slice(at, end);
      at = end + 1;
      if (text[at] !== '"') break;
      cell += '"';
      at += 1;
    }
    cells.push(cell);
    const end = text.indexOf(separator, at);
    at = end < 0 ? text.length + 1 : end + 1;
  }
  return cells;
}

export interface ScoreTable {
  readonly rows: readonly RatedVideo[];
  readonly faults: readonly RowFault[];
}

/** A whole file of scores; the form is detected by its first character and its line ends, not by its name. */
export function readScoreTable(text: string): ScoreTable {
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const rows: RatedVideo[] = [];
  const faults: RowFault[] = [];
  const take = (row: ReadRow | null) => {
    if (row === null) return;
    if (isFault(row)) faults.push(row);
    else rows.push(row);
  };
  const whole = wholeJson(plain);
  if (whole !== undefined) for (const row of readAnnotations(whole)) take(row);
  else {
    const read = /^\s*\{/.test(plain)
      ? (line: string, number: number) => (line.trim() === '' ? null : readOfficialLine(line, number))
      : tableReader();
    for (const [index, line] of plain.split(/\r?\n/).entries()) {
      take(read(line, index + 1));
      if (faults.at(-1)?.line === 0) break;
    }
  }
  return { rows, faults };
}

/** One JSON document with annotations; a single line of the released JSONL is none. */
function wholeJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'conversations' in value ? undefined : value;
  } catch {
    return undefined;
  }
}
