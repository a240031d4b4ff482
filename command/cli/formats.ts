/** Rows as text, JSON, JSON lines, CSV and JUnit. */
import { viewAnswer } from '../../core/answer/answer-stream.ts';
import { CodedError } from '../../core/errors.ts';
import { csvLine } from '../../core/files/csv.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { mediaNoticeText } from '../../core/text/media-notices.ts';
import { type GateFailure, isScored, type Row, shownScore, type Unreadable } from '../node/rows.ts';
import type { Format } from './command-table.ts';

export interface Writer {
  /** Text before the first row. */
  readonly head: string;
  row(row: Row): string;
  /** Text after the last row. */
  foot(rows: readonly Row[]): string;
}

export interface WriterOptions {
  /** False: the generated text is left out. */
  readonly text: boolean;
}

const errorLine = ({ error }: Unreadable) => errorMessage(CodedError.fromData(error));

// biome-ignore lint/suspicious/noControlCharactersInRegex: a file's name may hold them, and a terminal would obey
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** Without control characters, which a terminal would obey. */
export const printable = (text: string) => text.replace(CONTROL, '\ufffd');

function gateText({ gate, limit, reference }: GateFailure): string {
  return gate === 'min'
    ? `below ${limit}`
    : `more than ${limit} below the reference's ${reference?.toFixed(2)}`;
}

const scoreWord = (row: Parameters<typeof shownScore>[0]) => shownScore(row)?.toFixed(2) ?? 'none';

const scoreText = (score: number | null) => score?.toFixed(2) ?? ' –  ';

function textRow(row: Row, options: WriterOptions): string {
  const path = printable(row.path);
  if (!isScored(row)) return `error ${path}\n      ${printable(errorLine(row))}\n`;
  const failed = row.failed?.length ? `  ✗ ${row.failed.map(gateText).join(', ')}` : '';
  const { thinking } = viewAnswer(row.text);
  const parts = row.scores?.map(
    (score, k) =>
      `      ${row.times![k]![0].toFixed(1)}–${row.times![k]![1].toFixed(1)} s  ${scoreText(score)}\n`,
  );
  const notices = row.notices.map((notice) => `      note: ${printable(mediaNoticeText('en', notice))}\n`);
  if (row.substituted > 0)
    notices.push(`      note: ${row.substituted} frames could not be decoded; others were used\n`);
  const { human_estimate: people } = row;
  if (people)
    notices.unshift(
      `      people, estimated: ${people.score.toFixed(2)} ± ${people.halfWidth.toFixed(2)} (another part, trained on ${people.datasets.join(', ')})\n`,
    );
  const text = options.text && thinking ? [`      ${printable(thinking.trim())}\n`] : [];
  const raw = row.calibrated === undefined ? '' : `  (model ${scoreText(row.score)})`;
  return [
    `${scoreText(shownScore(row))}  ${path}${raw}${failed}\n`,
    ...text,
    ...(parts ?? []),
    ...notices,
  ].join('');
}

function plain(row: Row, options: WriterOptions): object {
  if (!isScored(row) || options.text) return row;
  const { text: _, ...rest } = row;
  return rest;
}

const CSV_HEAD = [
  'path',
  'score',
  'band',
  'calibrated',
  'distortions',
  'failed',
  'model',
  'ms',
  'error',
  'text',
];

function csvRow(row: Row, options: WriterOptions): string {
  const cells = isScored(row)
    ? [
        row.path,
        row.score,
        row.band,
        row.calibrated,
        row.distortions.join(';'),
        row.failed?.map(({ gate }) => gate).join(';'),
        row.model.name,
        row.ms,
        '',
        options.text ? row.text : '',
      ]
    : [row.path, null, null, null, '', '', '', null, `${row.error.code}: ${errorLine(row)}`, ''];
  return `${csvLine(cells.map((cell) => cell ?? ''))}\r\n`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 has no other control characters, not even as references. */
const xml = (text: string) =>
  printable(text.replace(/[\t\r\n]+/g, ' ')).replace(/[&<>"']/g, (character) => ENTITIES[character]!);

function testCase(row: Row): string {
  const seconds = isScored(row) ? (row.ms / 1000).toFixed(3) : '0';
  const open = `  <testcase classname="vqathinker" name="${xml(row.path)}" time="${seconds}"`;
  if (!isScored(row))
    return `${open}>\n    <error type="${xml(row.error.code)}" message="${xml(errorLine(row))}"/>\n  </testcase>\n`;
  const output = `    <system-out>${xml(`score ${scoreWord(row)}. ${viewAnswer(row.text).thinking}`)}</system-out>\n`;
  const failures = (row.failed ?? []).map(
    (failure) =>
      `    <failure type="${failure.gate}" message="score ${xml(`${scoreWord(row)}, ${gateText(failure)}`)}"/>\n`,
  );
  return `${open}>\n${failures.join('')}${output}  </testcase>\n`;
}

function junit(rows: readonly Row[]): string {
  const failures = rows.filter((row) => isScored(row) && row.failed?.length).length;
  const errors = rows.filter((row) => !isScored(row)).length;
  const seconds = rows.reduce((sum, row) => sum + (isScored(row) ? row.ms : 0), 0) / 1000;
  const counts = `tests="${rows.length}" failures="${failures}" errors="${errors}" time="${seconds.toFixed(3)}"`;
  const cases = rows.map(testCase).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n<testsuite name="vqathinker" ${counts}>\n${cases}</testsuite>\n</testsuites>\n`;
}

/** A summary for people: counts, mean, and what failed. */
function summary(rows: readonly Row[]): string {
  const scored = rows.filter(isScored);
  const scores = scored.map(shownScore).filter((score) => score !== null);
  const failed = scored.filter((row) => row.failed?.length).length;
  const mean =
    scores.length > 0 ? `, mean ${(scores.reduce((a, b) => a + b, 0) / scores.length).toFixed(2)}` : '';
  const rest = [
    ...(failed > 0 ? [`${failed} did not pass`] : []),
    ...(rows.length > scored.length ? [`${rows.length - scored.length} could not be read`] : []),
  ];
  return `\n${[`${scored.length} scored${mean}`, ...rest].join('; ')}\n`;
}

/** Writers that have a row's text before the other rows are known, except for JSON and JUnit, which are one document. */
export function writerOf(format: Format, options: WriterOptions): Writer {
  const nothing = () => '';
  switch (format) {
    case 'text':
      return {
        head: '',
        row: (row) => textRow(row, options),
        foot: (rows) => (rows.length > 1 ? summary(rows) : ''),
      };
    case 'jsonl':
      return { head: '', row: (row) => `${JSON.stringify(plain(row, options))}\n`, foot: nothing };
    case 'csv':
      return { head: `${csvLine(CSV_HEAD)}\r\n`, row: (row) => csvRow(row, options), foot: nothing };
    case 'json':
      return {
        head: '',
        row: nothing,
        foot: (rows) =>
          `${JSON.stringify(
            rows.map((row) => plain(row, options)),
            null,
            2,
          )}\n`,
      };
    case 'junit':
      return { head: '', row: nothing, foot: junit };
  }
}

/** The worst scores first; files without a score come last. */
export function worstFirst(rows: readonly Row[], most: number): Row[] {
  const score = (row: Row) =>
    isScored(row) ? (row.score ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  return [...rows].sort((a, b) => score(a) - score(b)).slice(0, most);
}
