/** The output of a run: standard output or a file whose whole lines a later run keeps. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { ModelFacts, Row } from '../node/rows.ts';
import { isScored } from '../node/rows.ts';

/** Rows of a file of JSON lines up to the first line that is cut or no row; what is cut is scored again. */
export function earlierRows(path: string): Row[] {
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path);
  const rows: Row[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf(10, at);
    if (end < 0) break;
    const row = rowOf(bytes.toString('utf8', at, end));
    if (!row) break;
    rows.push(row);
    at = end + 1;
  }
  return rows;
}

function rowOf(line: string): Row | null {
  try {
    const row = JSON.parse(line) as Row;
    return typeof row === 'object' &&
      row !== null &&
      typeof row.path === 'string' &&
      ('score' in row || 'error' in row)
      ? row
      : null;
  } catch {
    return null;
  }
}

/** Rows that this model has scored: those of another model, and files that could not be read, are done again. */
export const resumableRows = (rows: readonly Row[], model: ModelFacts): Row[] =>
  rows.filter((row) => isScored(row) && row.model.sha256 === model.sha256);

/** Standard output; a file when it is named. */
export class RowsFile {
  readonly #handle: number | null;

  /**
   * @param path null = standard output
   * @param earlier rows that stay; a kill while they are written leaves the earlier file as it was
   */
  constructor(path: string | null, earlier: string = '') {
    const replaced = path !== null && statSync(path, { throwIfNoEntry: false })?.isFile();
    const opened = replaced ? `${path}.partial` : path;
    this.#handle = opened === null ? null : openSync(opened, 'w');
    this.write(earlier);
    if (!replaced || this.#handle === null) return;
    fsyncSync(this.#handle);
    renameSync(`${path}.partial`, path);
  }

  /** One call of the system a row, so that a killed run leaves whole lines and at most one that is cut. */
  write(text: string): void {
    if (text === '') return;
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#handle ?? 1, bytes, at);
  }

  close(): void {
    if (this.#handle === null) return;
    fsyncSync(this.#handle);
    closeSync(this.#handle);
  }
}
