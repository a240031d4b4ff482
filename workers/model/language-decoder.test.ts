/**
 * The bundled decoder in native onnxruntime. Oracle: one step at a time on `decoder_model_merged`, which the conformance
 * tests hold against torch.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionEmbedding } from './embedding.ts';
import { argmax } from './generation.ts';
import { type KvCache, LanguageDecoder, type Session } from './language-decoder.ts';
import { PieceSize } from './piece-size.ts';

const folder = join(import.meta.dirname, '..', '..', 'public', 'models', 'small', 'onnx-wasm');
const PROMPT = 60;
const COUNT = 24;
const WIDTH = 192;

describe.skipIf(!existsSync(folder))('decoder', () => {
  let sessions: { embed: Session; parts: Session[]; greedy: Session };
  let embeds: Float32Array;

  const decoderOf = (prefill = Number.POSITIVE_INFINITY) =>
    new LanguageDecoder(
      Tensor as never,
      { ...sessions, embedding: sessionEmbedding(Tensor as never, sessions.embed) },
      WIDTH,
      { pieces: new PieceSize(prefill, prefill) },
    );

  /** A whole prompt in one cache. */
  async function prefilled(decoder: LanguageDecoder) {
    const { cache, logits } = await decoder.prefill(decoder.empty(), embeds);
    return { cache, logits: logits as Float32Array };
  }

  beforeAll(async () => {
    const open = (name: string) =>
      InferenceSession.create(join(folder, `${name}_quantized.onnx`), {
        intraOpNumThreads: 1,
      }) as Promise<unknown> as Promise<Session>;
    sessions = {
      embed: await open('embed_tokens'),
      parts: [await open('decoder_model_merged')],
      greedy: await open('decoder_greedy'),
    };
    embeds = await decoderOf().embed(Array.from({ length: PROMPT }, (_, i) => (i * 37) % 1000));
  });
  afterAll(async () => {
    for (const session of [sessions.embed, ...sessions.parts, sessions.greedy]) await session.release();
  });

  /** Tokens after a prompt, one step at a time, and the logits that they were taken from. */
  async function stepwise(cache: KvCache, first: Float32Array, count: number) {
    const tokens = [argmax(first)];
    const logits: Float32Array[] = [];
    let at = cache;
    while (tokens.length <= count) {
      const next = await decoderOf().step(at, tokens.at(-1) as number);
      logits.push(next.logits);
      tokens.push(argmax(next.logits));
      at = next.cache;
    }
    return { tokens, logits };
  }

  const largest = (a: Float32Array, b: Float32Array) =>
    a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);

  it('writes the same tokens in one run as step by step, from the same logits', async () => {
    const decoder = decoderOf();
    const { cache, logits } = await prefilled(decoder);
    const oracle = await stepwise(cache, logits, COUNT);
    const writer = decoder.greedy(cache, [])!;
    const tokens = [argmax(logits)];
    // Runs of different lengths: the answer's own cache goes from one to the next.
    for (const steps of [1, 8, 8, COUNT - 17]) {
      const run = await writer(tokens.at(-1) as number, steps);
      expect(run.tokens).toHaveLength(steps);
      const width = run.logits.length / steps;
      for (let i = 0; i < steps; i++) {
        const expected = oracle.logits[tokens.length - 1 + i] as Float32Array;
        // Logits span about 20; the sums are the same numbers in another order.
        expect(largest(run.logits.subarray(i * width, (i + 1) * width), expected)).toBeLessThan(1e-4);
      }
      tokens.push(...run.tokens);
    }
    expect(tokens).toEqual(oracle.tokens);
  });

  it('ends a run with the end token', async () => {
    const decoder = decoderOf();
    const { cache, logits } = await prefilled(decoder);
    const { tokens } = await stepwise(cache, logits, COUNT);
    const end = tokens[5] as number;
    const at = tokens.indexOf(end, 1);
    const run = await decoder.greedy(cache, [-5, end])!(tokens[0] as number, COUNT);
    expect(run.tokens).toEqual(tokens.slice(1, at + 1));
  });

  it('reads a prompt in pieces as it does whole, and leaves a kept cache as it was', async () => {
    const whole = await prefilled(decoderOf());
    const pieces = decoderOf(13);
    const start = await pieces.prefill(pieces.empty(), embeds.subarray(0, 20 * WIDTH));
    for (let again = 0; again < 2; again++) {
      const rest = await pieces.prefill(start.cache, embeds.subarray(20 * WIDTH), { keep: true });
      expect(start.cache.length).toBe(20);
      expect(rest.cache.length).toBe(PROMPT);
      expect(largest(rest.logits as Float32Array, whole.logits)).toBeLessThan(1e-4);
    }
  });

  it('hears a stop between pieces, and goes on where it stopped', async () => {
    const whole = await prefilled(decoderOf());
    const decoder = decoderOf(16);
    const stop = new AbortController();
    const done: number[] = [];
    const onTokens = (tokens: number) => {
      done.push(tokens);
      if (done.length === 2) stop.abort();
    };
    const stopped = await decoder.prefill(decoder.empty(), embeds, { signal: stop.signal, onTokens });
    expect(stopped.logits).toBeNull();
    expect(stopped.cache.length).toBe(32);
    expect(done).toEqual([16, 16]);
    const rest = await decoder.prefill(stopped.cache, embeds.subarray(32 * WIDTH));
    expect(largest(rest.logits as Float32Array, whole.logits)).toBeLessThan(1e-4);
  });
});
