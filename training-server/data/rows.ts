/** Files with human scores, read line by line as `core/files/human-scores.ts` says; what is no row carries the file's name. */
import type { FileHandle } from 'node:fs/promises';
import { CodedError } from '../../core/errors.ts';
import {
  isFault,
  type RatedVideo,
  type ReadRow,
  readOfficialLine,
  readAnnotations as recordsOf,
  tableReader,
} from '../../core/files/human-scores.ts';
import { dataFault, linesOf, textOf } from './lines.ts';

export type Row = RatedVideo;
/** A row, or the fault of a line. */
export type Read = Row | CodedError;

/** Throws a fault of the whole file (line 0); returns that of a line. */
function named(row: ReadRow, name: string): Read {
  if (!isFault(row)) return row;
  const fault = dataFault(name, row.line, row.problem);
  if (row.line === 0) throw fault;
  return fault;
}

/** The released JSONL; empty lines are skipped. */
export async function* readOfficial(handle: FileHandle, name: string): AsyncGenerator<Read> {
  for await (const [line, text] of linesOf(handle, name)) {
    if (text.trim() !== '') yield named(readOfficialLine(text, line), name);
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

/** A table `path,mos`. */
export async function* readTable(handle: FileHandle, name: string): AsyncGenerator<Read> {
  const read = tableReader();
  for await (const [line, text] of linesOf(handle, name)) {
    const row = read(text, line);
    if (row) yield named(row, name);
  }
}
