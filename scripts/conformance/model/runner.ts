/**
 * The sessions of a package, run as on the page: encode, merge, prefill, decode with the KV cache. The onnxruntime is a
 * parameter, so that the same code serves Node and a browser page.
 */
import type * as Ort from 'onnxruntime-web';
import { type Dtype, dtypeSuffixes, type Target, targetFolders } from '../../../convert/weight-formats.ts';
import { presentColumns } from '../../../core/sampling/human-features.ts';
import type { Profile } from '../../../core/sampling/profiles.ts';
import { argmax, type FloatArray, size } from './arrays.ts';

export type Session = Pick<
  Ort.InferenceSession,
  'run' | 'inputNames' | 'outputNames' | 'release' | 'inputMetadata'
>;
export type TensorClass = typeof Ort.Tensor;

export interface Sessions {
  readonly vision_encoder: Session;
  readonly motion_encoder: Session;
  readonly embed_tokens: Session;
  /** The parts of the decoder, in order. */
  readonly decoder: readonly Session[];
  /** Several greedy steps a run, where the package has it. */
  readonly decoder_greedy: Session | null;
}

/**
 * Opens the sessions of a variant by the names of its graphs.
 *
 * @param files paths of the package
 */
export async function openSessions(
  files: readonly string[],
  { target, dtype }: { readonly target: Target; readonly dtype: Dtype },
  open: (name: string) => Promise<Session>,
): Promise<Sessions> {
  const has = (name: string) =>
    files.includes(`${targetFolders[target]}/${name}${dtypeSuffixes[dtype]}.onnx`);
  const decoder: Session[] = [];
  if (has('decoder_model_merged')) decoder.push(await open('decoder_model_merged'));
  else for (let k = 0; has(`decoder_model_${k}`); k++) decoder.push(await open(`decoder_model_${k}`));
  return {
    decoder_greedy: has('decoder_greedy') ? await open('decoder_greedy') : null,
    vision_encoder: await open('vision_encoder'),
    motion_encoder: await open('motion_encoder'),
    embed_tokens: await open('embed_tokens'),
    decoder,
  };
}

type Outputs = ReadonlyMap<string, FloatArray>;
type Cache = Record<string, Ort.Tensor>;

export interface Continuation {
  readonly tokens: number[];
  /** Logits that each token was taken from, [n, V]. */
  readonly logits: Float32Array;
}

/** Input of the decoder; batches are padded on the left. */
export interface Sequence {
  /** [b, s, D] */
  readonly embeds: FloatArray;
  /** [b, s], 1 for a real token; all ones when absent. */
  readonly mask?: readonly number[];
}

export class Runner {
  readonly dtype: Dtype;
  readonly target: Target;
  readonly #profile: Profile | undefined;
  readonly #sessions: Sessions;
  readonly #Tensor: TensorClass;
  readonly #prefillStep: number;

  constructor(
    Tensor: TensorClass,
    sessions: Sessions,
    facts: { dtype: Dtype; target: Target; profile?: Profile; prefillStep?: number },
  ) {
    this.#Tensor = Tensor;
    this.#sessions = sessions;
    this.dtype = facts.dtype;
    this.target = facts.target;
    this.#profile = facts.profile;
    this.#prefillStep = facts.prefillStep ?? Number.POSITIVE_INFINITY;
  }

  /** Of the first family; the second has none. */
  get profile(): Profile {
    if (this.#profile === undefined) throw new RangeError('this package has no profile');
    return this.#profile;
  }

  async release(): Promise<void> {
    const { vision_encoder, motion_encoder, embed_tokens, decoder } = this.#sessions;
    for (const session of [vision_encoder, motion_encoder, embed_tokens, ...decoder]) await session.release();
  }

  #float(x: FloatArray): Ort.Tensor {
    return new this.#Tensor('float32', x.data, x.shape);
  }

