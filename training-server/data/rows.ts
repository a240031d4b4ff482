/** Files with human scores, read as `core/files` says; what is no row carries the file's name. */
import type { FileHandle } from 'node:fs/promises';
import { CodedError } from '../../core/errors.ts';
import {
  isFault,
  type RatedVideo,
  type ReadRow,
  readOfficialLine,
  readAnnotations as recordsOf,
} from '../../core/files/human-scores.ts';
import { columnLabel, readDelimited } from '../../core/files/score-table.ts';
import { type TableFault, tableFaultText } from '../../core/text/table-fault-messages.ts';
import { dataFault, linesOf, textOf } from './lines.ts';

/** Longest path of a file system. */
const LONGEST_PATH = 4096;

/** A video with its score, or without one in a list of paths. */
export type Row = Omit<RatedVideo, 'mos' | 'written'> & { readonly mos: number | null };
/** A row, or the fault of a line. */
export type Read = Row | CodedError;

const faultOf = (name: string, line: number, fault: TableFault): CodedError =>
  dataFault(name, line, tableFaultText('en', fault));

/** Throws a fault of the whole file (line 0); returns that of a line. */
function named(row: ReadRow, name: string): Read {
  if (!isFault(row)) return row;
  const fault = faultOf(name, row.line, row.fault);
  if (row.line === 0) throw fault;
  return fault;
}

/**
 * The released JSONL; empty lines are skipped.
 *
 * @throws `train/data` with line 0 for a JSON array, a document over several lines, and another tool's form
 */
export async function* readOfficial(handle: FileHandle, name: string): AsyncGenerator<Read> {
  let first: { readonly line: number; readonly text: string } | null = null;
  let n = 0;
  for await (const [line, text] of linesOf(handle, name)) {
    if (text.trim() === '') continue;
    n += 1;
    if (n === 1 && text.trimStart().startsWith('[')) throw faultOf(name, 0, { kind: 'array' });
    if (n === 1) {
      first = { line, text };
      continue;
    }
    if (first !== null) {
      // A row is whole on its line; a document that goes on below is none.
      if (isUnfinished(first.text) && !text.trimStart().startsWith('{'))
        throw faultOf(name, 0, { kind: 'lines' });
      yield named(readOfficialLine(first.text, first.line), name);
      first = null;
    }
    yield named(readOfficialLine(text, line), name);
  }
  if (first !== null) yield named(readOfficialLine(first.text, first.line), name);
}

/** True for text that opens an object and does not close it. */
const isUnfinished = (text: string) => text.trimStart().startsWith('{') && !text.trimEnd().endsWith('}');

/** One path a line; empty lines are skipped. The id of a video is its path. */
export async function* readPaths(handle: FileHandle, name: string): AsyncGenerator<Read> {
  for await (const [line, text] of linesOf(handle, name)) {
    const path = text.trim();
    if (path === '') continue;
    if (path.length > LONGEST_PATH || path.startsWith('{') || path.startsWith('['))
      yield dataFault(name, line, 'is no path of a video: one path a line is wanted');
    else yield { line, id: path, path, mos: null };
  }
}

/** A benchmark's file: one JSON object with the key `annotations`. */
export async function* readAnnotations(handle: FileHandle, name: string): AsyncGenerator<Read> {
  let value: unknown;
  try {
    value = JSON.parse(await textOf(handle, name));
  } catch (error) {
    throw error instanceof CodedError ? error : dataFault(name, 0, 'is not JSON');
  }
  for (const record of recordsOf(value)) yield named(record, name);
}

/**
 * A table `path,mos`. Where no header names the MOS and other columns hold numbers too, a warning `train/column` comes
 * first.
 *
 * @throws `train/data` with line 0 where no column, or more than one, can be the MOS
 */
export async function* readTable(handle: FileHandle, name: string): AsyncGenerator<Read> {
  const table = readDelimited(await textOf(handle, name));
  const whole = table.faults.find(({ line }) => line === 0);
  if (whole !== undefined) throw faultOf(name, 0, whole.fault);
  if (!table.sure)
    throw faultOf(name, 0, { kind: 'unsure', columns: table.columns.map(columnLabel).join('; ') });
  const mos = table.columns.find(({ index }) => index === table.mos);
  if (mos && mos.name === null && table.columns.length > 1)
    yield new CodedError('train/column', { file: name, column: columnLabel(mos) });
  for (const row of [...table.rows, ...table.faults].toSorted((a, b) => a.line - b.line))
    yield named(row, name);
}
