/**
 * The four sessions of a package as one transformers.js model: vision encoder, motion encoder, token embeddings,
 * decoder. Tokenising, the generation loop, the KV cache and stop criteria are transformers.js's own; this class puts
 * frame and motion embeddings in place of the context tokens.
 */
import type * as Transformers from '@huggingface/transformers';
import { CodedError } from '../../src/core/errors.ts';
import type { Choice } from './backend.ts';
import { packageId, type Runtime } from './runtime.ts';

type Tensor = Transformers.Tensor;
type Inputs = Record<string, unknown> & {
  input_ids?: Tensor;
  image_features?: Tensor;
  motion_features?: Tensor;
};

/** What this project uses of a model of transformers.js; its own type declarations leave these loose. */
export interface Network {
  encodeVision(pixels: Float32Array, frames: number, size: number): Promise<Float32Array>;
  encodeMotion(pixels: Float32Array, frames: number, size: number): Promise<Float32Array>;
  readonly generation_config: { readonly eos_token_id?: number | number[] | null } | null;
  generate(options: Record<string, unknown>): Promise<unknown>;
  /** Awaited before each step of generation. */
  room: () => Promise<void>;
  dispose(): Promise<unknown>;
}

interface Session {
  run(feeds: Record<string, unknown>): Promise<Record<string, unknown>>;
}

const channel = new MessageChannel();

/**
 * Lets waiting messages in. On WASM a run resolves without leaving the task, so that a stop from the page would be
 * heard only at the end; a timer would cost 4 ms a token.
 */
function messages(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });
}

/**
 * Rows at the context positions: all but the last are vision features in order, the last is the motion token
 * (official code: the last `<IMG_CONTEXT>` of a row).
 *
 * @param embeds [1, length, width], changed in place
 * @throws CodedError `run/prompt` when the prompt's context tokens are not what the features need
 */
export function injectFeatures(
  embeds: Float32Array,
  ids: readonly bigint[],
  contextId: number,
  vision: Float32Array,
  motion: Float32Array,
): void {
  const width = motion.length;
  const places = ids.flatMap((id, at) => (Number(id) === contextId ? [at] : []));
  if (places.length !== vision.length / width + 1) {
    throw new CodedError('run/prompt', { places: places.length, features: vision.length / width + 1 });
  }
  places.forEach((at, i) => {
    const row = i === places.length - 1 ? motion : vision.subarray(i * width, (i + 1) * width);
    embeds.set(row, at * width);
  });
}

