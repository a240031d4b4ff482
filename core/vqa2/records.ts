/**
 * Training records of VQA²: one conversation about a video, an image or a list of them, read in the forms that the two
 * official trainers and published files use, and its token ids and labels. Held to the official code by
 * golden-vqa2/rules/records.json: change only with it.
 */
import { z } from 'zod';
import { readAs } from '../schema.ts';
import { placeholder, system } from './prompts.ts';

/** Stands for one block in token ids; never embedded. */
export const placeholderId = -200;
/** Label of a position that is not trained on. */
export const ignoredLabel = -100;

export interface Turn {
  /** `user`, `assistant`, `system`, or another speaker's name as given. */
  readonly role: string;
  readonly text: string;
}

export interface TrainingRecord {
  readonly media: { readonly kind: 'video' | 'image'; readonly paths: readonly string[] } | null;
  readonly turns: readonly Turn[];
  /** MOS on 0–100 where the record states one (`gt_score`). */
  readonly mos: number | null;
}

const roles: Readonly<Record<string, string>> = {
  human: 'user',
  gpt: 'assistant',
  ai: 'assistant',
};

const turnSchema = z
  .looseObject({
    from: z.string().optional(),
    role: z.string().optional(),
    value: z.string().optional(),
    content: z.string().optional(),
  })
  .superRefine((turn, context) => {
    if (turn.from === undefined && turn.role === undefined)
      context.addIssue({ code: 'custom', path: ['from'], message: 'is missing, and so is role' });
    if (turn.value === undefined && turn.content === undefined)
      context.addIssue({ code: 'custom', path: ['value'], message: 'is missing, and so is content' });
  });

const mediaSchema = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const recordSchema = z.looseObject({
  image: mediaSchema.optional(),
  video: mediaSchema.optional(),
  'frames per sec': z.number().optional(),
  gt_score: z.union([z.string(), z.number()]).optional(),
  conversations: z.array(turnSchema).min(1),
});

/**
 * A record from parsed JSON. A video is what lies under `video`, or under `image` beside `frames per sec`. Each turn has
 * `from` or `role`, and `value` or `content`; where both are there, `role` with `content` wins, as in the official
 * loader. One leading answer without a question is left out.
 *
 * @throws CodedError `train/record` {field, problem}
 */
export function readRecord(value: unknown, root = ''): TrainingRecord {
  const record = readAs(recordSchema, value, 'train/record', root);
  const given = record.video ?? record.image;
  const isVideo = record.video !== undefined || record['frames per sec'] !== undefined;
  const turns = record.conversations.map((turn): Turn => {
    const whole = turn.role !== undefined && turn.content !== undefined;
    const speaker = whole ? turn.role! : (turn.from ?? turn.role!);
    const text = whole ? turn.content! : (turn.value ?? turn.content!);
    return { role: Object.hasOwn(roles, speaker) ? roles[speaker]! : speaker, text };
  });
  const mos = record.gt_score === undefined || record.gt_score === '' ? Number.NaN : Number(record.gt_score);
  return {
    media:
      given === undefined
        ? null
        : { kind: isVideo ? 'video' : 'image', paths: typeof given === 'string' ? [given] : given },
    turns: turns[0]!.role === 'assistant' ? turns.slice(1) : turns,
    mos: Number.isFinite(mos) ? mos : null,
  };
}

/** Tokenizer of the language model, as far as records need it. */
export interface RecordTokenizer {
  /** Ids of a text; `<|im_start|>` and `<|im_end|>` in it are one token each. */
  encode(text: string): readonly number[];
  readonly ids: {
    readonly newline: number;
    readonly start: number;
    readonly end: number;
    /** `<image>` as the official trainer adds it; stands in the labels of an answer that has a placeholder. */
    readonly image: number;
  };
}

export interface EncodedRecord {
  /** One `placeholderId` for each block. */
  readonly inputIds: readonly number[];
  /** Not shifted; the model shifts. */
  readonly labels: readonly number[];
}

/**
 * Ids and labels of a record. Trained on are the turns of every speaker but user and system, headers included, and every
 * line break, `<|im_start|>` and `<|im_end|>` anywhere.
 *
 * Without media `<image>` is plain text.
 */
export function encodeRecord(
  record: Pick<TrainingRecord, 'media' | 'turns'>,
  tokenizer: RecordTokenizer,
): EncodedRecord {
  const { newline, start, end, image } = tokenizer.ids;
  const always = new Set([newline, start, end]);
  const inputIds: number[] = [];
  const labels: number[] = [];
  for (const turn of [{ role: 'system', text: system }, ...record.turns]) {
    const trained = turn.role !== 'user' && turn.role !== 'system';
    const whole = `<|im_start|>${turn.role}\n${turn.text}<|im_end|>\n`;
    const spans = record.media === null ? [whole] : whole.split(placeholder);
    for (const [k, span] of spans.entries()) {
      if (k > 0) {
        inputIds.push(placeholderId);
        labels.push(trained ? image : ignoredLabel);
      }
      for (const id of tokenizer.encode(span)) {
        inputIds.push(id);
        labels.push(trained || always.has(id) ? id : ignoredLabel);
      }
    }
  }
  return { inputIds, labels };
}

/** Ids of a prompt whose placeholders stand for blocks: each span of text between them is encoded alone. */
export function encodePrompt(text: string, encode: (text: string) => readonly number[]): number[] {
  return text.split(placeholder).flatMap((span, k) => [...(k > 0 ? [placeholderId] : []), ...encode(span)]);
}

/** Records as one batch, padded on the right. */
export function padRight(
  records: readonly EncodedRecord[],
  padId: number,
): { inputIds: number[][]; labels: number[][]; attentionMask: number[][] } {
  const length = Math.max(...records.map(({ inputIds }) => inputIds.length));
  const filled = (values: readonly number[], by: number) => [
    ...values,
    ...new Array<number>(length - values.length).fill(by),
  ];
  return {
    inputIds: records.map(({ inputIds }) => filled(inputIds, padId)),
    labels: records.map(({ labels }) => filled(labels, ignoredLabel)),
    attentionMask: records.map(({ inputIds }) =>
      filled(
        inputIds.map(() => 1),
        0,
      ),
    ),
  };
}

/**
 * Turns of the Qwen2.5-VL variant: a tag with the line breaks beside it becomes the span that its processor fills. Texts
 * and answers alternate; only answers are trained on.
 *
 * @throws CodedError `train/record` for a turn without `content`
 */
export function variantTurns(
  conversations: unknown,
  isVideo: boolean,
): { turns: Turn[]; texts: string[]; answers: string[] } {
  const schema = z.array(z.looseObject({ from: z.string(), content: z.string() })).min(1);
  const given = readAs(schema, conversations, 'train/record', 'conversations');
  const kind = isVideo ? 'video' : 'image';
  const tag = new RegExp(`\\n?<${kind}>\\n?`, 'g');
  const turns = given.map(({ from, content }) => ({
    role: Object.hasOwn(roles, from) && from !== 'ai' ? roles[from]! : from,
    text: content.replace(tag, `<|vision_start|><|${kind}_pad|><|vision_end|>`),
  }));
  const texts: string[] = [];
  const answers: string[] = [];
  for (let k = 0; k + 1 < turns.length; k += 2) {
    const [question, answer] = [turns[k]!, turns[k + 1]!];
    texts.push(`<|im_start|>${question.role}\n${question.text}\n<|im_end|>\n<|im_start|>${answer.role}\n`);
    answers.push(`${answer.text}\n<|im_end|>\n`);
  }
  return { turns, texts, answers };
}
