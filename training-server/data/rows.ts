/** The three forms of files with human scores, read to the same rows. */
import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { CodedError } from '../../src/core/errors.ts';
import { fieldPath } from '../../src/core/schema.ts';
import { dataFault, linesOf, textOf } from './lines.ts';

export interface Row {
  /** Line of the file, or place of the record, from 1. */
  readonly line: number;
  readonly id: string;
  /** As the file names it, below the source's folder. */
  readonly path: string;
  /** `dataset_name`, which chooses the folder. */
  readonly dataset?: string | undefined;
  readonly mos: number;
  readonly text?: string | undefined;
  readonly targets?: Readonly<Record<string, number>> | undefined;
}

/** A row, or why a line is none. */
export type Read = Row | CodedError;

const finite = z.number();
/** Of what a person may have typed: a number and nothing else. */
const numeral = /^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?\s*$/;
const path = z.string().min(1).max(4096);
const said = z.looseObject({ from: z.string(), value: z.union([z.string(), finite]) });

const officialRow = z.looseObject({
  id: z.union([z.int(), z.string().min(1).max(200)]),
  dataset_name: z.string().max(200).optional(),
  image: z.union([z.tuple([path]), path]),
  conversations: z.array(said).min(1).max(16),
  /** Ours, of procedural clips: severities by name, and a written answer. */
  faults: z.record(z.string().max(80), finite).optional(),
  text: z.string().max(20_000).optional(),
});

function problemOf(error: z.ZodError, root = ''): string {
  const issue = error.issues[0]!;
  return `${fieldPath(issue.path, root) || 'the line'}: ${issue.message}`;
}

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

/** The released JSONL; empty lines are passed over. */
export async function* readOfficial(handle: FileHandle, name: string): AsyncGenerator<Read> {
  for await (const [line, text] of linesOf(handle, name)) {
    if (text.trim() !== '') yield readOfficialLine(text, line, name);
  }
}

function readOfficialLine(text: string, line: number, name: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return dataFault(name, line, 'is not JSON');
  }
  const row = officialRow.safeParse(value);
  if (!row.success) return dataFault(name, line, problemOf(row.error));
  const { id, dataset_name: dataset, image, conversations, faults, text: own } = row.data;
  const last = conversations.findLast(({ from }) => from === 'gpt');
  if (last === undefined) return dataFault(name, line, 'conversations: nothing is said by "gpt"');
  const plain = readNumber(last.value);
  const mos = plain ?? (typeof last.value === 'string' ? answered(last.value) : null);
  if (mos === null)
    return dataFault(
      name,
      line,
      'conversations: the value of "gpt" is neither a number nor one answer block',
    );
  const written = own ?? (plain === null ? String(last.value) : undefined);
  return {
    line,
    id: String(id),
    path: Array.isArray(image) ? image[0] : image,
    dataset,
    mos,
    text: written,
    targets: faults,
  };
}

const annotationFile = z.looseObject({ annotations: z.array(z.unknown()).max(1_000_000) });
const annotation = z.looseObject({
  image_id: path,
  ann_type: z.literal('score').optional(),
  score: z.union([z.string(), finite]),
});

/** A benchmark's file: one object with the key `annotations`; its scores are strings. */
export async function* readAnnotations(handle: FileHandle, name: string): AsyncGenerator<Read> {
  let value: unknown;
  try {
    value = JSON.parse(await textOf(handle, name));
  } catch (error) {
    throw error instanceof CodedError ? error : dataFault(name, 0, 'is not JSON');
  }
  const file = annotationFile.safeParse(value);
  if (!file.success) throw dataFault(name, 0, problemOf(file.error));
  for (const [index, entry] of file.data.annotations.entries()) {
    const record = annotation.safeParse(entry);
    const mos = record.success ? readNumber(record.data.score) : null;
    if (!record.success) yield dataFault(name, index + 1, problemOf(record.error, `annotations[${index}]`));
    else if (mos === null)
      yield dataFault(
        name,
        index + 1,
        `annotations[${index}].score: "${cut(record.data.score)}" is no number`,
      );
    else yield { line: index + 1, id: record.data.image_id, path: record.data.image_id, mos };
  }
}

const cut = (value: unknown) => String(value).slice(0, 40);

const pathColumns = ['path', 'video', 'filename', 'file', 'name'];
const mosColumns = ['mos', 'score', 'gt_score', 'label'];

/**
 * A table: with a header the columns `path` and `mos` (or `video`, `filename`; `score`, `gt_score`), in any order; without
 * one the first and the last column, which is `path,mos` as well as DOVER's `path,duration,fps,mos`. Cells may be quoted.
 */
export async function* readTable(handle: FileHandle, name: string): AsyncGenerator<Read> {
  let columns: { path: number; mos: number } | null = null;
  let separator = ',';
  for await (const [line, text] of linesOf(handle, name)) {
    if (text.trim() === '') continue;
    if (columns === null && !text.includes(',') && text.includes('\t')) separator = '\t';
    const cells = cellsOf(text, separator);
    if (cells === null) {
      yield dataFault(name, line, 'a quoted cell has no end');
      continue;
    }
    if (columns === null) {
      const heads = cells.map((cell) => cell.trim().toLowerCase());
      const [at, mosAt] = [pathColumns, mosColumns].map((names) => heads.findIndex((h) => names.includes(h)));
      if (at! >= 0 && mosAt! >= 0) {
        columns = { path: at!, mos: mosAt! };
        continue;
      }
      if (cells.length < 2 || readNumber(cells.at(-1)!) === null)
        throw dataFault(name, line, 'has neither a header with "path" and "mos" nor a path and a number');
      columns = { path: 0, mos: cells.length - 1 };
    }
    const [file, score] = [cells[columns.path]?.trim() ?? '', cells[columns.mos] ?? ''];
    const mos = readNumber(score);
    if (file === '' || file.length > 4096) yield dataFault(name, line, 'names no file');
    else if (mos === null) yield dataFault(name, line, `"${cut(score)}" is no number`);
    else yield { line, id: file, path: file, mos };
  }
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