function defineNetwork({ transformers }: Runtime, contextId: number, prefillTokens: number) {
  const { LlavaOnevisionForConditionalGeneration, Tensor } = transformers;

  return class VQAThinker extends LlavaOnevisionForConditionalGeneration implements Network {
    override forward_params = [
      'input_ids',
      'attention_mask',
      'position_ids',
      'past_key_values',
      'image_features',
      'motion_features',
    ];

    room = async () => {};

    override async forward(inputs: Inputs): Promise<unknown> {
      await this.room();
      await messages();
      const { image_features, motion_features, ...rest } = inputs;
      const { input_ids } = rest;
      // Only the first step has the whole prompt; later ones bring a single new token.
      if (input_ids && input_ids.dims[1] !== 1 && image_features && motion_features) {
        const embeds = (await this.encode_text({ input_ids })) as Tensor;
        injectFeatures(
          embeds.data as Float32Array,
          Array.from(input_ids.data as BigInt64Array),
          contextId,
          image_features.data as Float32Array,
          motion_features.data as Float32Array,
        );
        return this.#prefill(rest, embeds);
      }
      return super.forward(rest);
    }

    /** The prompt in pieces of `prefillTokens`; the cache of one piece is the past of the next. */
    async #prefill(rest: Inputs, embeds: Tensor): Promise<unknown> {
      const length = embeds.dims[1] as number;
      const mask = rest.attention_mask as Tensor;
      let past: Record<string, Tensor> | null = null;
      for (let from = 0; ; from += prefillTokens) {
        const to = Math.min(from + prefillTokens, length);
        const outputs = (await super.forward({
          ...rest,
          inputs_embeds: from === 0 && to === length ? embeds : embeds.slice(null, [from, to], null),
          attention_mask: to === length ? mask : mask.slice(null, [0, to]),
          ...(past === null ? {} : { past_key_values: past }),
        })) as Record<string, Tensor>;
        for (const tensor of Object.values(past ?? {}))
          if (tensor.location === 'gpu-buffer') tensor.dispose();
        if (to === length) return outputs;
        past = Object.fromEntries(
          Object.entries(outputs)
            .filter(([name]) => name.startsWith('present'))
            .map(([name, tensor]) => [name.replace('present', 'past_key_values'), tensor]),
        );
        await messages();
      }
    }

    encodeVision(pixels: Float32Array, frames: number, size: number): Promise<Float32Array> {
      return this.#encode('vision_encoder', 'image_features', pixels, [frames, 3, size, size]);
    }

    encodeMotion(pixels: Float32Array, frames: number, size: number): Promise<Float32Array> {
      return this.#encode('motion_encoder', 'motion_features', pixels, [frames, 3, size, size]);
    }

    async #encode(session: string, output: string, pixels: Float32Array, dims: number[]) {
      await messages();
      const { ort_tensor } = new Tensor('float32', pixels, dims);
      const outputs = await (this.sessions[session] as Session).run({ pixel_values: ort_tensor });
      return Float32Array.from((outputs[output] as Tensor).data as Float32Array);
    }
  };
}

/** Options that make ORT run where the choice says, with the KV cache kept on the GPU. */
function sessionOptions({ backend }: Choice, layers: number) {
  if (backend === 'wasm') return { executionProviders: ['wasm'] };
  const present = Array.from({ length: layers }, (_, layer) => [
    [`present.${layer}.key`, 'gpu-buffer'],
    [`present.${layer}.value`, 'gpu-buffer'],
  ]).flat();
  return { executionProviders: ['webgpu'], preferredOutputLocation: Object.fromEntries(present) };
}

/** Builds the sessions from the mounted package (`mount` of runtime.ts). */
export async function loadNetwork(runtime: Runtime, choice: Choice, contextId: number): Promise<Network> {
  const { AutoConfig, LlavaOnevisionForConditionalGeneration, PreTrainedModel } = runtime.transformers;
  const config = await AutoConfig.from_pretrained(packageId, {});
  const layers = (config as unknown as { text_config: { num_hidden_layers: number } }).text_config
    .num_hidden_layers;
  const options = {
    // `auto`: an own runtime is in place (runtime.ts), so transformers.js knows no devices; the provider is given.
    device: 'auto',
    dtype: choice.variant.dtype,
    subfolder: choice.backend === 'webgpu' ? 'onnx' : 'onnx-wasm',
    session_options: sessionOptions(choice, layers),
  } as const;
  const base = await LlavaOnevisionForConditionalGeneration.from_pretrained(packageId, options as object);
  const motion = await PreTrainedModel.from_pretrained(packageId, {
    ...(options as object),
    config: Object.assign(Object.create(Object.getPrototypeOf(config) as object), config, {
      model_type: 'custom',
    }),
    model_file_name: 'motion_encoder',
  });
  const Network = defineNetwork(runtime, contextId, choice.prefillTokens);
  const sessions = { ...base.sessions, motion_encoder: motion.sessions.model };
  const network = new Network(base.config, sessions, base.configs);
  // The registry of transformers.js does not know the subclass; it runs as what it is derived from.
  const { can_generate, _forward, _prepare_inputs_for_generation } = base;
  return Object.assign(network, {
    can_generate,
    _forward,
    _prepare_inputs_for_generation,
  }) as unknown as Network;
}
