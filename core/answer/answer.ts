/**
 * Readings of a model's answer: `ours` (strict, the only one whose number is shown as a score), the released test
 * parser and the released training parser, which differ from each other and guess where they fail. Held to the
 * official code by golden/rules/parse.json: change only with it.
 */
import { asciiDigits, pythonFloat, pythonRepr, skipSpace, strip } from '../text/python-text.ts';

const open = '<answer>';
const close = '</answer>';

/** Contents of the answer blocks from left to right, not overlapping, as `<answer>(.*?)</answer>` finds them. */
function answerBlocks(text: string, most = Number.POSITIVE_INFINITY): string[] {
  const blocks: string[] = [];
  for (let at = 0; blocks.length < most; ) {
    const start = text.indexOf(open, at);
    const end = start < 0 ? -1 : text.indexOf(close, start + open.length);
    if (end < 0) break;
    blocks.push(text.slice(start + open.length, end));
    at = end + close.length;
  }
  return blocks;
}

/** Range of a model's scale; both ends are scores. */
export type ScoreRange = readonly [low: number, high: number];

export type Unreadable = 'no-answer' | 'several-answers' | 'not-a-number' | 'out-of-range';

export interface StrictReading {
  readonly score: number | null;
  /** Reason for a missing score. */
  readonly reason: Unreadable | null;
  /** Content of the answer block as written, white space around it removed; empty without a block. */
  readonly written: string;
  /** Digits after the point as written: 2 for "3.50". */
  readonly decimals: number;
}

/**
 * `ours`: exactly one answer block whose whole content is a number within the range. No number is guessed.
 *
 * @param range [1, 5], or [0, 5] for models trained on MOS/20
 */
export function readStrictly(text: string, range: ScoreRange = [1, 5]): StrictReading {
  const blocks = answerBlocks(text, 2);
  const written = blocks[0]?.trim() ?? '';
  const fail = (reason: Unreadable): StrictReading => ({ score: null, reason, written, decimals: 0 });
  if (blocks.length === 0) return fail('no-answer');
  const tags = (tag: string) => text.split(tag, 3).length - 1;
  if (blocks.length > 1 || tags(open) > 1 || tags(close) > 1) return fail('several-answers');
  const match = /^-?\d+(?:\.(\d+))?$/.exec(written);
  if (match === null) return fail('not-a-number');
  const score = Number(written);
  if (!(score >= range[0] && score <= range[1])) return fail('out-of-range');
  return { score, reason: null, written, decimals: match[1]?.length ?? 0 };
}

interface OfficialTestReading {
  /** Argument of `float()`; empty without an answer block. */
  readonly answer: string;
  /** Null where `float()` fails; may be NaN or infinite. */
  readonly value: number | null;
  /** Value that the released scripts write: the number, else 3. */
  readonly score: number;
}

/** Released test parser: first answer block, commas removed, Python's `float()`, and 3.00 for every failure. */
export function readAsOfficialTest(text: string): OfficialTestReading {
  const answer = strip(answerBlocks(text, 1)[0] ?? '');
  const value = pythonFloat(answer.replaceAll(',', ''));
  return { answer, value, score: value ?? 3 };
}

interface OfficialTrainReading {
  /** Last answer block, else the whole text, white space around it removed. */
  readonly answer: string;
  /** The first number in it, or null: there the released code draws an integer from 1 to 5. */
  readonly value: number | null;
}

/** Released training parser: last answer block or whole text, first match of `-?\d+(\.\d+)?`, digits of any script. */
export function readAsOfficialTrain(text: string): OfficialTrainReading {
  const answer = strip(answerBlocks(text).at(-1) ?? text);
  const number = /-?\d+(?:\.\d+)?/.exec(asciiDigits(answer));
  return { answer, value: number === null ? null : Number(number[0]) };
}

/**
 * The released precision rule: fewer than two decimals in the float's shortest printed form, so that 3.50 counts as
 * 3.5. Exponents are counted as the released code counts them (1e-05 has no decimals, 1.5e-05 has "5e-05").
 */
export function lacksPrecision(value: number): boolean {
  const decimals = pythonRepr(value).split('.')[1] ?? '';
  return decimals.replace(/0+$/, '').length < 2;
}

/**
 * Format reward of the released code, 1 or 0: the whole text is `<think>…</think>`, white space, `<answer>…</answer>`.
 * White space before or after fails; empty contents and repeated tags pass.
 */
export function formatReward(text: string): 0 | 1 {
  const [think, endThink] = ['<think>', '</think>'];
  if (!text.startsWith(think) || !text.endsWith(close)) return 0;
  const last = text.length - close.length;
  for (let at = text.indexOf(endThink, think.length); at >= 0; at = text.indexOf(endThink, at + 1)) {
    const start = skipSpace(text, at + endThink.length);
    if (text.startsWith(open, start) && start + open.length <= last) return 1;
  }
  return 0;
}

/** Format reward where no reasoning is asked for, 1 or 0: the whole text is `<answer>…</answer>`. */
export function answerFormReward(text: string): 0 | 1 {
  return text.startsWith(open) && text.endsWith(close) && text.length >= open.length + close.length ? 1 : 0;
}