  #int64(values: readonly number[], shape: readonly number[]): Ort.Tensor {
    return new this.#Tensor('int64', BigInt64Array.from(values, BigInt), shape);
  }

  async #encode(
    name: 'vision_encoder' | 'motion_encoder',
    pixels: FloatArray,
    others: Record<string, Ort.Tensor> = {},
  ): Promise<Outputs> {
    return floatsOf(await this.#sessions[name].run({ pixel_values: this.#float(pixels), ...others }));
  }

  /** image_features, and the taps of a tapped graph. */
  vision(pixels: FloatArray): Promise<Outputs> {
    return this.#encode('vision_encoder', pixels);
  }

  /**
   * motion_features, and the taps of a tapped graph.
   *
   * @param quality features of a model with a quality head, NaN where missing
   */
  motion(pixels: FloatArray, quality?: FloatArray): Promise<Outputs> {
    if (!quality) return this.#encode('motion_encoder', pixels);
    const data = presentColumns([...quality.data]);
    const features = this.#float({ data, shape: [2, data.length / 2] });
    return this.#encode('motion_encoder', pixels, { quality_features: features });
  }

  /** motion_features of VQA² and the taps of a tapped graph, for dense frames of these numbers. */
  motionAt(pixels: FloatArray, positions: readonly number[]): Promise<Outputs> {
    return this.#encode('motion_encoder', pixels, {
      position_ids: this.#int64(positions, [positions.length]),
    });
  }

  /** [rows, columns] ids → [rows, columns, D] */
  async embed(ids: readonly number[], rows = 1): Promise<FloatArray> {
    const outputs = await this.#sessions.embed_tokens.run({
      input_ids: this.#int64(ids, [rows, ids.length / rows]),
    });
    return floatsOf(outputs).get('inputs_embeds')!;
  }

  /** Embeddings with the frame tokens at the context ids in order, and the motion token at the last of them. */
  async merge(ids: readonly number[], frames: FloatArray, motion: FloatArray): Promise<FloatArray> {
    const embeds = await this.embed(ids);
    const width = embeds.shape[2]!;
    const positions = ids.flatMap((id, position) => (id === this.profile.tokenIds.context ? [position] : []));
    if (size(frames.shape) !== (positions.length - 1) * width) {
      throw new RangeError(
        `${positions.length} context tokens for ${size(frames.shape) / width} frame tokens and the motion token`,
      );
    }
    for (const [i, position] of positions.entries()) {
      const last = i === positions.length - 1;
      const row = last ? motion.data : frames.data.subarray(i * width, (i + 1) * width);
      embeds.data.set(row, position * width);
    }
    return embeds;
  }

  #emptyCache(batch: number, sessions = this.#sessions.decoder, prefix = 'past_key_values.'): Cache {
    const cache: Cache = {};
    for (const meta of sessions.flatMap(({ inputMetadata }) => inputMetadata)) {
      if (!meta.isTensor || !meta.name.startsWith(prefix)) continue;
      const dims = meta.shape.map((d) => (typeof d === 'number' ? d : d === 'batch_size' ? batch : 0));
      const empty = meta.type === 'float16' ? new Uint16Array(0) : new Float32Array(0);
      cache[meta.name] = new this.#Tensor(meta.type as 'float32', empty as Float32Array, dims);
    }
    return cache;
  }

  async #step(
    embeds: FloatArray,
    mask: readonly number[],
    cache: Cache,
    keep: number,
  ): Promise<{ outputs: Outputs; cache: Cache }> {
    const [batch, fresh] = embeds.shape as [number, number, number];
    const total = mask.length / batch;
    const positions: number[] = [];
    for (let row = 0; row < batch; row++) {
      let seen = 0;
      for (let i = 0; i < total; i++) {
        seen += mask[row * total + i]!;
        if (i >= total - fresh) positions.push(Math.max(0, seen - 1));
      }
    }
    const feeds: Record<string, Ort.Tensor> = {
      ...cache,
      attention_mask: this.#int64(mask, [batch, total]),
      num_logits_to_keep: this.#int64([keep], []),
      position_ids: this.#int64(positions, [batch, fresh]),
    };
    const grown: Cache = {};
    const outputs = new Map<string, FloatArray>();
    let hidden = this.#float(embeds);
    for (const part of this.#sessions.decoder) {
      const available: Record<string, Ort.Tensor> = { ...feeds, inputs_embeds: hidden };
      const results = await part.run(
        Object.fromEntries(part.inputNames.map((name) => [name, available[name]!])),
      );
      for (const [name, tensor] of Object.entries(results)) {
        if (name.startsWith('present.')) grown[name.replace('present', 'past_key_values')] = tensor;
      }
      for (const [name, value] of floatsOf(results)) outputs.set(name, value);
      if (results.hidden_states) hidden = results.hidden_states;
    }
    return { outputs, cache: grown };
  }

  /** The prompt, whole or in pieces of at most `prefillStep`; logits of all pieces when `keep` is 0, else of the last. */
  async #prefill({ embeds, mask }: Sequence, keep: number): Promise<{ outputs: Outputs; cache: Cache }> {
    const [batch, length, width] = embeds.shape as [number, number, number];
    const all = mask ?? new Array<number>(batch * length).fill(1);
    const step = this.#prefillStep;
    if (length <= step) return this.#step(embeds, all, this.#emptyCache(batch), keep);
    if (batch !== 1) throw new RangeError('a batch is prefilled as a whole');
    let cache = this.#emptyCache(1);
    let outputs: Outputs = new Map();
    const logits: FloatArray[] = [];
    // The short piece comes first, since the last positions are compared.
    let from = 0;
    for (let to = length % step || step; from < length; to += step) {
      const data = embeds.data.subarray(from * width, to * width);
      ({ outputs, cache } = await this.#step(
        { shape: [1, to - from, width], data },
        all.slice(0, to),
        cache,
        keep && 1,
      ));
      logits.push(outputs.get('logits')!);
      from = to;
    }
    const asked = keep === 1 ? logits.slice(-1) : logits;
    const rows = asked.reduce((sum, part) => sum + part.shape[1]!, 0);
    const vocabulary = asked[0]!.shape[2]!;
    const joined = new Float32Array(rows * vocabulary);
    asked.reduce((at, part) => {
      joined.set(part.data, at);
      return at + part.data.length;
    }, 0);
    return {
      outputs: new Map([...outputs, ['logits', { shape: [1, rows, vocabulary], data: joined }]]),
      cache,
    };
  }

  /** One forward pass without a cache; logits of the last `keep` positions, 0 = all. */
  async forward(sequence: Sequence, keep = 0): Promise<Outputs> {
    const length = sequence.embeds.shape[1]!;
    if (length <= this.#prefillStep) return (await this.#prefill(sequence, keep)).outputs;
    const { outputs } = await this.#prefill(sequence, 0);
    const logits = outputs.get('logits')!;
    const vocabulary = logits.shape[2]!;
    const rows = keep === 0 ? length : keep;
    const last = { shape: [1, rows, vocabulary], data: logits.data.subarray((length - rows) * vocabulary) };
    return new Map([...outputs, ['logits', last]]);
  }

  /**
   * Decodes through the KV cache.
   *
   * @param steps tokens to generate
   * @param forced next tokens instead of the arg max, so that later logits stay comparable
   * @returns one continuation a row
   */
  async decode(
    { embeds, mask }: Sequence,
    steps: number,
    forced?: readonly (readonly number[])[],
  ): Promise<Continuation[]> {
    const [batch, length] = embeds.shape as [number, number, number];
    let all = Array.from({ length: batch }, (_, row) =>
      mask ? mask.slice(row * length, (row + 1) * length) : new Array<number>(length).fill(1),
    );
    let step = await this.#prefill({ embeds, ...(mask && { mask }) }, 1);
    const tokens = all.map((): number[] => []);
    const logits = all.map((): number[] => []);
    for (let i = 0; ; i++) {
      const stepLogits = step.outputs.get('logits')!;
      const width = stepLogits.shape[2]!;
      const next = all.map((_, row) => {
        const rowLogits = stepLogits.data.subarray(row * width, (row + 1) * width);
        logits[row]!.push(...rowLogits);
        const best = argmax(rowLogits);
        tokens[row]!.push(best);
        return forced?.[row]?.[i] ?? best;
      });
      if (i === steps - 1) break;
      all = all.map((rowMask) => [...rowMask, 1]);
      step = await this.#step(await this.embed(next, batch), all.flat(), step.cache, 1);
    }
    return tokens.map((rowTokens, row) => ({ tokens: rowTokens, logits: Float32Array.from(logits[row]!) }));
  }

  /**
   * Decodes through the graph of several greedy steps, after a prefill of the usual graph.
   *
   * @param forced input tokens, one a run
   * @returns logits [n, V] of the tokens after each; null where the package has no such graph
   */
  async greedy(sequence: Sequence, forced: readonly number[]): Promise<Float32Array | null> {
    const session = this.#sessions.decoder_greedy;
    if (session === null) return null;
    const { cache } = await this.#prefill(sequence, 1);
    let answer = this.#emptyCache(1, [session], 'answer_key_values.');
    const logits: number[] = [];
    for (const token of forced) {
      const results = await session.run({
        token: this.#int64([token], [1]),
        steps: this.#int64([1], []),
        end_ids: this.#int64([-1], [1]),
        ...cache,
        ...answer,
      });
      answer = Object.fromEntries(
        Object.entries(results)
          .filter(([name]) => name.startsWith('present_answer.'))
          .map(([name, tensor]) => [name.replace('present_answer', 'answer_key_values'), tensor]),
      );
      logits.push(...(results.logits!.data as Float32Array));
    }
    return Float32Array.from(logits);
  }
}

function floatsOf(results: Readonly<Record<string, Ort.Tensor>>): Map<string, FloatArray> {
  const floats = new Map<string, FloatArray>();
  for (const [name, tensor] of Object.entries(results)) {
    if (tensor.type === 'float32' && !name.startsWith('present.')) {
      floats.set(name, { shape: [...tensor.dims], data: tensor.data as Float32Array });
    }
  }
  return floats;
}
