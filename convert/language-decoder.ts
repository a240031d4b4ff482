/**
 * Qwen2 with its KV cache, for both targets. `webgpu`: GroupQueryAttention with fused RoPE on a packed projection.
 * `wasm`: plain MatMul–Softmax–MatMul over the concatenated cache; the query heads of a group share their key head
 * by being stacked as rows, so that keys and values are never repeated.
 */
import type { Profile } from '../core/sampling/profiles.ts';
import type { LanguageSource } from './checkpoint.ts';
import { embeddingTensor } from './embed.ts';
import { Graph, type GraphOptions, msDomain, partLimit } from './graph.ts';
import { constantMatrix, linear } from './linear.ts';
import { type Matrix, matrixOf, stacked } from './matrix.ts';
import { toFloat16 } from './numbers.ts';
import type { WeightFormats } from './weight-formats.ts';

/** Sizes of a prompt, from which the positions follow. */
export type PromptSize = Pick<Profile, 'frames' | 'tokensPerFrame'>;

/** Positions in the rotary tables: the prompt, and an answer far longer than any. */
export function positionLimit(checkpoint: LanguageSource, profile: PromptSize): number {
  const prompt = profile.frames * (profile.tokensPerFrame + 16) + 1024;
  return Math.min(checkpoint.config.text.max_position_embeddings, Math.ceil((prompt + 4096) / 1024) * 1024);
}

/** 1 / θ^(2i/d), rounded to float32 at each step as torch does; rounding once would rotate far positions by 1e-4. */
function inverseFrequencies(theta: number, size: number): number[] {
  return Array.from({ length: size / 2 }, (_, i) =>
    Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / size))),
  );
}

/** A layer's keys and values, [b, groups, length, size]. */
interface KvCache {
  readonly key: string;
  readonly value: string;
}

interface Rotary {
  readonly cos: string;
  readonly sin: string;
}

/** Inputs that all layers share, by target. */
type Context = Rotary &
  (
    | {
        readonly target: 'webgpu';
        /** int32 [b], valid keys less one. */
        readonly lastKey: string;
        /** int32 scalar. */
        readonly totalLength: string;
        /** int64 [1], the position of the first fresh token. */
        readonly pastLength: string;
      }
    | {
        readonly target: 'wasm';
        /** int64 [b, s] */
        readonly positions: string;
        /** [b, 1, s, t], 0 or the most negative number. */
        readonly mask: string;
        /** Shapes for [b, heads, s, t] and [b, groups, heads / groups · s, t]. */
        readonly byHead: string;
        readonly byGroup: string;
      }
  );

export class LanguageDecoderLowering {
  readonly g: Graph;
  readonly #checkpoint: LanguageSource;
  readonly #formats: WeightFormats;

  constructor(g: Graph, checkpoint: LanguageSource, formats: WeightFormats) {
    this.g = g;
    this.#checkpoint = checkpoint;
    this.#formats = formats;
  }

  get type(): 'float16' | 'float32' {
    return this.#formats.half ? 'float16' : 'float32';
  }

