/**
 * Q-Bench-Video: items of its files and of the fine-grained file, the official metric, and ours beside it. The official
 * one looks at the first character and ends at an empty answer; ours reads the letter, counts what it cannot read as
 * wrong, and states the chance of a guess. Ours.
 */
import { z } from 'zod';
import { CodedError } from '../errors.ts';
import { officialGrade, readChoice } from './multiple-choice.ts';

export type QuestionType = 'yes-or-no' | 'what/how' | 'open-ended';

export interface QuestionItem {
  /** Index in the file. */
  readonly id: number;
  /** One, or the two of a comparison. */
  readonly videos: readonly string[];
  readonly question: string;
  readonly options: readonly string[];
  /** Index into `options`; null for an open-ended item, which needs another grader and is not graded here. */
  readonly correct: number | null;
  /** Reference answer of an open-ended item where the file has one. */
  readonly reference: string | null;
  readonly type: QuestionType;
  readonly context: string;
  readonly concerns: readonly string[];
  /** Fields that are read by nothing here. */
  readonly rest: Readonly<Record<string, unknown>>;
}

export interface ItemFault {
  readonly id: number;
  readonly field: string;
}

const texts = z.union([z.array(z.string()), z.string().transform((text) => [text])]);
const itemSchema = z.looseObject({
  video_name: z.string().min(1),
  question: z.string().min(1),
  answers: texts.default([]),
  question_type: z.string(),
  context: z.string().default(''),
  correct_choice: z.string().default(''),
  quality_concern: texts.default([]),
});

/** Fields of the fine-grained file, which begin with capitals. */
const spellings: Readonly<Record<string, string>> = {
  Video_name: 'video_name',
  Question: 'question',
  Answer: 'answers',
  Correct_choice: 'correct_choice',
};

/**
 * Items of a file.
 *
 * @throws CodedError `train/record` {field, problem} for a text that is no JSON list
 */
export function readQuestions(text: string): {
  readonly items: QuestionItem[];
  readonly faults: ItemFault[];
} {
  let list: unknown;
  try {
    list = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    throw new CodedError('train/record', { field: 'file', problem: 'is not valid JSON' });
  }
  if (!Array.isArray(list)) throw new CodedError('train/record', { field: 'file', problem: 'is no list' });
  const items: QuestionItem[] = [];
  const faults: ItemFault[] = [];
  for (const [id, value] of list.entries()) {
    const item = readItem(id, value);
    if (typeof item === 'string') faults.push({ id, field: item });
    else items.push(item);
  }
  return { items, faults };
}

/** The item, or the name of the field that is at fault. */
function readItem(id: number, value: unknown): QuestionItem | string {
  if (typeof value !== 'object' || value === null) return 'item';
  const spelled = Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      Object.hasOwn(spellings, key) ? spellings[key]! : key,
      field,
    ]),
  );
  const read = itemSchema.safeParse(spelled);
  if (!read.success) return String(read.error.issues[0]!.path[0] ?? 'item');
  const { video_name, question, answers, question_type, context, correct_choice, quality_concern, ...rest } =
    read.data;
  const type = typeOf(question_type);
  if (type === null) return 'question_type';
  const videos = videosOf(video_name, context);
  if (videos === null) return 'video_name';
  const shared = { id, videos, question, type, context, concerns: quality_concern, rest };
  if (type === 'open-ended')
    return { ...shared, options: [], correct: null, reference: answers.join('\n') || null };
  const letter = correct_choice.trim();
  const correct = /^[A-Z]$/.test(letter) ? letter.charCodeAt(0) - 65 : -1;
  if (answers.length < 2) return 'answers';
  if (correct < 0 || correct >= answers.length) return 'correct_choice';
  return { ...shared, options: answers, correct, reference: null };
}

function typeOf(text: string): QuestionType | null {
  if (text.includes('yes-or-no')) return 'yes-or-no';
  if (text.includes('what/how')) return 'what/how';
  return text.includes('open_ended') || text.includes('open-ended') ? 'open-ended' : null;
}

