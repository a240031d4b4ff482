/** A VQA² checkpoint: its config, and its tensors under the names that lowerings of the first family use. */
import { CodedError } from '../../core/errors.ts';
import { derivedSizes, readVqa2Config, type Vqa2Config, withRecordedSizes } from '../../core/vqa2/config.ts';
import { ConfigTensors, type LanguageSource, type Shape } from '../checkpoint.ts';
import { type CheckpointFiles, readText } from '../files.ts';
import { layoutError } from '../folder-check.ts';
import { SafeTensors } from '../safetensors.ts';
import { type MotionPlan, motionPlan } from '../slowfast-shapes.ts';

/** Tensors of the official file that no output depends on. */
const unused =
  /^(model\.)?slowfast\.feature_extraction\.\d+\.(multipathway_blocks\.0|multipathway_fusion)\.|^model\.vision_tower\.vision_tower\.vision_model\.post_layernorm\.|\.num_batches_tracked$/;

/** The released file's name of a tensor. */
function fileName(name: string): string {
  if (name.startsWith('language_model.')) return name.slice('language_model.'.length);
  if (name.startsWith('slowfast_model.')) return `model.slowfast.${name.slice('slowfast_model.'.length)}`;
  return name;
}

export const tower = 'model.vision_tower.vision_tower.vision_model';

/** The fast pathway as the plan of both pathways has it. */
export function fastPlan({ motion: m }: Vqa2Config): Pick<MotionPlan, 'stems' | 'stages'> {
  return motionPlan({
    stem_slow: 1,
    inner_slow: 1,
    stem_fast: m.stem,
    inner_fast: m.inner,
    fast_stem_time: m.stem_time,
    expansion: m.expansion,
    depths: m.depths,
    fast_to_slow_kernel: 1,
    statistics: [],
    quality_features: [],
    quality_hidden: 0,
    quality_outputs: 1,
  });
}

/** Shape of every tensor that is read, by the names that lowerings use. */
function expectedTensors(config: Vqa2Config): Map<string, Shape> {
  const { vision: v, text: t, motion: m } = config;
  const { grid, features } = derivedSizes(config);
  const shapes = new Map<string, Shape>();
  const put = (name: string, ...shape: number[]) => shapes.set(name, shape);
  const linear = (name: string, rows: number, columns: number) => {
    put(`${name}.weight`, rows, columns);
    put(`${name}.bias`, rows);
  };
  put(`${tower}.embeddings.patch_embedding.weight`, v.hidden_size, 3, v.patch_size, v.patch_size);
  put(`${tower}.embeddings.patch_embedding.bias`, v.hidden_size);
  put(`${tower}.embeddings.position_embedding.weight`, grid ** 2, v.hidden_size);
  for (let i = 0; i < v.num_hidden_layers; i++) {
    const layer = `${tower}.encoder.layers.${i}`;
    for (const part of ['q_proj', 'k_proj', 'v_proj', 'out_proj'])
      linear(`${layer}.self_attn.${part}`, v.hidden_size, v.hidden_size);
    linear(`${layer}.mlp.fc1`, v.intermediate_size, v.hidden_size);
    linear(`${layer}.mlp.fc2`, v.hidden_size, v.intermediate_size);
    for (const norm of ['layer_norm1', 'layer_norm2']) {
      put(`${layer}.${norm}.weight`, v.hidden_size);
      put(`${layer}.${norm}.bias`, v.hidden_size);
    }
  }
  for (const [name, inputs] of [
    ['model.mm_projector', v.hidden_size],
    ['model.slowfast_projector', features],
  ] as const) {
    linear(`${name}.0`, t.hidden_size, inputs);
    linear(`${name}.2`, t.hidden_size, t.hidden_size);
  }
  put('model.image_newline', t.hidden_size);
  put('model.slowfast.position_embedding.weight', m.positions, features);
  const { stems, stages } = fastPlan(config);
  const blocks = stages.fast.flat().flatMap((b) => [b.a, b.b, b.c, ...(b.shortcut ? [b.shortcut] : [])]);
  for (const x of [stems.fast, ...blocks]) {
    put(x.weight, x.output, x.input, x.time, x.space, x.space);
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) put(`${x.norm}.${part}`, x.output);
  }
  const model = 'language_model.model';
  put(`${model}.embed_tokens.weight`, t.vocab_size, t.hidden_size);
  if (!t.tie_word_embeddings) put('language_model.lm_head.weight', t.vocab_size, t.hidden_size);
  put(`${model}.norm.weight`, t.hidden_size);
  for (let i = 0; i < t.num_hidden_layers; i++) {
    const layer = `${model}.layers.${i}`;
    put(`${layer}.input_layernorm.weight`, t.hidden_size);
    put(`${layer}.post_attention_layernorm.weight`, t.hidden_size);
    linear(`${layer}.self_attn.q_proj`, t.num_attention_heads * t.head_dim, t.hidden_size);
    for (const part of ['k_proj', 'v_proj'])
      linear(`${layer}.self_attn.${part}`, t.num_key_value_heads * t.head_dim, t.hidden_size);
    put(`${layer}.self_attn.o_proj.weight`, t.hidden_size, t.num_attention_heads * t.head_dim);
    put(`${layer}.mlp.gate_proj.weight`, t.intermediate_size, t.hidden_size);
    put(`${layer}.mlp.up_proj.weight`, t.intermediate_size, t.hidden_size);
    put(`${layer}.mlp.down_proj.weight`, t.hidden_size, t.intermediate_size);
  }
  return shapes;
}

