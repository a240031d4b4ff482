/** Prompts, training records and limits of VQA² against the results of its official code. */
import { createHash } from 'node:crypto';
import { CodedError } from '../../../core/errors.ts';
import * as prompts from '../../../core/vqa2/prompts.ts';
import { scoreProtocols } from '../../../core/vqa2/protocols.ts';
import {
  encodePrompt,
  encodeRecord,
  padRight,
  type RecordTokenizer,
  readRecord,
  variantTurns,
} from '../../../core/vqa2/records.ts';
import { type ConformanceReport, type Tally, tally } from './report.ts';

interface Item {
  readonly question?: string;
  readonly Question?: string;
  readonly answers?: readonly string[];
  readonly Answer?: readonly string[];
  readonly candidates?: readonly string[];
  readonly question_type?: string;
}
interface PromptCase {
  readonly protocol: string;
  readonly item?: Item | null;
  readonly user: string;
  readonly user_sha256?: string;
  readonly prefix: string | null;
  readonly ids?: readonly number[];
  readonly whole_prompt?: string;
  readonly error?: string;
}
interface TextCase {
  readonly protocol: string;
  readonly text: string;
  readonly sha256: string;
}
interface PromptsFile {
  readonly cases: readonly PromptCase[];
  readonly text_only?: readonly TextCase[];
}
type Rows = readonly (readonly number[])[];
interface VariantCase {
  readonly is_video: boolean;
  readonly conversations: unknown;
  readonly turns?: unknown;
  readonly texts?: readonly string[];
  readonly answers?: readonly string[];
  readonly error?: string;
}
interface RecordsFile {
  readonly cases: readonly {
    readonly name: string;
    readonly code: string;
    readonly record: unknown;
    readonly input_ids?: readonly number[];
    readonly labels?: readonly number[];
  }[];
  readonly token_truncation?: Readonly<
    Record<
      string,
      {
        readonly model_max_length: number;
        readonly record: number;
        readonly input_ids: Rows;
        readonly labels: Rows;
      }
    >
  >;
  readonly two_samples?: {
    readonly hfine?: { readonly input_ids: Rows; readonly labels: Rows; readonly attention_mask: Rows };
  };
  readonly qwen2_5_text?: { readonly cases: readonly VariantCase[] };
}

const special: Readonly<Record<string, number>> = {
  '<|endoftext|>': 256,
  '<|im_start|>': 257,
  '<|im_end|>': 258,
};

/** Id of a byte in the byte alphabet of GPT-2 and Qwen2, without merges. */
function byteId(byte: number): number {
  if (byte >= 0x21 && byte <= 0x7e) return byte - 0x21;
  if (byte >= 0xa1 && byte <= 0xac) return byte - 0xa1 + 94;
  if (byte >= 0xae) return byte - 0xae + 106;
  if (byte <= 0x20) return byte + 188;
  return byte === 0xad ? 255 : byte - 0x7f + 221;
}

/** Tokenizer of the recorded results: bytes, and the three special tokens of Qwen2. */
export const byteTokenizer: RecordTokenizer = {
  encode: (text) =>
    text
      .normalize('NFC')
      .split(/(<\|(?:endoftext|im_start|im_end)\|>)/)
      .flatMap((span) =>
        Object.hasOwn(special, span) ? [special[span]!] : Array.from(new TextEncoder().encode(span), byteId),
      ),
  ids: { newline: 198, start: 257, end: 258, image: 259 },
};

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const integers = (text: string) => (text.match(/\d+/g) ?? []).map(Number);

/** Message of a question item in any of the files' spellings. */
function messageOf(item: Item): string {
  const question = (item.question ?? item.Question)!;
  const options = (item.answers ?? item.Answer ?? item.candidates)!;
  return item.question_type === 'open_ended'
    ? prompts.openMessage(question)
    : prompts.choiceMessage(question, options);
}

/** The user's turn as this code writes it; the counts of frames are those that the recorded text states. */
function userText(c: PromptCase, text: string): string {
  const { protocol } = c;
  const item = c.item ?? {};
  if (protocol === 'ugc_nov') return scoreProtocols['ugc-2024'].user;
  if (protocol === 'stream_nov') return scoreProtocols['streaming-2024'].user;
  if (protocol === 'ugc_head') return scoreProtocols['ugc-2025'].user;
  const n = integers(text);
  const lastLine = text.slice(text.lastIndexOf('\n') + 1);
  if (protocol.includes('.pair.')) {
    const first = { keyFrames: n[1]!, denseFrames: n[4]! };
    return prompts.pairPrompt(first, { keyFrames: n[0]! - n[1]!, denseFrames: n[5]! }, messageOf(item));
  }
  if (protocol.startsWith('qbench_fg_head'))
    return prompts.finePrompt({ keyFrames: n[0]!, denseFrames: n[2]! }, messageOf(item));
  const counts = { keyFrames: n[0]!, denseFrames: protocol.startsWith('demo_') ? n[2]! : n[1]! };
  if (protocol.startsWith('qbench_nov')) return prompts.benchPrompt('2024', counts, messageOf(item));
  if (protocol === 'demo_conv_nov') return prompts.chatPrompt('2024', counts, lastLine);
  if (protocol.startsWith('demo_app_head')) return prompts.chatPrompt('2025', counts, lastLine);
  if (protocol === 'probe_conv_head') return prompts.probePrompt(n[2]!, lastLine);
  if (protocol === 'qbench_image_head') return prompts.imagePrompt(1, messageOf(item));
  // The file has three candidates and the script writes its stub's four options.
  if (protocol === 'qbench_image_pair_head')
    return prompts.imagePrompt(2, prompts.choiceMessage('Which is better?', ['First', 'Second', 'Same', '']));
  return prompts.benchPrompt('2025', counts, messageOf(item));
}