  /** Vectors concatenated to one weight of the activations' type. */
  #vectors(...names: string[]): string {
    const length = names.reduce((sum, name) => sum + this.#checkpoint.shape(name)[0]!, 0);
    return this.g.weight(names[0]!, this.type, [length], async () => {
      const parts = await Promise.all(names.map((name) => this.#checkpoint.tensor(name)));
      const joined = Float32Array.from(parts.flatMap((part) => [...part]));
      return this.#formats.half ? toFloat16(joined) : joined;
    });
  }

  #matrix(name: string): Matrix {
    return matrixOf(this.#checkpoint, name);
  }

  norm(x: string, name: string): string {
    const attributes = { axis: -1, epsilon: { float: this.#checkpoint.config.text.rms_norm_eps } };
    return this.g.node('SimplifiedLayerNormalization', [x, this.#vectors(name)], attributes);
  }

  /** [norm(x + skip), x + skip] */
  skipNorm(x: string, skip: string, name: string): readonly [string, string] {
    return this.skipNormWith(x, skip, this.#vectors(name));
  }

  /** @param weight [D], a value of the graph */
  skipNormWith(x: string, skip: string, weight: string): readonly [string, string] {
    const epsilon = { float: this.#checkpoint.config.text.rms_norm_eps };
    const outputs = this.g.nodes(
      'SkipSimplifiedLayerNormalization',
      [x, skip, weight],
      { epsilon },
      { domain: msDomain, outputs: 4 },
    );
    return [outputs[0]!, outputs[3]!];
  }

  /** Tables [positions, head / 2]: a product of two small constants, computed when a session loads. */
  rotaryTables(length: number): { cos: string; sin: string } {
    const { g } = this;
    const { rope_theta: theta, head_dim: size } = this.#checkpoint.config.text;
    const positions = g.node('Range', [g.floats([0], []), g.floats([length], []), g.floats([1], [])]);
    const angles = g.mul(
      g.reshape(positions, [length, 1]),
      g.floats(inverseFrequencies(theta, size), [1, size / 2]),
    );
    const table = (op: string) => {
      const values = g.node(op, [angles]);
      return this.#formats.half ? g.cast(values, 'float16') : values;
    };
    return { cos: table('Cos'), sin: table('Sin') };
  }

  /** Attention's output before `o_proj`, and the grown cache. */
  attention(x: string, index: number, past: KvCache, context: Context): KvCache & { readonly mixed: string } {
    const name = `language_model.model.layers.${index}.self_attn`;
    return context.target === 'webgpu'
      ? this.#grouped(x, name, past, context)
      : this.#plain(x, name, past, context);
  }

  #grouped(x: string, name: string, past: KvCache, context: Context & { target: 'webgpu' }) {
    const { g } = this;
    const t = this.#checkpoint.config.text;
    const projections = ['q_proj', 'k_proj', 'v_proj'].map((part) => `${name}.${part}`);
    const matrix = stacked(projections.map((part) => this.#matrix(`${part}.weight`)));
    const bias = this.#vectors(...projections.map((part) => `${part}.bias`));
    const packed = linear(g, x, `${name}.qkv_proj.weight`, matrix, this.#formats.decoder, bias);
    const { lastKey, totalLength, cos, sin } = context;
    const [heads, groups, size] = [t.num_attention_heads, t.num_key_value_heads, t.head_dim];
    // The kernel rotates heads of a multiple of 16 only; others are rotated before it.
    const fused = size % 16 === 0;
    const [query, key, value] = fused
      ? [packed, '', '']
      : g.split(
          packed,
          [heads, groups, groups].map((n) => n * size),
          -1,
        );
    const rotate = (y: string, count: number) =>
      g.node(
        'RotaryEmbedding',
        [y, context.pastLength, cos, sin],
        { num_heads: count, rotary_embedding_dim: size },
        { domain: msDomain },
      );
    const inputs = fused
      ? [query!, '', '', past.key, past.value, lastKey, totalLength, cos, sin]
      : [rotate(query!, heads), rotate(key!, groups), value!, past.key, past.value, lastKey, totalLength];
    const attributes = {
      num_heads: heads,
      kv_num_heads: groups,
      scale: { float: size ** -0.5 },
      do_rotary: fused ? 1 : 0,
      rotary_interleaved: 0,
    };
    const outputs = g.nodes('GroupQueryAttention', inputs, attributes, { domain: msDomain, outputs: 3 });
    return { mixed: outputs[0]!, key: outputs[1]!, value: outputs[2]! };
  }

  #plain(x: string, name: string, past: KvCache, context: Context & { target: 'wasm' }) {
    const { g } = this;
    const t = this.#checkpoint.config.text;
    const [heads, groups, size] = [t.num_attention_heads, t.num_key_value_heads, t.head_dim];
    const project = (part: string) => {
      const bias = this.#vectors(`${name}.${part}.bias`);
      return linear(
        g,
        x,
        `${name}.${part}.weight`,
        this.#matrix(`${name}.${part}.weight`),
        this.#formats.decoder,
        bias,
      );
    };
    const rotate = (y: string, count: number) =>
      g.node(
        'RotaryEmbedding',
        [y, context.positions, context.cos, context.sin],
        { num_heads: count, rotary_embedding_dim: size },
        { domain: msDomain },
      );
    const byHead = (y: string, count: number) => g.transpose(g.reshape(y, [0, 0, count, size]), [0, 2, 1, 3]);
    const query = byHead(rotate(project('q_proj'), heads), heads);
    const key = g.concat([past.key, byHead(rotate(project('k_proj'), groups), groups)], 2);
    const value = g.concat([past.value, byHead(project('v_proj'), groups)], 2);
    const grouped = g.reshape(query, [0, groups, -1, size]);
    const product = g.node(
      'FusedMatMul',
      [grouped, key],
      { transB: 1, alpha: { float: size ** -0.5 } },
      { domain: msDomain },
    );
    const scores = g.add(g.node('Reshape', [product, context.byHead]), context.mask);
    const weights = g.node('Reshape', [g.softmax(scores), context.byGroup]);
    const mixed = g.reshape(g.matmul(weights, value), [0, heads, -1, size]);
    return { mixed: g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [0, 0, heads * size]), key, value };
  }

  /** SwiGLU. */
  feedForward(x: string, index: number): string {
    const { g } = this;
    const project = (y: string, part: string) => {
      const name = `language_model.model.layers.${index}.mlp.${part}.weight`;
      return linear(g, y, name, this.#matrix(name), this.#formats.decoder);
    };
    // x · sigmoid(x) is QuickGelu with α = 1, one kernel instead of two.
    const gate = g.node(
      'QuickGelu',
      [project(x, 'gate_proj')],
      { alpha: { float: 1 } },
      { domain: msDomain },
    );
    return project(g.mul(gate, project(x, 'up_proj')), 'down_proj');
  }

  output(x: string, index: number): string {
    const name = `language_model.model.layers.${index}.self_attn.o_proj.weight`;
    return linear(this.g, x, name, this.#matrix(name), this.#formats.decoder);
  }

  head(x: string): string {
    const tied = this.#checkpoint.config.text.tie_word_embeddings;
    const name = 'language_model.lm_head.weight';
    return linear(this.g, x, name, this.#matrix(tied ? embeddingTensor : name), this.#formats.head);
  }

  /** Weights of all norms, with the names that they have in `decoder_model_merged`. */
  norms() {
    const layers = 'language_model.model.layers';
    const last = this.#checkpoint.config.text.num_hidden_layers - 1;
    const first = this.#vectors(`${layers}.0.input_layernorm.weight`);
    const afterAttention: string[] = [];
    const afterLayer: string[] = [];
    for (let i = 0; i <= last; i++) {
      this.g.scope(`layers.${i}`, () => {
        const next =
          i === last ? 'language_model.model.norm.weight' : `${layers}.${i + 1}.input_layernorm.weight`;
        afterAttention.push(this.#vectors(`${layers}.${i}.post_attention_layernorm.weight`));
        afterLayer.push(this.#vectors(next));
      });
    }
    const attributes = { axis: -1, epsilon: { float: this.#checkpoint.config.text.rms_norm_eps } };
    return { first, afterAttention, afterLayer, attributes };
  }

  /**
   * The matrices of a layer of the wasm target as float32 constants, projections of the same input side by side: [D,
   * (heads + 2 groups) · size] with its bias, [heads · size, D], [D, 2 F] and [F, D]. Joined on load, so that the file
   * stores them as for `decoder_model_merged`.
   */
  joinedLayer(index: number) {
    const { g } = this;
    const format = this.#formats.decoder;
    if (format.kind === 'blocks') throw new RangeError('packed matrices cannot be joined');
    const layer = `language_model.model.layers.${index}`;
    return g.scope(`layers.${index}`, () => {
      const constant = (part: string) => {
        const name = `${layer}.${part}.weight`;
        return constantMatrix(g, name, this.#matrix(name), format);
      };
      const projections = ['q_proj', 'k_proj', 'v_proj'].map((part) => `self_attn.${part}`);
      const attention = g.concat(projections.map(constant), 1);
      const bias = g.concat(
        projections.map((part) => this.#vectors(`${layer}.${part}.bias`)),
        0,
      );
      const gates = g.concat(['mlp.gate_proj', 'mlp.up_proj'].map(constant), 1);
      return {
        attention,
        bias,
        gates,
        output: constant('self_attn.o_proj'),
        down: constant('mlp.down_proj'),
      };
    });
  }

  /** The head as a float32 constant [D, V]. */
  constantHead(): string {
    const format = this.#formats.head;
    if (format.kind === 'blocks') throw new RangeError('a packed head is no constant');
    const tied = this.#checkpoint.config.text.tie_word_embeddings;
    const name = 'language_model.lm_head.weight';
    return constantMatrix(this.g, name, this.#matrix(tied ? embeddingTensor : name), format);
  }

  context(length: number): Context {
    const { g } = this;
    const rotary = this.rotaryTables(length);
    const size = (x: string, axis: number) => g.node('Shape', [x], { start: axis, end: axis + 1 });
    if (this.#formats.target === 'webgpu') {
      const valid = g.node('ReduceSum', ['attention_mask', g.integers([1])], { keepdims: 0 });
      const lastKey = g.cast(g.node('Sub', [valid, g.integers([1], [])]), 'int32');
      const total = size('attention_mask', 1);
      const totalLength = g.cast(g.node('Squeeze', [total]), 'int32');
      const pastLength = g.node('Sub', [total, size('inputs_embeds', 1)]);
      return { target: 'webgpu', ...rotary, lastKey, totalLength, pastLength };
    }
    const { num_attention_heads: heads, num_key_value_heads: groups } = this.#checkpoint.config.text;
    const total = size('attention_mask', 1);
    const shape = (count: number) => g.concat([g.integers([0, count, -1]), total], 0);
    return {
      target: 'wasm',
      ...rotary,
      positions: 'position_ids',
      mask: this.#mask(total, size('inputs_embeds', 1)),
      byHead: shape(heads),
      byGroup: shape(groups),
    };
  }

  /** Causal mask with the attention mask: 0 for keys up to the query's position that are no padding. */
  #mask(total: string, fresh: string): string {
    const { g } = this;
    const [end, count] = [g.node('Squeeze', [total]), g.node('Squeeze', [fresh])];
    const [zero, one] = [g.integers([0], []), g.integers([1], [])];
    const rows = g.node('Range', [g.node('Sub', [end, count]), end, one]);
    const columns = g.node('Range', [zero, end, one]);
    const causal = g.node('LessOrEqual', [columns, g.reshape(rows, [-1, 1])]);
    const present = g.cast(g.node('Unsqueeze', ['attention_mask', g.integers([1, 2])]), 'bool');
    const allowed = g.node('And', [causal, present]);
    return g.node('Where', [allowed, g.floats([0], []), g.floats([-3.4e38], [])]);
  }
}

/** Layers first…end of the decoder in one session; the last part also has the final norm and the head. */
interface Part {
  readonly name: string;
  readonly first: number;
  readonly end: number;
}

/**
 * The decoder as one graph, `decoder_model_merged`, or cut between layers where its weights are more than
 * `partLimit` bytes: `decoder_model_0`, …
 *
 * inputs_embeds f32 [b, s, D], attention_mask i64 [b, t], num_logits_to_keep i64 [] (0 = all), past_key_values.{i}
 * [b, groups, p, size] → logits f32 [b, n, V], present.{i}. The wasm target also takes position_ids i64 [b, s] and
 * padding on the left; the webgpu target numbers positions by the length of the cache.
 *
 * A part takes and gives the caches of its layers. All but the last give hidden_states [b, s, D] (the type of the
 * activations), which the next takes as its inputs_embeds; only the last takes num_logits_to_keep.
 */
export function languageDecoders(
  checkpoint: LanguageSource,
  profile: PromptSize,
  formats: WeightFormats,
  options: GraphOptions = {},
): Graph[] {
  const layers = checkpoint.config.text.num_hidden_layers;
  const whole = languageDecoderPart(checkpoint, profile, formats, options, {
    name: 'decoder_model_merged',
    first: 0,
    end: layers,
  });
  const limit = options.partLimit ?? partLimit;
  const ends = cuts(whole, layers, limit);
  if (ends.length === 1) return [whole];
  return ends.map((end, k) =>
    languageDecoderPart(checkpoint, profile, formats, options, {
      name: `decoder_model_${k}`,
      first: ends[k - 1] ?? 0,
      end,
    }),
  );
}

/** Ends of the parts in layers, the last one included: as many layers a part as fit, the head with the last. */
function cuts(whole: Graph, layers: number, limit: number): number[] {
  const bytesOf = (belongs: (name: string) => boolean) =>
    whole.weights.reduce((sum, { name, bytes }) => sum + (belongs(name) ? bytes : 0), 0);
  const inLayer = Array.from({ length: layers }, (_, i) =>
    bytesOf((name) => name.startsWith(`layers.${i}.`)),
  );
  const rest = bytesOf((name) => !name.startsWith('layers.'));
  const ends: number[] = [];
  let held = 0;
  for (const [i, bytes] of inLayer.entries()) {
    const added = bytes + (i === layers - 1 ? rest : 0);
    if (held > 0 && held + added > limit) {
      ends.push(i);
      held = 0;
    }
    held += added;
  }
  return [...ends, layers];
}

function languageDecoderPart(
  checkpoint: LanguageSource,
  profile: PromptSize,
  formats: WeightFormats,
  options: GraphOptions,
  { name, first, end }: Part,
): Graph {
  const { text: t } = checkpoint.config;
  const g = new Graph(name, options);
  const lowering = new LanguageDecoderLowering(g, checkpoint, formats);
  const { type } = lowering;
  const begins = first === 0;
  const ends = end === t.num_hidden_layers;
  const hiddenShape = ['batch_size', 'sequence_length', t.hidden_size] as const;
  const given = g.input('inputs_embeds', begins ? 'float32' : type, hiddenShape);
  g.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length']);
  if (formats.target === 'wasm') g.input('position_ids', 'int64', ['batch_size', 'sequence_length']);
  const logitsToKeep = ends ? g.input('num_logits_to_keep', 'int64', []) : '';
  const cacheShape = (length: string) => ['batch_size', t.num_key_value_heads, length, t.head_dim];
  const partLayers = Array.from({ length: end - first }, (_, i) => first + i);
  const past = partLayers.map((i) => ({
    key: g.input(`past_key_values.${i}.key`, type, cacheShape('past_sequence_length')),
    value: g.input(`past_key_values.${i}.value`, type, cacheShape('past_sequence_length')),
  }));
  const context = lowering.context(positionLimit(checkpoint, profile));

  const layers = 'language_model.model.layers';
  let sum = begins && formats.half ? g.cast(given, 'float16') : given;
  let x = lowering.norm(sum, `${layers}.${first}.input_layernorm.weight`);
  for (const i of partLayers) {
    g.scope(`layers.${i}`, () => {
      const { mixed, key, value } = lowering.attention(x, i, past[i - first]!, context);
      g.output(`present.${i}.key`, key, type, cacheShape('total_sequence_length'));
      g.output(`present.${i}.value`, value, type, cacheShape('total_sequence_length'));
      const attended = lowering.output(mixed, i);
      const [normed, residual] = lowering.skipNorm(
        sum,
        attended,
        `${layers}.${i}.post_attention_layernorm.weight`,
      );
      const forward = lowering.feedForward(normed, i);
      if (i === end - 1 && !ends) sum = g.add(residual, forward);
      else {
        const next =
          i === end - 1 ? 'language_model.model.norm.weight' : `${layers}.${i + 1}.input_layernorm.weight`;
        [x, sum] = lowering.skipNorm(residual, forward, next);
      }
      g.tap(`lm.layers.${i}`, sum, hiddenShape, type);
    });
  }
  if (!ends) {
    g.output('hidden_states', sum, type, hiddenShape);
    return g;
  }
  g.tap('lm.norm', x, hiddenShape, type);
  const from = g.node('Neg', [g.reshape(logitsToKeep, [1])]);
  const wanted = g.node('Slice', [x, from, g.integers([Number.MAX_SAFE_INTEGER]), g.integers([1])]);
  const logits = lowering.head(wanted);
  g.output('logits', formats.half ? g.cast(logits, 'float32') : logits, 'float32', [
    'batch_size',
    'num_logits',
    t.vocab_size,
  ]);
  return g;
}
