/**
 * Several greedy steps of the decoder in one run, for small models on WASM. onnxruntime-web copies every input into its
 * heap and every output out of it, so that a step with a cache of 580 tokens costs several times its arithmetic
 * (docs/performance.md). Here the prompt's cache is copied once for `steps` tokens, and the arg max, the embedding of the
 * next token and the growing cache stay inside.
 *
 * token i64 [1] (not in the cache yet), steps i64 [], end_ids i64 [n], past_key_values.{i} [1, groups, p, size] (the
 * prompt's, never changed), answer_key_values.{i} [1, groups, a, size] → tokens i64 [m], logits f32 [m, V] from which they
 * were taken, present_answer.{i} [1, groups, a + m, size]; m < steps where a token is one of end_ids.
 *
 * The weights are those of `embed_tokens` and `decoder_model_merged`, in the same data files.
 */
import type { Profile } from '../core/sampling/profiles.ts';
import type { Checkpoint } from './checkpoint.ts';
import { constantTable } from './embed.ts';
import { Graph, type GraphOptions, msDomain } from './graph.ts';
import { LanguageDecoderLowering, positionLimit } from './language-decoder.ts';
import type { WeightFormats } from './weight-formats.ts';

/** Weights of a decoder for which the cost of a call outweighs its arithmetic, in float32 bytes. */
const small = 2 ** 26;

/** True where the graph is worth its second copy of the weights in memory. */
export function wantsGreedy(checkpoint: Checkpoint, forms: WeightFormats, options: GraphOptions): boolean {
  const { text: t } = checkpoint.config;
  const attention = t.hidden_size * t.head_dim * 2 * (t.num_attention_heads + t.num_key_value_heads);
  const layer = attention + 3 * t.hidden_size * t.intermediate_size;
  const table = t.vocab_size * t.hidden_size;
  const bytes = 4 * (t.num_hidden_layers * layer + 2 * table);
  return forms.target === 'wasm' && bytes < Math.min(small, options.tensorLimit ?? small);
}

export function greedyLanguageDecoder(
  checkpoint: Checkpoint,
  profile: Profile,
  forms: WeightFormats,
  options: GraphOptions,
): Graph {
  const { text: t } = checkpoint.config;
  const [heads, groups, size] = [t.num_attention_heads, t.num_key_value_heads, t.head_dim];
  const g = new Graph('decoder_greedy', options);
  const lowering = new LanguageDecoderLowering(g, checkpoint, forms);
  const layers = Array.from({ length: t.num_hidden_layers }, (_, i) => i);
  const token = g.input('token', 'int64', [1]);
  const steps = g.input('steps', 'int64', []);
  const ends = g.input('end_ids', 'int64', ['end_ids']);
  const cache = (name: string, length: string) =>
    layers.flatMap((i) =>
      (['key', 'value'] as const).map((part) => {
        const shape = [1, groups, length, size];
        return { name: g.input(`${name}.${i}.${part}`, 'float32', shape), shape };
      }),
    );
  const past = cache('past_key_values', 'prompt_length');
  const answer = cache('answer_key_values', 'answer_length');

  const { cos, sin } = lowering.rotaryTables(positionLimit(checkpoint, profile));
  const table = constantTable(g, checkpoint, forms);
  const weights = layers.map((i) => lowering.joinedLayer(i));
  const head = lowering.constantHead();
  const norms = lowering.norms();
  const lengthOf = (x: string) => g.node('Shape', [x], { start: 2, end: 3 });
  const promptLength = lengthOf(past[0]!.name);
  const first = g.add(promptLength, lengthOf(answer[0]!.name));

  const results = g.loop(
    steps,
    [
      { name: 'token', first: token, type: 'int64', shape: [1] },
      ...answer.map(({ name, shape }) => ({ name, first: name, type: 'float32', shape }) as const),
    ],
    [
      { name: 'tokens', type: 'int64', shape: [] },
      { name: 'logits', type: 'float32', shape: [t.vocab_size] },
    ],
    (turn, [current, ...fresh]) => {
      const position = g.reshape(g.add(first, turn), [1, 1]);
      const kept: string[] = [];
      let sizes: string | undefined;
      let sum = g.gather(table, current!, 0);
      let x = g.node('SimplifiedLayerNormalization', [sum, norms.first], norms.attributes);
      for (const i of layers) {
        const w = weights[i]!;
        const projected = g.node('Gemm', [x, w.attention, w.bias]);
        const [turning, value] = g.split(
          g.reshape(projected, [1, heads + 2 * groups, 1, size]),
          [heads + groups, groups],
          1,
        );
        const turned = g.node('RotaryEmbedding', [turning!, position, cos, sin], {}, { domain: msDomain });
        const [query, key] = g.split(turned, [heads, groups], 1);
        const keys = g.concat([fresh[2 * i]!, key!], 2);
        const values = g.concat([fresh[2 * i + 1]!, value!], 2);
        kept.push(keys, values);
        sizes ??= g.concat([promptLength, lengthOf(keys)], 0);
        const grouped = g.reshape(query!, [1, groups, heads / groups, size]);
        const scores = [past[2 * i]!.name, keys].map((each) =>
          g.node(
            'FusedMatMul',
            [grouped, each],
            { transB: 1, alpha: { float: size ** -0.5 } },
            { domain: msDomain },
          ),
        );
        const [onPrompt, onAnswer] = g.nodes(
          'Split',
          [g.softmax(g.concat(scores, -1)), sizes],
          { axis: -1 },
          { outputs: 2 },
        );
        const mixed = g.add(g.matmul(onPrompt!, past[2 * i + 1]!.name), g.matmul(onAnswer!, values));
        const attended = g.matmul(g.reshape(mixed, [1, heads * size]), w.output);
        const [normed, residual] = lowering.skipNormWith(sum, attended, norms.afterAttention[i]!);
        const [gate, up] = g.split(g.matmul(normed, w.gates), [t.intermediate_size, t.intermediate_size], -1);
        const activated = g.node('QuickGelu', [gate!], { alpha: { float: 1 } }, { domain: msDomain });
        const forward = g.matmul(g.mul(activated, up!), w.down);
        [x, sum] = lowering.skipNormWith(residual, forward, norms.afterLayer[i]!);
      }
      const logits = g.reshape(g.matmul(x, head), [t.vocab_size]);
      const next = g.node('ArgMax', [logits], { axis: 0, keepdims: 1 });
      const ended = g.node('ReduceMax', [g.cast(g.node('Equal', [next, ends]), 'int32')], { keepdims: 0 });
      return {
        condition: g.node('Not', [g.cast(ended, 'bool')]),
        carried: [next, ...kept],
        collected: [g.reshape(next, []), logits],
      };
    },
  );
  const [tokens, logits] = results.slice(-2);
  g.output('tokens', tokens!, 'int64', ['new_tokens']);
  g.output('logits', logits!, 'float32', ['new_tokens', t.vocab_size]);
  for (const i of layers) {
    for (const [k, part] of ['key', 'value'].entries()) {
      const shape = [1, groups, 'total_answer_length', size];
      g.output(`present_answer.${i}.${part}`, results[1 + 2 * i + k]!, 'float32', shape);
    }
  }
  return g;
}
