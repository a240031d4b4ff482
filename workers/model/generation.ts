/** One answer after a prompt, streamed. */
import type * as Transformers from '@huggingface/transformers';
import { type Random, seededRandom } from '../../core/stats/random.ts';
import { AHEAD, type AssessRequest } from './api.ts';
import { type KvCache, type LanguageDecoder, letMessagesIn, releaseCache } from './language-decoder.ts';
import { Pace } from './pace.ts';
import { type DigitProbabilities, digitProbabilities, expectedScore } from './score-digits.ts';

type Tokenizer = Transformers.PreTrainedTokenizer;

export interface Generated {
  readonly text: string;
  readonly tokens: number;
  readonly end: 'eos' | 'length' | 'aborted';
  readonly expected: number | null;
}

export interface GenerateOptions {
  /** KV cache of the prompt; used up. */
  readonly cache: KvCache;
  /** Logits [V] of the first new token. */
  readonly logits: Float32Array;
  readonly endIds: readonly number[];
  readonly sampling: AssessRequest['sampling'];
  readonly maxTokens: number;
  readonly stop: AbortController;
  /** Called with new text, whole characters only, and the tokens so far; the reply is true to go on. */
  readonly onText: (text: string, tokens: number) => boolean | Promise<boolean>;
}

/** Tokens of one run of the greedy graph, reported at once: about half a display frame of the small model. */
const CHUNK = 16;

/**
 * Turns sampling into an arg max (Gumbel-max trick): logits / temperature + Gumbel noise, −∞ outside the top k. One loop
 * then serves greedy decoding and sampling, and a seed gives the same answer on every back end.
 */
export function perturbLogits(logits: Float32Array, temperature: number, topK: number, random: Random): void {
  let floor = Number.NEGATIVE_INFINITY;
  if (topK > 0 && topK < logits.length) {
    floor = Float32Array.from(logits).sort()[logits.length - topK] as number;
  }
  for (let i = 0; i < logits.length; i++) {
    const value = logits[i] as number;
    const noise = -Math.log(-Math.log(random.uniform() || Number.MIN_VALUE));
    logits[i] = value < floor ? Number.NEGATIVE_INFINITY : value / temperature + noise;
  }
}

/** Index of the largest value, the first of equals. */
export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}

/** The generated tokens as text, with the digit probabilities for the expected score. */
class Answer {
  /** Text by token: the tokenizer is slower than a step of the small model. */
  static readonly #texts = new WeakMap<Tokenizer, Map<number, string>>();
  readonly #textOf: Map<number, string>;
  readonly #tokenizer: Tokenizer;
  readonly #digitIds: readonly number[];
  readonly #pieces: string[] = [];
  readonly #steps: DigitProbabilities[] = [];
  #pending: number[] = [];
  #reported = 0;
  text = '';

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    this.#textOf = Answer.#texts.get(tokenizer) ?? new Map();
    Answer.#texts.set(tokenizer, this.#textOf);
    this.#digitIds = Array.from('0123456789', (digit) => encode(tokenizer, digit)[0] as number);
  }

  get tokens(): number {
    return this.#pieces.length;
  }

  /** @param logits [V], before any sampling */
  add(id: number, logits: Float32Array, ends: boolean): void {
    this.#steps.push(digitProbabilities(logits, this.#digitIds));
    const text = this.#piece(id);
    this.#pieces.push(text);
    if (ends) return;
    // A character of several bytes may span tokens: wait until it is whole.
    this.#pending.push(id);
    const piece = this.#pending.length === 1 ? text : this.#decode(this.#pending);
    if (piece.endsWith('\ufffd') && this.#pending.length < 8) return;
    this.#pending = [];
    this.text += piece;
  }

  /** Appends the bytes that did not become a whole character. */
  finish(): void {
    if (this.#pending.length > 0) this.text += this.#decode(this.#pending);
    this.#pending = [];
  }

  /** Text since the last call. */
  newText(): string {
    const text = this.text.slice(this.#reported);
    this.#reported = this.text.length;
    return text;
  }

  get expected(): number | null {
    return expectedScore(this.#pieces, this.#steps);
  }

  #piece(id: number): string {
    const text = this.#textOf.get(id) ?? this.#decode([id]);
    this.#textOf.set(id, text);
    return text;
  }

  #decode(ids: number[]): string {
    return this.#tokenizer.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  }
}

export async function generate(
  decoder: LanguageDecoder,
  tokenizer: Tokenizer,
  options: GenerateOptions,
): Promise<Generated> {
  const { sampling, maxTokens, onText } = options;
  const { signal } = options.stop;
  const ends = new Set(options.endIds);
  const random = sampling.kind === 'sample' ? seededRandom(sampling.seed) : null;
  const pace = new Pace(AHEAD, () => options.stop.abort());
  const answer = new Answer(tokenizer);
  const report = () => {
    const text = answer.newText();
    if (text !== '') pace.report(answer.tokens, onText(text, answer.tokens));
  };
  const choose = (logits: Float32Array): number => {
    if (!random || sampling.kind !== 'sample') return argmax(logits);
    const noisy = Float32Array.from(logits);
    perturbLogits(noisy, sampling.temperature, sampling.topK, random);
    return argmax(noisy);
  };

  let { cache, logits } = options;
  const greedy = sampling.kind === 'greedy' ? decoder.greedy(cache, options.endIds) : null;
  let last = -1;
  try {
    const take = (id: number, from: Float32Array) => {
      last = id;
      answer.add(id, from, ends.has(id));
    };
    take(choose(logits), logits);
    report();
    while (!ends.has(last) && answer.tokens < maxTokens) {
      await pace.room(answer.tokens);
      await letMessagesIn();
      if (signal.aborted) break;
      if (greedy) {
        const written = await greedy(last, Math.min(CHUNK, maxTokens - answer.tokens));
        const width = written.logits.length / written.tokens.length;
        for (const [i, id] of written.tokens.entries())
          take(id, written.logits.subarray(i * width, (i + 1) * width));
      } else {
        ({ cache, logits } = await decoder.step(cache, last));
        take(choose(logits), logits);
      }
      report();
    }
  } finally {
    releaseCache(cache);
  }
  answer.finish();
  report();
  const stopped = signal.aborted;
  await pace.end();
  return {
    text: answer.text,
    tokens: answer.tokens,
    end: ends.has(last) ? 'eos' : stopped ? 'aborted' : 'length',
    expected: answer.expected,
  };
}

export function encode(tokenizer: Tokenizer, text: string): number[] {
  return tokenizer.encode(text, { add_special_tokens: false });
}