export class Vqa2Checkpoint extends ConfigTensors implements LanguageSource {
  readonly files: CheckpointFiles;
  readonly config: Vqa2Config;
  /** Names of tensors of the file that change no output. */
  readonly dropped: readonly string[];

  private constructor(files: CheckpointFiles, config: Vqa2Config, tensors: SafeTensors) {
    super(tensors, expectedTensors(config), fileName);
    this.files = files;
    this.config = config;
    this.dropped = tensors.names.filter((name) => unused.test(name));
    this.#check();
  }

  /**
   * Reads config.json (and the `profiles.json` beside recorded results), and checks that the tensors are those of the
   * config and nothing else, but for those that change no output.
   *
   * @throws CodedError `convert/config` {field, problem}, `convert/header` {file, problem}, `convert/tensor` {name, missing}
   */
  static async open(files: CheckpointFiles): Promise<Vqa2Checkpoint> {
    const listed = await files.list();
    const parse = async (name: string): Promise<unknown> => {
      const file = listed.find((each) => each.name === name);
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
    let config = readVqa2Config(await parse('config.json'));
    if (listed.some(({ name }) => name === 'profiles.json'))
      config = withRecordedSizes(config, await parse('profiles.json'));
    return new Vqa2Checkpoint(files, config, await SafeTensors.open(files));
  }

  #check(): void {
    const missing = [...this.shapes.keys()].filter(
      (name) => this.tensors.entry(fileName(name)) === undefined,
    );
    if (missing.length > 0)
      throw (
        layoutError(this.tensors.names.filter((name) => !name.startsWith('model.vision_tower.'))) ??
        new CodedError('convert/tensor', { name: fileName(missing[0]!), missing: missing.length })
      );
    for (const [name, shape] of this.shapes) {
      const actual = this.tensors.entry(fileName(name))!.shape;
      if (actual.join() !== shape.join()) {
        const problem = `has the shape [${actual.join(', ')}] where the config asks for [${shape.join(', ')}]`;
        throw new CodedError('convert/config', { field: fileName(name), problem });
      }
    }
    const expected = new Set([...this.shapes.keys()].map(fileName));
    const tiedHead = this.config.text.tie_word_embeddings ? 'lm_head.weight' : '';
    const extra = this.tensors.names.find(
      (name) => !expected.has(name) && !unused.test(name) && name !== tiedHead,
    );
    if (extra !== undefined)
      throw new CodedError('convert/config', { field: extra, problem: 'is no tensor of this model' });
  }
}
