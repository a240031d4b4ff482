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
import type { LanguageSource } from './checkpoint.ts';
import { constantTable } from './embed.ts';
import { Graph, type GraphOptions, msDomain } from './graph.ts';
import { LanguageDecoderLowering, type PromptSize, positionLimit } from './language-decoder.ts';
import type { WeightFormats } from './weight-formats.ts';

/** Weights of a decoder for which the cost of a call outweighs its arithmetic, in float32 bytes. */
const small = 2 ** 26;

/** True where the graph is worth its second copy of the weights in memory. */
export function wantsGreedy(
  checkpoint: LanguageSource,
  formats: WeightFormats,
  options: GraphOptions,
): boolean {
  const { text: t } = checkpoint.config;
  const attention = t.hidden_size * t.head_dim * 2 * (t.num_attention_heads + t.num_key_value_heads);
  const layer = attention + 3 * t.hidden_size * t.intermediate_size;
  const table = t.vocab_size * t.hidden_size;
  const bytes = 4 * (t.num_hidden_layers * layer + 2 * table);
  return formats.target === 'wasm' && bytes < Math.min(small, options.tensorLimit ?? small);
}

export function greedyLanguageDecoder(
  checkpoint: LanguageSource,
  profile: PromptSize,
  formats: WeightFormats,
  options: GraphOptions,
): Graph {
  const { text: t } = checkpoint.config;
  const g = new Graph('decoder_greedy', options);
  const lowering = new LanguageDecoderLowering(g, checkpoint, formats);
  const layers = Array.from({ length: t.num_hidden_layers }, (_, i) => i);
  const token = g.input('token', 'int64', [1]);
  const steps = g.input('steps', 'int64', []);
  const ends = g.input('end_ids', 'int64', ['end_ids']);
  const cacheShape = (length: string) => [1, t.num_key_value_heads, length, t.head_dim];
  const cache = (name: string, length: string) =>
    layers.flatMap((i) =>
      (['key', 'value'] as const).map((part) =>
        g.input(`${name}.${i}.${part}`, 'float32', cacheShape(length)),
      ),
    );
  const past = cache('past_key_values', 'prompt_length');
  const answer = cache('answer_key_values', 'answer_length');

  const rotary = lowering.rotaryTables(positionLimit(checkpoint, profile));
  const table = constantTable(g, checkpoint, formats);
  const weights = layers.map((i) => lowering.joinedLayer(i));
  const head = lowering.constantHead();
  const norms = lowering.norms();
  const promptLength = lengthOf(g, past[0]!);
  const first = g.add(promptLength, lengthOf(g, answer[0]!));
  const constants = { t, lowering, ends, past, rotary, table, weights, head, norms, promptLength, first };

  const results = g.loop(
    steps,
    [
      { name: 'token', first: token, type: 'int64', shape: [1] },
      ...answer.map((name) => {
        return { name, first: name, type: 'float32', shape: cacheShape('answer_length') } as const;
      }),
    ],
    [
      { name: 'tokens', type: 'int64', shape: [] },
      { name: 'logits', type: 'float32', shape: [t.vocab_size] },
    ],
    (turn, [current, ...fresh]) => greedyStep(constants, turn, current!, fresh),
  );
  const [tokens, logits] = results.slice(-2);
  g.output('tokens', tokens!, 'int64', ['new_tokens']);
  g.output('logits', logits!, 'float32', ['new_tokens', t.vocab_size]);
  for (const i of layers) {
    for (const [k, part] of ['key', 'value'].entries())
      g.output(
        `present_answer.${i}.${part}`,
        results[1 + 2 * i + k]!,
        'float32',
        cacheShape('total_answer_length'),
      );
  }
  return g;
}

/** int64 [1], the tokens of a cache [1, groups, length, size]. */
function lengthOf(g: Graph, cache: string): string {
  return g.node('Shape', [cache], { start: 2, end: 3 });
}

