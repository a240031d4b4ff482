/**
 * A whole file of human scores: delimited text, the released JSONL, the annotation JSON of a benchmark, plain JSON. The
 * form is told by the content, not by the name. Ours.
 */
import { readNumeral, withPoint } from '../text/numeral.ts';
import type { TableFault } from '../text/table-fault-messages.ts';
import { delimitedRecords } from './delimited.ts';
import {
  cutCell,
  isFault,
  isRated,
  otherForm,
  type RatedVideo,
  type ReadRow,
  type RowFault,
  readAnnotations,
  readOfficialLine,
  readOfficialRow,
  rowFault,
} from './human-scores.ts';
import { LONGEST_PATH } from './other-rows.ts';
import { columnsOf, isDifference, type NumberColumn, type TableColumns } from './score-columns.ts';

export interface ScoreTable {
  readonly rows: readonly RatedVideo[];
  readonly faults: readonly RowFault[];
  /** Columns of numbers, one of which is the MOS; empty for forms without columns. */
  readonly columns: readonly NumberColumn[];
  /** Index of the MOS column; null for forms without columns, and where no column can be it. */
  readonly mos: number | null;
  /** False where another column could be the MOS as well. */
  readonly sure: boolean;
}

/** A column of numbers for people: its name or its number, and its range. */
export const columnLabel = ({ index, name, low, high }: NumberColumn): string =>
  `${name === null || name === '' ? `column ${index + 1}` : `“${name}”`}, ${low} to ${high}`;

/** A table that cannot be read at all. */
export const faultyTable = (fault: TableFault): ScoreTable => ({
  rows: [],
  faults: [rowFault(0, fault)],
  columns: [],
  mos: null,
  sure: true,
});

/** @param column index of the column that a person chose as the MOS */
export function readScoreTable(text: string, column?: number): ScoreTable {
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const start = plain.trimStart();
  if (start === '') return faultyTable({ kind: 'empty' });
  if (/^<\?xml|^<VMAF/i.test(start) && start.slice(0, 2000).includes('VMAF'))
    return faultyTable({ kind: 'vmaf' });
  if (start[0] === '[' || start[0] === '{') return readJson(plain, column);
  return readDelimited(plain, column);
}

/** Delimited text. Lines without a file or a number are faults; a table without columns to read is one fault. */
export function readDelimited(text: string, column?: number): ScoreTable {
  const all = [...delimitedRecords(text)];
  // Remarks above the table.
  const first = all.findIndex(({ cells }) => cells?.length !== 1 || !cells[0]?.trimStart().startsWith('#'));
  const records = all.slice(Math.max(0, first));
  const faults = records
    .filter(({ cells }) => cells === null)
    .map(({ line }) => rowFault(line, { kind: 'quote' }));
  const lines = records.flatMap(({ line, cells }) => (cells === null ? [] : [{ line, cells }]));
  return readCells(lines, faults, column);
}

interface Line {
  readonly line: number;
  readonly cells: readonly string[];
}

function readCells(lines: readonly Line[], faults: readonly RowFault[], column?: number): ScoreTable {
  const columns = columnsOf(
    lines.map(({ cells }) => cells),
    column,
  );
  const { header, path, mos, sure, numbers } = columns;
  if (header !== null && isVmafLog(header)) return faultyTable({ kind: 'vmaf' });
  if (mos === null) return { ...faultyTable(wholeFault(columns)), columns: numbers };
  const read = lines.slice(header === null ? 0 : 1).map((line) => readLine(line, path, mos));
  const all = [...faults, ...read.filter(isFault)].toSorted((a, b) => a.line - b.line);
  return { rows: read.filter(isRated), faults: all, columns: numbers, mos, sure };
}

const isVmafLog = (header: readonly string[]) =>
  header.some((name) => /^frame/i.test(name.trim())) &&
  header.some((name) => /vmaf|adm2|vif_scale/i.test(name));

function wholeFault({ header, numbers }: TableColumns): TableFault {
  if (header === null) return { kind: 'no-columns' };
  const difference = numbers.find(({ name }) => isDifference(name));
  if (difference) return { kind: 'difference', column: difference.name ?? '' };
  return {
    kind: 'no-mos',
    columns: header
      .map((name) => name.trim())
      .join(', ')
      .slice(0, 200),
  };
}

function readLine({ line, cells }: Line, path: number, mosColumn: number): ReadRow {
  const [file, score] = [cells[path]?.trim() ?? '', cells[mosColumn] ?? ''];
  const mos = readNumeral(score);
  if (file === '' || file.length > LONGEST_PATH) return rowFault(line, { kind: 'no-file' });
  if (mos === null) return rowFault(line, { kind: 'number', value: cutCell(score) });
  return { line, id: file, path: file, mos, written: withPoint(score) };
}