/**
 * One video, or the two of `X_cat_Y` with its own ending of four characters. Null for a pair whose context says nothing
 * of two, where the official script fails, and for half a pair.
 */
function videosOf(name: string, context: string): readonly string[] | null {
  const parts = name.split('_cat_');
  if (parts.length === 1) return [name];
  const [first, second] = [parts[0]!, parts[1]!.slice(0, -4)];
  const isPair = context.includes('Compare') || context.includes('Joint');
  return isPair && parts.length === 2 && first !== '' && second !== '' ? [first, second] : null;
}

export interface ChoiceMetrics {
  readonly n: number;
  readonly accuracy: number;
  /** Accuracy of a guess: the mean of one over the number of options. */
  readonly chance: number;
  /** Answers that name no option, or more than one; they are wrong. */
  readonly unreadable: number;
  /** Items without an answer; they are wrong. */
  readonly missing: number;
}

export interface QuestionMetrics {
  /** As the official script prints it; `stoppedAt` is the index at which an empty answer ends its run. */
  readonly official: { readonly n: number; readonly accuracy: number; readonly stoppedAt: number | null };
  /** Null without a multiple-choice item. */
  readonly overall: ChoiceMetrics | null;
  readonly byType: Readonly<Record<string, ChoiceMetrics>>;
  readonly byConcern: Readonly<Record<string, ChoiceMetrics>>;
  readonly byContext: Readonly<Record<string, ChoiceMetrics>>;
  /** Open-ended items. */
  readonly notGraded: number;
}

/** @param answers decoded text by item; null where there is none */
export function questionMetrics(
  items: readonly QuestionItem[],
  answers: readonly (string | null)[],
): QuestionMetrics {
  const graded = items.flatMap((item, k) => {
    if (item.correct === null) return [];
    const text = answers[k] ?? null;
    const choice = text === null ? null : readChoice(text, item.options);
    const grade = { missing: text === null, unreadable: text !== null && choice === null };
    return [{ item, ...grade, right: choice === item.correct, chance: 1 / item.options.length }];
  });
  const group = (keys: (item: QuestionItem) => readonly string[]) => {
    const groups = new Map<string, (typeof graded)[number][]>();
    for (const each of graded)
      for (const key of new Set(keys(each.item))) groups.set(key, [...(groups.get(key) ?? []), each]);
    return Object.fromEntries([...groups].map(([key, members]) => [key, metricsOf(members)]));
  };
  return {
    official: officialRun(items, answers),
    overall: graded.length === 0 ? null : metricsOf(graded),
    byType: group(({ type }) => [type]),
    byConcern: group(({ concerns }) => concerns),
    byContext: group(({ context }) => [context]),
    notGraded: items.length - graded.length,
  };
}

function metricsOf(
  grades: readonly { right: boolean; chance: number; missing: boolean; unreadable: boolean }[],
): ChoiceMetrics {
  const n = grades.length;
  const share = (of: (grade: (typeof grades)[number]) => number) => grades.reduce((sum, g) => sum + of(g), 0);
  return {
    n,
    accuracy: share(({ right }) => Number(right)) / n,
    chance: share(({ chance }) => chance) / n,
    unreadable: share(({ unreadable }) => Number(unreadable)),
    missing: share(({ missing }) => Number(missing)),
  };
}

function officialRun(items: readonly QuestionItem[], answers: readonly (string | null)[]) {
  let [right, n] = [0, 0];
  let stoppedAt: number | null = null;
  for (const [k, item] of items.entries()) {
    if (item.correct === null) continue;
    const grade = officialGrade(answers[k] ?? '', String.fromCharCode(65 + item.correct));
    if (grade === null) {
      stoppedAt = k;
      break;
    }
    n++;
    right += Number(grade);
  }
  return { n, accuracy: n === 0 ? 0 : right / n, stoppedAt };
}
