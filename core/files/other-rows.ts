/**
 * Rows of human scores in the forms of other tools: ms-swift, TRL, LLaVA-Video and R1-V. A row names one video or image,
 * and its score is a number or the only answer block of the answer. Ours.
 */
import { z } from 'zod';

/** Longest path of a video in a row. */
export const LONGEST_PATH = 4096;

const path = z.string().min(1).max(LONGEST_PATH);
const one = z
  .union([path, z.tuple([path])])
  .transform((value) => (typeof value === 'string' ? value : value[0]));
const text = z.union([z.string(), z.number()]);
const turn = z.looseObject({ content: z.unknown(), role: z.string() });
const media = {
  video: one.optional(),
  videos: one.optional(),
  image: one.optional(),
  images: one.optional(),
};

/** A row of another form as it is written: what it names, and what it answers. */
export interface OtherRow {
  readonly id: string | undefined;
  readonly path: string;
  /** Label or written answer. */
  readonly answer: string | number;
}

const id = z.union([z.int(), z.string().min(1).max(200)]).optional();

/** Content of a turn: a text, or the texts among parts of several kinds. */
function contentOf(content: unknown): string | number | undefined {
  if (typeof content === 'string' || typeof content === 'number') return content;
  if (!Array.isArray(content)) return undefined;
  const texts = content.flatMap((part) => {
    const { type, text: written } = (part ?? {}) as { type?: unknown; text?: unknown };
    return type === 'text' && typeof written === 'string' ? [written] : [];
  });
  return texts.length === 0 ? undefined : texts.join('');
}

const lastAnswer = (turns: readonly z.infer<typeof turn>[]) =>
  contentOf(turns.findLast(({ role }) => role === 'assistant')?.content);

const turns = z.array(turn).max(16);
const answered = z.union([text, turns]).optional();
const answerOf = (value: z.infer<typeof answered>) => (Array.isArray(value) ? lastAnswer(value) : value);

/** One a form: the fields, and which of them is the answer. Tried in this order. */
const forms = [
  z
    .looseObject({ id, ...media, messages: turns, solution: text.optional() })
    .transform((row) => ({ ...row, answer: row.solution ?? lastAnswer(row.messages) })),
  z
    .looseObject({ id, ...media, query: z.string(), response: text })
    .transform((row) => ({ ...row, answer: row.response })),
  z
    .looseObject({
      id,
      ...media,
      prompt: z.union([z.string(), turns]),
      solution: answered,
      completion: answered,
    })
    .transform((row) => ({ ...row, answer: answerOf(row.solution) ?? answerOf(row.completion) })),
  z
    .looseObject({
      id,
      ...media,
      conversations: z.array(z.looseObject({ from: z.string(), value: text })).max(16),
    })
    .transform((row) => ({
      ...row,
      answer: row.conversations.findLast(({ from }) => from === 'gpt')?.value,
    })),
  z
    .looseObject({ id, ...media, path: one.optional(), problem: z.string(), solution: text })
    .transform((row) => ({ ...row, video: row.path ?? row.video, answer: row.solution })),
] as const;

/** The row in the first form that it has; null where it names no single file or has no answer. */
export function readOtherRow(value: unknown): OtherRow | null {
  for (const form of forms) {
    const row = form.safeParse(value);
    if (!row.success) continue;
    const { video, videos, image, images, answer } = row.data;
    const named = [video, videos, image, images].filter((file) => file !== undefined);
    if (named.length !== 1 || answer === undefined) continue;
    return { id: row.data.id === undefined ? undefined : String(row.data.id), path: named[0]!, answer };
  }
  return null;
}
