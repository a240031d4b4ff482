/**
 * Delimited text: RFC 4180 with comma, semicolon, tab or bar, line ends of any system, quoted cells over several lines. Ours.
 */
import { readNumeral } from '../text/numeral.ts';

export interface DelimitedRecord {
  /** Line on which the record begins, from 1. */
  readonly line: number;
  /** Null where a quoted cell has no end: that line is left out, and reading continues on the next. */
  readonly cells: readonly string[] | null;
}

/** Runs of spaces or tabs: the last resort, since names may hold spaces. */
const SPACES = ' ';
/** The first of two that fit equally well: a comma may be a decimal mark, the others hardly occur in cells. */
const SEPARATORS = ['\t', ';', '|', ','] as const;
/** Characters of a quoted cell; a longer one is a quote without its end. */
const LONGEST_CELL = 1 << 16;
/** Records by which the separator is chosen. */
const SAMPLE = 200;

/** Line of Excel that names the separator, e.g. `sep=;`. */
const NAMED_SEPARATOR = /^"?sep=(.)"?[ \t]*(?:\r\n|\r|\n|$)/i;

/** Records of a table, with the separator that the file names or that its lines agree on; blank lines are left out. */
export function* delimitedRecords(text: string): Generator<DelimitedRecord> {
  const named = NAMED_SEPARATOR.exec(text);
  const separator = named?.[1] ?? separatorOf(text);
  yield* recordsOf(text, separator, named === null ? { at: 0, line: 1 } : { at: named[0].length, line: 2 });
}

/** The separator that gives most records the same number of cells, two at least, and one column of numbers. */
function separatorOf(text: string): string {
  let best: string = ',';
  let most = 0;
  for (const separator of [...SEPARATORS, SPACES]) {
    const records = sampleOf(text, separator);
    const widths = new Map<number, number>();
    for (const { length } of records) widths.set(length, (widths.get(length) ?? 0) + 1);
    const [width, n] = [...widths].reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0]);
    if (width < 2) continue;
    const hasNumbers = Array.from({ length: width }, (_, k) => k).some(
      (k) => 2 * records.filter((cells) => readNumeral(cells[k] ?? '') !== null).length >= records.length,
    );
    if (separator === SPACES && !(hasNumbers && n === records.length)) continue;
    const fit = n / records.length + (hasNumbers ? 1 : 0);
    if (fit > most + 1e-9) [best, most] = [separator, fit];
  }
  return best;
}

function sampleOf(text: string, separator: string): (readonly string[])[] {
  const records: (readonly string[])[] = [];
  for (const { cells } of recordsOf(text, separator, { at: 0, line: 1 })) {
    if (cells !== null) records.push(cells);
    if (records.length === SAMPLE) break;
  }
  return records;
}

interface Start {
  readonly at: number;
  readonly line: number;
}

function* recordsOf(text: string, separator: string, start: Start): Generator<DelimitedRecord> {
  let { at, line } = start;
  while (at < text.length) {
    const record = recordAt(text, at, separator);
    const end = record?.end ?? lineEnd(text, at);
    if (record === null) yield { line, cells: null };
    else if (record.cells.some((cell) => cell.trim() !== '')) yield { line, cells: record.cells };
    line += breaksIn(text, at, end) + 1;
    at = afterBreak(text, end);
  }
}

const isBreak = (character: string | undefined) => character === '\n' || character === '\r';

function lineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isBreak(text[at])) at += 1;
  return at;
}

const afterBreak = (text: string, at: number): number =>
  at + (text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1);

function breaksIn(text: string, from: number, to: number): number {
  let n = 0;
  for (let at = from; at < to; at = afterBreak(text, at)) {
    at = lineEnd(text, at);
    if (at < to) n += 1;
  }
  return n;
}

/** The record that begins at `from`; `end` is its line break. Null where a quote is not closed. */
function recordAt(
  text: string,
  from: number,
  separator: string,
): { readonly cells: readonly string[]; readonly end: number } | null {
  if (separator === SPACES) {
    const end = lineEnd(text, from);
    return {
      cells: text
        .slice(from, end)
        .trim()
        .split(/[ \t]+/),
      end,
    };
  }
  const cells: string[] = [];
  for (let at = from; ; at += 1) {
    const cell = cellAt(text, at, separator);
    if (cell === null) return null;
    cells.push(cell.text);
    at = cell.end;
    if (text[at] !== separator) return { cells, end: at };
  }
}

/** The cell that begins at `from`; `end` is the separator, line break or end of the text behind it. */
function cellAt(
  text: string,
  from: number,
  separator: string,
): { readonly text: string; readonly end: number } | null {
  const ends = (at: number) => at >= text.length || text[at] === separator || isBreak(text[at]);
  let at = from;
  while (text[at] === ' ') at += 1;
  if (text[at] !== '"') {
    at = from;
    while (!ends(at)) at += 1;
    return { text: text.slice(from, at), end: at };
  }
  const quoted = quotedAt(text, at);
  if (quoted === null) return null;
  at = quoted.end;
  while (!ends(at)) at += 1;
  const rest = text.slice(quoted.end, at);
  // Text behind the closing quote of a cell over several lines: an earlier cell has lost its end.
  if (rest.trim() !== '' && /[\r\n]/.test(quoted.text)) return null;
  return { text: quoted.text + rest.trimEnd(), end: at };
}

function quotedAt(text: string, from: number): { readonly text: string; readonly end: number } | null {
  let cell = '';
  for (let at = from + 1; ; ) {
    const end = text.indexOf('"', at);
    if (end < 0 || cell.length + end - at > LONGEST_CELL) return null;
    cell += text.slice(at, end);
    if (text[end + 1] !== '"') return { text: cell, end: end + 1 };
    cell += '"';
    at = end + 2;
  }
}
