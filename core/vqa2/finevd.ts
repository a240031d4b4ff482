/**
 * Distortion attribution on FineVD: rows of the published question files, the metric of its official code, and ours
 * beside it. The official one counts an output as right that is a part of the reference, an empty one included; ours
 * counts a missing answer as wrong and states the majority answer's share. Ours.
 */
import { z } from 'zod';
import { strip } from '../text/python-text.ts';

export const attributes = ['color', 'noise', 'artifact', 'blur', 'temporal'] as const;
export type Attribute = (typeof attributes)[number];

export interface AttributeRow {
  readonly kind: 'attribute';
  readonly video: string;
  readonly attribute: Attribute;
  readonly question: string;
  readonly answer: 'yes' | 'no';
}

/** One of up to five options: the dimension of greatest impact, or a type of distortion. */
export interface ChoiceRow {
  readonly kind: 'choice';
  readonly video: string;
  readonly question: string;
  readonly options: readonly string[];
  /** Index into `options`. */
  readonly answer: number;
}

export type FineVdRow = AttributeRow | ChoiceRow;

/** Line from 1, and what is wrong with it. */
export interface RowFault {
  readonly line: number;
  readonly problem: 'json' | 'shape' | 'question' | 'answer';
}

const rowSchema = z.looseObject({
  video: z.string().min(1),
  conversations: z.tuple([
    z.looseObject({ from: z.literal('human'), value: z.string() }),
    z.looseObject({ from: z.enum(['ai', 'gpt']), value: z.string() }),
  ]),
});

const attributeOf = /there is no (temporal|color|artifact|blur|noise)\b/;
const option = /([A-E]):\[([^\]]*)\]/g;

/**
 * Rows of one JSON-lines file. A byte-order mark is dropped, at the start of the file and inside names: the first row of
 * one published file has it there.
 */
export function readFineVd(text: string): { readonly rows: FineVdRow[]; readonly faults: RowFault[] } {
  const rows: FineVdRow[] = [];
  const faults: RowFault[] = [];
  for (const [k, line] of text.split(/\r?\n/).entries()) {
    if (line.replaceAll('\ufeff', '').trim() === '') continue;
    const row = readRow(line.replace(/^\ufeff/, ''));
    if (typeof row === 'string') faults.push({ line: k + 1, problem: row });
    else rows.push(row);
  }
  return { rows, faults };
}

function readRow(line: string): FineVdRow | RowFault['problem'] {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return 'json';
  }
  const read = rowSchema.safeParse(json);
  if (!read.success) return 'shape';
  const video = read.data.video.replaceAll('\ufeff', '');
  const [{ value: question }, { value: given }] = read.data.conversations;
  const answer = strip(given);
  const attribute = attributeOf.exec(question)?.[1] as Attribute | undefined;
  if (attribute !== undefined) {
    if (answer !== 'Yes' && answer !== 'No') return 'answer';
    return { kind: 'attribute', video, attribute, question, answer: answer === 'Yes' ? 'yes' : 'no' };
  }
  const options = [...question.matchAll(option)];
  const inOrder = options.every(([, letter], i) => letter === String.fromCharCode(65 + i));
  if (options.length < 2 || !inOrder) return 'question';
  const index = options.findIndex(([, letter]) => letter === answer);
  if (index < 0) return 'answer';
  return { kind: 'choice', video, question, options: options.map(([, , label]) => label!), answer: index };
}

/** The official grade: the decoded output is a part of the reference, so that no output at all is right. */
export const officialFineVdGrade = (output: string, reference: string): boolean => reference.includes(output);

/** An answer as yes or no by its first word, or null. */
export function readYesNo(output: string): 'yes' | 'no' | null {
  const word = /^[\s"'“‘*([]*(yes|no)(?![\p{L}\p{N}])/iu.exec(output)?.[1]?.toLowerCase();
  return word === 'yes' || word === 'no' ? word : null;
}

export interface AttributeMetrics {
  readonly n: number;
  /** Missing answers are wrong. */
  readonly accuracy: number;
  /** Mean of the shares of right answers among yes and among no; null where one does not occur. */
  readonly balancedAccuracy: number | null;
  /** Of `yes`; null where neither rows nor answers have one. */
  readonly f1: number | null;
  /** Accuracy of the more frequent answer given always. */
  readonly majority: number;
  readonly missing: number;
}

export interface AttributionMetrics {
  /** Attributes that have rows. */
  readonly perAttribute: Readonly<Partial<Record<Attribute, AttributeMetrics>>>;
  /** Plain means over these attributes, as published; null without a row. */
  readonly accuracy: number | null;
  readonly majority: number | null;
}

/** @param answers by row; null where the model gave none that could be read */
export function attributionMetrics(
  rows: readonly AttributeRow[],
  answers: readonly ('yes' | 'no' | null)[],
): AttributionMetrics {
  const perAttribute: Partial<Record<Attribute, AttributeMetrics>> = {};
  for (const attribute of attributes) {
    const pairs = rows.flatMap((row, k) =>
      row.attribute === attribute ? [[row.answer, answers[k] ?? null] as const] : [],
    );
    if (pairs.length > 0) perAttribute[attribute] = metricsOf(pairs);
  }
  const values = Object.values(perAttribute);
  const mean = (of: (m: AttributeMetrics) => number) =>
    values.length === 0 ? null : values.reduce((sum, m) => sum + of(m), 0) / values.length;
  return { perAttribute, accuracy: mean((m) => m.accuracy), majority: mean((m) => m.majority) };
}

function metricsOf(pairs: readonly (readonly ['yes' | 'no', 'yes' | 'no' | null])[]): AttributeMetrics {
  const n = pairs.length;
  const count = (truth: 'yes' | 'no', answer?: 'yes' | 'no') =>
    pairs.filter(([t, a]) => t === truth && (answer === undefined || a === answer)).length;
  const [yes, no] = [count('yes'), count('no')];
  const [hits, rejections, alarms] = [count('yes', 'yes'), count('no', 'no'), count('no', 'yes')];
  const named = yes + hits + alarms;
  return {
    n,
    accuracy: (hits + rejections) / n,
    balancedAccuracy: yes === 0 || no === 0 ? null : (hits / yes + rejections / no) / 2,
    f1: named === 0 ? null : (2 * hits) / named,
    majority: Math.max(yes, no) / n,
    missing: pairs.filter(([, answer]) => answer === null).length,
  };
}
