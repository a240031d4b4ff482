/** One answer, streamed token by token. */
import type * as Transformers from '@huggingface/transformers';
import { type Random, seededRandom } from '../../src/core/random.ts';
import { AHEAD, type AssessRequest } from './api.ts';
import type { Network } from './network.ts';
import { Pace } from './pace.ts';
import type { Runtime } from './runtime.ts';
import { type DigitProbabilities, digitProbabilities, expectedScore } from './score-digits.ts';

type Tokenizer = Transformers.PreTrainedTokenizer;

export interface Generated {
  readonly text: string;
  readonly tokens: number;
  readonly end: 'eos' | 'length' | 'aborted';
  readonly expected: number | null;
  /** Milliseconds (`performance.now`) of the first token. */
  readonly firstTokenAt: number;
}

export interface GenerateOptions {
  /** The whole prompt with its context tokens, and what was written before a stop. */
  readonly prompt: string;
  readonly vision: Float32Array;
  readonly motion: Float32Array;
  readonly sampling: AssessRequest['sampling'];
  readonly maxTokens: number;
  readonly stop: AbortController;
  /** New text, whole characters only, and the number of tokens so far; replies whether to go on. */
  readonly onText: (text: string, tokens: number) => boolean | Promise<boolean>;
}

/**
 * Sampling as an arg max: logits / temperature plus Gumbel noise, outside the top k −∞ (Gumbel-max trick). So the
 * library's greedy loop serves both, and a seed gives the same answer everywhere.
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

export async function generate(
  { transformers }: Runtime,
  network: Network,
  tokenizer: Tokenizer,
  options: GenerateOptions,
): Promise<Generated> {
  const { LogitsProcessor, LogitsProcessorList, InterruptableStoppingCriteria, BaseStreamer, Tensor } =
    transformers;
  const { sampling, onText } = options;
  const { signal } = options.stop;
  const pace = new Pace(AHEAD, () => options.stop.abort());
  const digitIds = Array.from('0123456789', (digit) => encode(tokenizer, digit)[0] as number);
  const ends = new Set([network.generation_config?.eos_token_id ?? []].flat());
  const steps: DigitProbabilities[] = [];
  const random = sampling.kind === 'sample' ? seededRandom(sampling.seed) : null;

  class Recorder extends LogitsProcessor {
    override _call(_ids: bigint[][], logits: Transformers.Tensor): Transformers.Tensor {
      const data = logits.data as Float32Array;
      steps.push(digitProbabilities(data, digitIds));
      if (sampling.kind === 'sample' && random) {
        perturbLogits(data, sampling.temperature, sampling.topK, random);
      }
      return logits;
    }
  }

  const pieces: string[] = [];
  let pending: number[] = [];
  let text = '';
  let tokens = 0;
  let firstTokenAt = 0;
  let ended = false;
  const interrupt = new InterruptableStoppingCriteria();
  const stop = () => interrupt.interrupt();
  signal.addEventListener('abort', stop);

  class Streamer extends BaseStreamer {
    #prompt = true;

    override put(value: bigint[][]): void {
      if (this.#prompt) {
        this.#prompt = false;
        return;
      }
      const id = Number(value[0]?.[0]);
      if (tokens === 0) firstTokenAt = performance.now();
      tokens += 1;
      ended = ends.has(id);
      pieces.push(decode(tokenizer, [id]));
      if (ended) return;
      // A character of several bytes may span tokens: wait until it is whole.
      pending.push(id);
      const piece = decode(tokenizer, pending);
      if (piece.endsWith('\ufffd') && pending.length < 8) return;
      pending = [];
      text += piece;
      pace.told(tokens, onText(piece, tokens));
    }

    override end(): void {
      if (pending.length === 0) return;
      const rest = decode(tokenizer, pending);
      pending = [];
      text += rest;
      pace.told(tokens, onText(rest, tokens));
    }
  }

  const ids = encode(tokenizer, options.prompt);
  const width = options.motion.length;
  const processors = new LogitsProcessorList();
  processors.push(new Recorder());
  network.room = () => pace.room(tokens);
  try {
    await network.generate({
      inputs: new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
      attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
      image_features: new Tensor('float32', options.vision, [options.vision.length / width, width]),
      motion_features: new Tensor('float32', options.motion, [1, width]),
      max_new_tokens: options.maxTokens,
      do_sample: false,
      logits_processor: processors,
      stopping_criteria: interrupt,
      streamer: new Streamer(),
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return {
    text,
    tokens,
    end: ended ? 'eos' : signal.aborted ? 'aborted' : 'length',
    expected: expectedScore(pieces, steps),
    firstTokenAt,
  };
}

export function encode(tokenizer: Tokenizer, text: string): number[] {
  return tokenizer.encode(text, { add_special_tokens: false });
}

function decode(tokenizer: Tokenizer, ids: number[]): string {
  return tokenizer.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
}