/** One JSON document, or one object a line. */
function readJson(text: string, column?: number): ScoreTable {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return readJsonLines(text, column);
  }
  if (isObject(value) && 'annotations' in value) return withRows([...readAnnotations(value)]);
  const list = recordsIn(value);
  return list === null
    ? readPairs(value)
    : readRecords(
        list.map((one, i) => [i + 1, one]),
        column,
      );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The list of a document: itself, the only one that an object holds, or the object as its only record. */
function recordsIn(value: unknown): readonly unknown[] | null {
  if (Array.isArray(value)) return value;
  if (!isObject(value)) return null;
  if ('conversations' in value || otherForm(value) !== null) return [value];
  const lists = Object.values(value).filter(
    (one) => Array.isArray(one) && one.length > 0 && one.every(isObject),
  );
  if (lists.length === 1) return lists[0] as unknown[];
  return null;
}

function readJsonLines(text: string, column?: number): ScoreTable {
  const lines = text
    .split(/\r\n|\r|\n/)
    .flatMap((one, i) => (one.trim() === '' ? [] : [[i + 1, one] as const]));
  const parsed: (readonly [number, unknown])[] = [];
  for (const [line, one] of lines) {
    try {
      parsed.push([line, JSON.parse(one)]);
    } catch {
      // Not the first line: that line is the fault. The first: it is no file of lines.
      if (parsed.length === 0 && line === lines[0]?.[0]) return faultyTable({ kind: 'json' });
    }
  }
  const first = parsed[0]?.[1];
  if (isObject(first) && ('conversations' in first || 'image' in first || otherForm(first) !== null))
    return withRows(lines.map(([line, one]) => readOfficialLine(one, line)));
  const table = readRecords(parsed, column);
  const read = new Set(parsed.map(([line]) => line));
  const faults = lines.flatMap(([line]) => (read.has(line) ? [] : [rowFault(line, { kind: 'json' })]));
  return { ...table, faults: [...table.faults, ...faults].toSorted((a, b) => a.line - b.line) };
}

/** Objects of a list: rows of the released JSONL, or a table by their keys. Pairs `[file, score]` are a table too. */
function readRecords(
  list: readonly (readonly [line: number, value: unknown])[],
  column?: number,
): ScoreTable {
  const first = list[0]?.[1];
  if (first === undefined) return faultyTable({ kind: 'empty' });
  if (isObject(first) && ('conversations' in first || otherForm(first) !== null))
    return withRows(list.map(([line, value]) => readOfficialRow(value, line)));
  const cell = (value: unknown) =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  if (list.every(([, value]) => Array.isArray(value)))
    return readCells(
      list.map(([line, value]) => ({ line, cells: (value as unknown[]).map(cell) })),
      [],
      column,
    );
  const keys = [...new Set(list.flatMap(([, value]) => (isObject(value) ? Object.keys(value) : [])))];
  if (keys.length === 0) return faultyTable({ kind: 'no-columns' });
  const lines = list.map(([line, value]) => ({
    line,
    cells: keys.map((key) => (isObject(value) ? cell(value[key]) : '')),
  }));
  return readCells([{ line: 0, cells: keys }, ...lines], [], column);
}

/** An object from files to scores, or from files to objects. */
function readPairs(value: unknown): ScoreTable {
  const entries = isObject(value) ? Object.entries(value) : [];
  const named = entries.length > 1 || /\.[a-z][a-z0-9]{1,4}$/i.test(entries[0]?.[0] ?? '');
  const isScore = (one: unknown) =>
    typeof one === 'number' || (typeof one === 'string' && readNumeral(one) !== null);
  if (named && entries.some(([, one]) => isScore(one)) && entries.every(([, one]) => !isObject(one)))
    return readCells(
      [
        { line: 0, cells: ['path', 'mos'] },
        ...entries.map(([file, score], i) => ({ line: i + 1, cells: [file, String(score)] })),
      ],
      [],
    );
  if (named && entries.every(([, one]) => isObject(one)))
    return readRecords(entries.map(([path, one], i) => [i + 1, { path, ...(one as object) }]));
  return faultyTable({ kind: 'no-columns' });
}

function withRows(read: readonly ReadRow[]): ScoreTable {
  const whole = read.find((row) => isFault(row) && row.line === 0);
  if (whole !== undefined && isFault(whole)) return faultyTable(whole.fault);
  return {
    rows: read.filter(isRated),
    faults: read.filter(isFault),
    columns: [],
    mos: null,
    sure: true,
  };
}
