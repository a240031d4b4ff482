/** Tokens a second of the same decoder graph in native onnxruntime on the processor: the baseline of the browser. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';

interface TextConfig {
  readonly num_hidden_layers: number;
  readonly num_key_value_heads: number;
  readonly hidden_size: number;
  readonly head_dim: number;
}

const text = (folder: string): TextConfig =>
  (JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as { text_config: TextConfig }).text_config;

/**
 * The step graph, as transformers.js would run it.
 *
 * @param folder the model package
 * @param prompt tokens of the prefill; `steps` tokens are then written one by one
 * @returns tokens a second of the steps alone, by number of threads
 */
export async function nativeTokensPerSecond(
  folder: string,
  file: string,
  prompt: number,
  steps: number,
): Promise<Map<number, number>> {
  const {
    num_hidden_layers: layers,
    num_key_value_heads: heads,
    hidden_size: width,
    head_dim,
  } = text(folder);
  const speeds = new Map<number, number>();
  for (const threads of [1, 2]) {
    const session = await ort.InferenceSession.create(join(folder, file), {
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
    });
    let past: Record<string, ort.Tensor> = {};
    for (let layer = 0; layer < layers; layer++) {
      for (const part of ['key', 'value']) {
        const empty = new ort.Tensor('float32', new Float32Array(0), [1, heads, 0, head_dim]);
        past[`past_key_values.${layer}.${part}`] = empty;
      }
    }
    let length = 0;
    const run = async (tokens: number) => {
      length += tokens;
      const embeds = Float32Array.from({ length: tokens * width }, (_, i) => Math.sin(i * 0.37) * 0.1);
      const feeds: Record<string, ort.Tensor> = {
        inputs_embeds: new ort.Tensor('float32', embeds, [1, tokens, width]),
        attention_mask: new ort.Tensor('int64', new BigInt64Array(length).fill(1n), [1, length]),
        position_ids: new ort.Tensor(
          'int64',
          BigInt64Array.from({ length: tokens }, (_, i) => BigInt(length - tokens + i)),
          [1, tokens],
        ),
        num_logits_to_keep: new ort.Tensor('int64', [1n], []),
        ...past,
      };
      const inputs = Object.entries(feeds).filter(([name]) => session.inputNames.includes(name));
      const outputs = await session.run(Object.fromEntries(inputs));
      past = Object.fromEntries(
        Object.entries(outputs)
          .filter(([name]) => name.startsWith('present.'))
          .map(([name, tensor]) => [name.replace('present', 'past_key_values'), tensor as ort.Tensor]),
      );
    };
    await run(prompt);
    await run(1);
    const started = performance.now();
    for (let step = 0; step < steps; step++) await run(1);
    speeds.set(threads, (1000 * steps) / (performance.now() - started));
    await session.release();
  }
  return speeds;
}

/** The graph that writes several greedy tokens a run, 16 as the page has it, after a prompt of made-up keys and values. */
export async function nativeGreedyTokensPerSecond(
  folder: string,
  file: string,
  prompt: number,
  steps: number,
): Promise<Map<number, number>> {
  const { num_hidden_layers: layers, num_key_value_heads: heads, head_dim } = text(folder);
  const speeds = new Map<number, number>();
  for (const threads of [1, 2]) {
    const session = await ort.InferenceSession.create(join(folder, file), {
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
    });
    const cache = (name: string, length: number) =>
      Array.from({ length: 2 * layers }, (_, i) => {
        const values = Float32Array.from({ length: heads * length * head_dim }, (_, k) => Math.sin(k * 0.37));
        const part = i % 2 === 0 ? 'key' : 'value';
        return [
          `${name}.${i >> 1}.${part}`,
          new ort.Tensor('float32', values, [1, heads, length, head_dim]),
        ] as const;
      });
    const past = Object.fromEntries(cache('past_key_values', prompt));
    const write = async (count: number) => {
      let answer: Record<string, ort.Tensor> = Object.fromEntries(cache('answer_key_values', 0));
      let token = new ort.Tensor('int64', [5n], [1]);
      for (let written = 0; written < count; written += 16) {
        const outputs = await session.run({
          token,
          steps: new ort.Tensor('int64', [16n], []),
          end_ids: new ort.Tensor('int64', [-1n], [1]),
          ...past,
          ...answer,
        });
        answer = Object.fromEntries(
          Object.entries(outputs)
            .filter(([name]) => name.startsWith('present_answer.'))
            .map(([name, tensor]) => [
              name.replace('present_answer', 'answer_key_values'),
              tensor as ort.Tensor,
            ]),
        );
        const tokens = outputs.tokens?.data as BigInt64Array;
        token = new ort.Tensor('int64', [tokens.at(-1) as bigint], [1]);
      }
    };
    await write(16);
    const started = performance.now();
    await write(steps);
    speeds.set(threads, (1000 * steps) / (performance.now() - started));
    await session.release();
  }
  return speeds;
}