/** Values outside the loop that every step reads. */
interface StepConstants {
  readonly t: LanguageSource['config']['text'];
  readonly lowering: LanguageDecoderLowering;
  /** Tokens that end the answer, int64 [n]. */
  readonly ends: string;
  /** Keys and values of the prompt, two a layer. */
  readonly past: readonly string[];
  readonly rotary: { readonly cos: string; readonly sin: string };
  /** Embeddings [V, D]. */
  readonly table: string;
  readonly weights: readonly ReturnType<LanguageDecoderLowering['joinedLayer']>[];
  /** [D, V] */
  readonly head: string;
  readonly norms: ReturnType<LanguageDecoderLowering['norms']>;
  /** int64 [1] */
  readonly promptLength: string;
  /** Position of the first token of this run, int64 [1]. */
  readonly first: string;
}

/**
 * One step of the loop: a token in, the arg max out.
 *
 * @param fresh keys and values of the answer so far, two a layer
 */
function greedyStep(constants: StepConstants, turn: string, token: string, fresh: readonly string[]) {
  const { t, lowering, ends, rotary, table, weights, head, norms, first, promptLength } = constants;
  const { g } = lowering;
  const position = g.reshape(g.add(first, turn), [1, 1]);
  const grown: string[] = [];
  let lengths: string | undefined;
  let sum = g.gather(table, token, 0);
  let x = g.node('SimplifiedLayerNormalization', [sum, norms.first], norms.attributes);
  for (const [i, w] of weights.entries()) {
    const { query, key, value } = projections(constants, x, w, position, rotary);
    const keys = g.concat([fresh[2 * i]!, key], 2);
    const values = g.concat([fresh[2 * i + 1]!, value], 2);
    grown.push(keys, values);
    lengths ??= g.concat([promptLength, lengthOf(g, keys)], 0);
    const mixed = attention(constants, query, i, { keys, values, lengths });
    const [normed, residual] = lowering.skipNormWith(
      sum,
      g.matmul(mixed, w.output),
      norms.afterAttention[i]!,
    );
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
    carried: [next, ...grown],
    collected: [g.reshape(next, []), logits],
  };
}

/** Rotated query [1, heads, 1, size] and key, and the value, [1, groups, 1, size], from one product. */
function projections(
  { t, lowering }: StepConstants,
  x: string,
  w: StepConstants['weights'][number],
  position: string,
  { cos, sin }: StepConstants['rotary'],
) {
  const { g } = lowering;
  const [heads, groups, size] = [t.num_attention_heads, t.num_key_value_heads, t.head_dim];
  const projected = g.node('Gemm', [x, w.attention, w.bias]);
  const [unrotated, value] = g.split(
    g.reshape(projected, [1, heads + 2 * groups, 1, size]),
    [heads + groups, groups],
    1,
  );
  const rotated = g.node('RotaryEmbedding', [unrotated!, position, cos, sin], {}, { domain: msDomain });
  const [query, key] = g.split(rotated, [heads, groups], 1);
  return { query: query!, key: key!, value: value! };
}

/** Attention of one query over the cache of the prompt and that of the answer, [1, heads · size]. */
function attention(
  { t, lowering, past }: StepConstants,
  query: string,
  layer: number,
  answer: { readonly keys: string; readonly values: string; readonly lengths: string },
): string {
  const { g } = lowering;
  const [heads, groups, size] = [t.num_attention_heads, t.num_key_value_heads, t.head_dim];
  const grouped = g.reshape(query, [1, groups, heads / groups, size]);
  const scores = [past[2 * layer]!, answer.keys].map((keys) =>
    g.node(
      'FusedMatMul',
      [grouped, keys],
      { transB: 1, alpha: { float: size ** -0.5 } },
      { domain: msDomain },
    ),
  );
  const [onPrompt, onAnswer] = g.nodes(
    'Split',
    [g.softmax(g.concat(scores, -1)), answer.lengths],
    { axis: -1 },
    { outputs: 2 },
  );
  const mixed = g.add(g.matmul(onPrompt!, past[2 * layer + 1]!), g.matmul(onAnswer!, answer.values));
  return g.reshape(mixed, [1, heads * size]);
}