/** `prompts.json`, byte for byte, and the token ids of the whole conversation. */
export function checkPrompts(json: unknown): ConformanceReport {
  const file = json as PromptsFile;
  const t = tally('prompts');
  for (const c of file.cases) {
    t.count();
    if (c.error !== undefined) continue; // a pair that the script takes for one video: nothing to compare
    if (c.whole_prompt !== undefined) {
      t.equal(c.protocol, wholePrompt(c, c.whole_prompt), c.whole_prompt);
      continue;
    }
    const user = userText(c, c.user);
    t.equal(c.protocol, user, c.user);
    t.equal(`${c.protocol} SHA-256`, sha256(user), c.user_sha256);
    const ids = encodePrompt(prompts.conversation(user, c.prefix), byteTokenizer.encode);
    if (c.ids !== undefined) t.equal(`${c.protocol} ids`, ids, c.ids);
  }
  for (const c of file.text_only ?? []) {
    t.count();
    const text = textOnly(c);
    t.equal(c.protocol, text, c.text);
    t.equal(`${c.protocol} SHA-256`, sha256(text), c.sha256);
  }
  return t.report();
}

/** Turns of the demonstration: each states the video anew, and an answer stands between two of them. */
function wholePrompt(c: PromptCase, whole: string): string {
  const turn = /<\|im_start\|>(user|assistant)\n([\s\S]*?)<\|im_end\|>\n/g;
  const turns = [...whole.matchAll(turn)].map(([, role, text]) => ({ role, text: text! }));
  return turns.reduce((text, { role, text: given }, k) => {
    if (role === 'assistant') return `${text}${given}<|im_end|>\n`;
    const user = userText(c, given);
    return k === 0
      ? prompts.openConversation(user)
      : `${text}<|im_start|>user\n${user}<|im_end|>\n<|im_start|>assistant\n`;
  }, '');
}

function textOnly(c: TextCase): string {
  const n = integers(c.text);
  const after = (mark: string) => c.text.slice(c.text.indexOf(mark) + mark.length);
  switch (c.protocol) {
    case 'stage3_train': {
      const question = after('then answer the following question: ').slice(0, -1);
      return prompts.stage3Prompt({ keyFrames: n[0]!, denseFrames: n[4]! }, question);
    }
    case 'figure4':
      return prompts.paperPrompt(after('following question.'));
    case 'stage1_image':
      return prompts.stage1Questions.image;
    case 'stage1_video':
      return prompts.stage1Questions.video;
    default:
      return prompts.scoreQuestion;
  }
}

/**
 * `records.json`, exact, wherever the official loader gives ids. Where it fails on a form that is read here, the record
 * must still be read; a file that is missing is no matter of the record.
 */
export function checkRecords(json: unknown): ConformanceReport {
  const file = json as RecordsFile;
  const t = tally('records');
  const encoded = (record: unknown) => encodeRecord(readRecord(record), byteTokenizer);
  for (const c of file.cases) {
    t.count();
    const label = `${c.code} ${c.name}`;
    const got = encoded(c.record);
    if (c.input_ids === undefined) continue;
    t.equal(`${label} ids`, got.inputIds, c.input_ids);
    t.equal(`${label} labels`, got.labels, c.labels);
  }
  const records = file.cases.map(({ record }) => record);
  for (const [name, c] of Object.entries(file.token_truncation ?? {})) {
    t.count();
    const got = encoded(records[c.record]);
    const first = ({ inputIds }: { inputIds: readonly number[] }) => [inputIds.slice(0, c.model_max_length)];
    t.equal(`${name} truncated ids`, first(got), c.input_ids);
    t.equal(`${name} truncated labels`, first({ inputIds: got.labels }), c.labels);
  }
  const pair = file.two_samples?.hfine;
  if (pair !== undefined) {
    t.count();
    const got = padRight([encoded(records[0]), encoded(records[1])], special['<|endoftext|>']!);
    t.equal('two samples ids', got.inputIds, pair.input_ids);
    t.equal('two samples labels', got.labels, pair.labels);
    t.equal('two samples mask', got.attentionMask, pair.attention_mask);
  }
  for (const c of file.qwen2_5_text?.cases ?? []) checkVariant(t, c);
  return t.report();
}

function checkVariant(t: Tally, c: VariantCase): void {
  t.count();
  const label = `qwen2_5 ${JSON.stringify(c.conversations)}`;
  try {
    const { turns, texts, answers } = variantTurns(c.conversations, c.is_video);
    const named = turns.map(({ role, text }) => ({ role, content: text }));
    t.equal(label, { turns: named, texts, answers }, { turns: c.turns, texts: c.texts, answers: c.answers });
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    t.equal(`${label} error`, /content/.test(String(thrown.params.field)), /content/.test(c.error ?? ''));
  }
}

/** `facts.json`: lengths of the motion branch that the official code computes. */
export function checkFacts(json: unknown): ConformanceReport {
  const t = tally('facts');
  const { T_passes } = json as { T_passes: readonly (readonly [number, boolean])[] };
  for (const [frames, passes] of T_passes) {
    t.count();
    // The slow pathway's round(T / 4) frames, halves to the even, must meet the lateral connections' ceil(T / 4).
    const quarter = frames / 4;
    const rounded = quarter % 1 === 0.5 ? 2 * Math.round(quarter / 2) : Math.round(quarter);
    t.equal(`T=${frames}`, frames > 2 && rounded === Math.ceil(quarter), passes);
  }
  return t.report();
}
