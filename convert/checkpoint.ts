/** A checkpoint: its config, and tensors by name with checked shapes. */

import { CodedError } from '../core/errors.ts';
import {
  type CheckpointConfig,
  motionVectorLength,
  readCheckpointConfig,
  type TextConfig,
  type VisionConfig,
  withConformanceProfiles,
} from '../core/files/checkpoint.ts';
import { readConformanceProfiles } from '../core/sampling/profile-schema.ts';
import { type CheckpointFiles, readText } from './files.ts';
import { checkFolder, layoutError } from './folder-check.ts';
import { SafeTensors, type TensorEntry } from './safetensors.ts';
import { motionTensors } from './slowfast-shapes.ts';

export type Shape = readonly number[];

/** Tensors by the names of the first family, whatever the file calls them: what lowerings read. */
export interface TensorSource {
  /** @throws RangeError for a name that the model has not */
  shape(name: string): Shape;
  /** A whole tensor as float32, row-major. */
  tensor(name: string): Promise<Float32Array>;
  /** Rows of a matrix [N, K] as float32 [count, K]. */
  rows(name: string, first: number, count: number): Promise<Float32Array>;
}

/** The same with the sizes of the language decoder, which both families share. */
export interface LanguageSource extends TensorSource {
  readonly config: { readonly text: TextConfig };
}

/** Shape of every tensor of the transformer. */
function visionTensors(v: VisionConfig): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  const put = (name: string, ...shape: number[]) => shapes.set(name, shape);
  const linear = (name: string, rows: number, columns: number) => {
    put(`${name}.weight`, rows, columns);
    put(`${name}.bias`, rows);
  };
  const embeddings = 'vision_model.embeddings';
  put(`${embeddings}.class_embedding`, 1, 1, v.hidden_size);
  put(`${embeddings}.position_embedding`, 1, 1 + (v.image_size / v.patch_size) ** 2, v.hidden_size);
  put(`${embeddings}.patch_embedding.weight`, v.hidden_size, 3, v.patch_size, v.patch_size);
  put(`${embeddings}.patch_embedding.bias`, v.hidden_size);
  for (let i = 0; i < v.num_hidden_layers; i++) {
    const layer = `vision_model.encoder.layers.${i}`;
    linear(`${layer}.attn.qkv`, 3 * v.hidden_size, v.hidden_size);
    linear(`${layer}.attn.proj`, v.hidden_size, v.hidden_size);
    linear(`${layer}.mlp.fc1`, v.intermediate_size, v.hidden_size);
    linear(`${layer}.mlp.fc2`, v.hidden_size, v.intermediate_size);
    for (const norm of ['norm1', 'norm2']) {
      put(`${layer}.${norm}.weight`, v.hidden_size);
      put(`${layer}.${norm}.bias`, v.hidden_size);
    }
    put(`${layer}.ls1`, v.hidden_size);
    put(`${layer}.ls2`, v.hidden_size);
  }
  return shapes;
}

/** Shape of every tensor of a model with this config, by name, without the counters of batch norm. */
export function expectedTensors(config: CheckpointConfig): Map<string, Shape> {
  const { vision: v, text: t, motion: m } = config;
  const shapes = new Map<string, Shape>();
  const put = (name: string, ...shape: number[]) => shapes.set(name, shape);
  const linear = (name: string, rows: number, columns: number) => {
    put(`${name}.weight`, rows, columns);
    put(`${name}.bias`, rows);
  };
  const projector = (name: string, width: number) => {
    put(`${name}.0.weight`, width);
    put(`${name}.0.bias`, width);
    linear(`${name}.1`, t.hidden_size, width);
    linear(`${name}.3`, t.hidden_size, t.hidden_size);
  };

  if (v.statistics.length > 0) {
    put('vision_model.mean', v.statistics.length);
    put('vision_model.std', v.statistics.length);
    projector('mlp1', v.statistics.length);
  } else {
    for (const [name, shape] of visionTensors(v)) shapes.set(name, shape);
    projector('mlp1', 4 * v.hidden_size);
  }

  for (const [name, shape] of motionTensors(m)) shapes.set(name, shape);
  projector('motion_mlp', motionVectorLength(m));
  if (m.statistics.length > 0) {
    put('motion_statistics.mean', m.statistics.length);
    put('motion_statistics.std', m.statistics.length);
  }
  if (m.quality_features.length > 0) {
    for (const name of ['low', 'high', 'mean', 'deviation'])
      put(`quality_head.${name}`, m.quality_features.length);
    linear('quality_head.inner', m.quality_hidden, m.quality_features.length);
    linear('quality_head.outer', m.quality_outputs, m.quality_hidden);
    put('quality_head.embedding.weight', t.hidden_size, m.quality_outputs);
  }

  const model = 'language_model.model';
  put(`${model}.embed_tokens.weight`, t.vocab_size, t.hidden_size);
  if (!t.tie_word_embeddings) put('language_model.lm_head.weight', t.vocab_size, t.hidden_size);
  put(`${model}.norm.weight`, t.hidden_size);
  const keys = t.num_key_value_heads * t.head_dim;
  const queries = t.num_attention_heads * t.head_dim;
  for (let i = 0; i < t.num_hidden_layers; i++) {
    const layer = `${model}.layers.${i}`;
    put(`${layer}.input_layernorm.weight`, t.hidden_size);
    put(`${layer}.post_attention_layernorm.weight`, t.hidden_size);
    linear(`${layer}.self_attn.q_proj`, queries, t.hidden_size);
    linear(`${layer}.self_attn.k_proj`, keys, t.hidden_size);
    linear(`${layer}.self_attn.v_proj`, keys, t.hidden_size);
    put(`${layer}.self_attn.o_proj.weight`, t.hidden_size, queries);
    put(`${layer}.mlp.gate_proj.weight`, t.intermediate_size, t.hidden_size);
    put(`${layer}.mlp.up_proj.weight`, t.intermediate_size, t.hidden_size);
    put(`${layer}.mlp.down_proj.weight`, t.hidden_size, t.intermediate_size);
  }
  return shapes;
}

