/**
 * Rows of human scores: a line of the released JSONL, the annotation JSON of a benchmark. Each reader returns a row or the
 * fault of a line; no line is guessed or dropped. Whole files are read by `score-table.ts`. Ours.
 */
import { z } from 'zod';
import { fieldPath } from '../schema.ts';
import { readNumeral } from '../text/numeral.ts';
import type { TableFault } from '../text/table-fault-messages.ts';
import { LONGEST_PATH, readOtherRow } from './other-rows.ts';

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
  readonly fault: TableFault;
}

export type ReadRow = RatedVideo | RowFault;
export const isFault = (row: ReadRow): row is RowFault => 'fault' in row;
export const isRated = (row: ReadRow): row is RatedVideo => !isFault(row);

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

const readNumber = (value: string | number): number | null =>
  typeof value === 'number' ? value : readNumeral(value);

/** The number of a written answer's only answer block. */
function answered(text: string): number | null {
  const blocks = [...text.matchAll(/<answer>([^<]*)<\/answer>/g)];
  return blocks.length === 1 ? readNumber(blocks[0]![1]!) : null;
}

/** A cell as a fault shows it. */
export const cutCell = (value: unknown): string => String(value).slice(0, 40);

export const rowFault = (line: number, fault: TableFault): RowFault => ({ line, fault });

function fieldFault(line: number, error: z.ZodError, root = ''): RowFault {
  const issue = error.issues[0]!;
  const field = fieldPath(issue.path, root);
  return rowFault(line, { kind: 'field', field, problem: issue.message });
}

/** One line of the released JSONL. */
export function readOfficialLine(text: string, line: number): ReadRow {
  try {
    return readOfficialRow(JSON.parse(text), line);
  } catch {
    return rowFault(line, { kind: 'json' });
  }
}

/** One row of the released JSONL as parsed JSON. */
export function readOfficialRow(value: unknown, line: number): ReadRow {
  const form = otherForm(value);
  if (form !== null) return otherRow(value, line) ?? rowFault(0, form);
  const row = officialRow.safeParse(value);
  if (!row.success) return fieldFault(line, row.error);
  const { id, dataset_name: dataset, image, conversations, text: writtenText } = row.data;
  const last = conversations.findLast(({ from }) => from === 'gpt');
  if (last === undefined) return rowFault(line, { kind: 'no-turn' });
  const plain = readNumber(last.value);
  const mos = plain ?? (typeof last.value === 'string' ? answered(last.value) : null);
  if (mos === null) return rowFault(line, { kind: 'no-answer' });
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

/** A row of another tool's form; null where its score or its video cannot be told. */
function otherRow(value: unknown, line: number): RatedVideo | null {
  const row = readOtherRow(value);
  if (row === null) return null;
  const plain = readNumber(row.answer);
  const mos = plain ?? (typeof row.answer === 'string' ? answered(row.answer) : null);
  if (mos === null) return null;
  return {
    line,
    id: row.id ?? row.path,
    path: row.path,
    mos,
    written: plain === null ? String(mos) : String(row.answer).trim(),
    text: plain === null ? String(row.answer) : undefined,
  };
}

/** A benchmark's file as parsed JSON: one object with the key `annotations`; its scores are strings. */
export function* readAnnotations(value: unknown): Generator<ReadRow> {
  const file = annotationFile.safeParse(value);
  if (!file.success) {
    yield fieldFault(0, file.error);
    return;
  }
  for (const [index, entry] of file.data.annotations.entries()) {
    const line = index + 1;
    const record = annotation.safeParse(entry);
    if (!record.success) {
      yield fieldFault(line, record.error, `annotations[${index}]`);
      continue;
    }
    const { image_id: name, score } = record.data;
    const mos = readNumber(score);
    if (mos === null) yield rowFault(line, { kind: 'number', value: cutCell(score) });
    else yield { line, id: name, path: name, mos, written: String(score).trim() };
  }
}

/**
 * Another tool's form of training data or scores, told by its keys; null where the keys are those of no form that is
 * often mistaken for the released one.
 */
export function otherForm(value: unknown): TableFault | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const has = (...keys: string[]) => keys.every((key) => Object.hasOwn(value, key));
  const form = (name: string, ...keys: string[]): TableFault => ({
    kind: 'form',
    form: name,
    keys: keys.filter((key) => has(key)).join(', '),
  });
  if (has('image', 'conversations')) return null;
  if (has('frames') && (has('pooled_metrics') || has('VMAF score') || has('aggregate')))
    return { kind: 'vmaf' };
  if (has('messages')) return form('ms-swift', 'messages', 'videos', 'video', 'solution');
  if (has('query') && (has('response') || has('videos')))
    return form('ms-swift', 'query', 'response', 'videos');
  if (has('prompt') && (has('solution') || has('completion') || has('chosen')))
    return form('TRL', 'prompt', 'video', 'videos', 'solution', 'completion', 'chosen');
  if (has('conversations') && (has('video') || has('videos')))
    return form('LLaVA-Video', 'video', 'videos', 'conversations');
  if (has('problem', 'solution')) return form('R1-V', 'problem', 'solution', 'path', 'video', 'videos');
  if (has('instruction') && (has('output') || has('videos')))
    return form('LLaMA-Factory (alpaca)', 'instruction', 'output', 'videos');
  return null;
}