/** Tensors of a checkpoint by the names that its config asks for. */
export class ConfigTensors implements Omit<LanguageSource, 'config'> {
  readonly tensors: SafeTensors;
  protected readonly shapes: ReadonlyMap<string, Shape>;
  readonly #fileName: (name: string) => string;

  /** @param fileName name in the file of a tensor of the config */
  constructor(
    tensors: SafeTensors,
    shapes: ReadonlyMap<string, Shape>,
    fileName: (name: string) => string = (name) => name,
  ) {
    this.tensors = tensors;
    this.shapes = shapes;
    this.#fileName = fileName;
  }

  #entry(name: string): TensorEntry {
    const entry = this.shapes.has(name) ? this.tensors.entry(this.#fileName(name)) : undefined;
    if (entry === undefined) throw new RangeError(`${name} is no tensor of this config`);
    return entry;
  }

  shape(name: string): Shape {
    return this.#entry(name).shape;
  }

  /** A whole tensor as float32, row-major. */
  tensor(name: string): Promise<Float32Array> {
    return this.tensors.elements(this.#entry(name));
  }

  /** Rows of a matrix [N, K] as float32 [count, K]. */
  rows(name: string, first: number, count: number): Promise<Float32Array> {
    const entry = this.#entry(name);
    const width = entry.shape.slice(1).reduce((a, b) => a * b, 1);
    return this.tensors.elements(entry, first * width, count * width);
  }
}

export class Checkpoint extends ConfigTensors implements LanguageSource {
  readonly files: CheckpointFiles;
  readonly config: CheckpointConfig;

  private constructor(files: CheckpointFiles, config: CheckpointConfig, tensors: SafeTensors) {
    super(tensors, expectedTensors(config));
    this.files = files;
    this.config = config;
  }

  /**
   * Reads config.json (and the `profiles.json` of a conformance checkpoint), and checks that every tensor is there
   * with the shape that follows from the config.
   *
   * @throws CodedError `convert/config` {field, problem}, `convert/header` {file, problem}, `convert/tensor`
   *   {name, missing}, and those of `checkFolder`
   */
  static async open(files: CheckpointFiles): Promise<Checkpoint> {
    await checkFolder(files);
    const json = new Map(
      (await files.list()).filter(({ name }) => name.endsWith('.json')).map((f) => [f.name, f]),
    );
    const parse = async (name: string): Promise<unknown> => {
      const file = json.get(name);
      if (file === undefined)
        throw new CodedError('convert/config', { field: name, problem: 'is not in the folder' });
      try {
        return JSON.parse(await readText(files, file));
      } catch (cause) {
        throw new CodedError('convert/config', { field: name, problem: 'is not valid JSON' }, undefined, {
          cause,
        });
      }
    };
    let config = readCheckpointConfig(await parse('config.json'));
    if (json.has('profiles.json')) {
      config = withConformanceProfiles(config, readConformanceProfiles(await parse('profiles.json')));
    }
    const checkpoint = new Checkpoint(files, config, await SafeTensors.open(files));
    checkpoint.#check();
    return checkpoint;
  }

  #check(): void {
    const missing = [...this.shapes.keys()].filter((name) => this.tensors.entry(name) === undefined);
    if (missing.length > 0)
      throw (
        layoutError(this.tensors.names) ??
        new CodedError('convert/tensor', { name: missing[0]!, missing: missing.length })
      );
    for (const [name, shape] of this.shapes) {
      const actual = this.tensors.entry(name)!.shape;
      if (actual.join() !== shape.join()) {
        const problem = `has the shape [${actual.join(', ')}] where the config asks for [${shape.join(', ')}]`;
        throw new CodedError('convert/config', { field: name, problem });
      }
    }
  }
}
