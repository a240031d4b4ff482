/** The sessions of a package: vision encoder, motion encoder, and the language decoder with its embeddings. */
import type * as Ort from 'onnxruntime-common';
import { CodedError } from '../../core/errors.ts';
import type { Choice } from './backend.ts';
import { LanguageDecoder, letMessagesIn, type Session } from './language-decoder.ts';
import { mountedBytes, packageId, type Runtime } from './runtime.ts';

export interface Network {
  /** [frames, 3, size, size] → [frames · tokens, D] */
  encodeVision(pixels: Float32Array, frames: number, size: number): Promise<Float32Array>;
  /** [frames, 3, size, size] → [D] */
  encodeMotion(pixels: Float32Array, frames: number, size: number): Promise<Float32Array>;
  readonly decoder: LanguageDecoder;
  /** Tokens that end an answer. */
  readonly endIds: readonly number[];
  dispose(): Promise<void>;
}

/**
 * Rows at the context positions: all but the last are vision features in order, the last is the motion token
 * (official code: the last `<IMG_CONTEXT>` of a row).
 *
 * @param embeds [length, D], changed in place
 * @param vision [n, D]
 * @param motion [D]; null where the ids end before it
 * @throws CodedError `run/prompt` when the prompt's context tokens are not what the features need
 */
export function injectFeatures(
  embeds: Float32Array,
  ids: readonly number[],
  contextId: number,
  vision: Float32Array,
  motion: Float32Array | null,
): void {
  const width = embeds.length / ids.length;
  const positions = ids.flatMap((id, at) => (id === contextId ? [at] : []));
  const features = vision.length / width + (motion ? 1 : 0);
  if (positions.length !== features)
    throw new CodedError('run/prompt', { positions: positions.length, features });
  positions.forEach((at, i) => {
    const last = motion !== null && i === positions.length - 1;
    embeds.set(last ? motion : vision.subarray(i * width, (i + 1) * width), at * width);
  });
}

/** Session options of the chosen back end. On WebGPU the KV cache stays on the graphics device. */
function sessionOptions({ backend }: Choice, layers: number) {
  if (backend === 'wasm') return { executionProviders: ['wasm'] };
  const present = Array.from({ length: layers }, (_, layer) => [
    [`present.${layer}.key`, 'gpu-buffer'],
    [`present.${layer}.value`, 'gpu-buffer'],
  ]).flat();
  return {
    executionProviders: ['webgpu'],
    preferredOutputLocation: { ...Object.fromEntries(present), hidden_states: 'gpu-buffer' },
  };
}

interface PackageConfig {
  readonly text_config: { readonly num_hidden_layers: number; readonly hidden_size: number };
}

function endIds(): number[] {
  const bytes = mountedBytes('generation_config.json');
  const { eos_token_id: ends } = (bytes ? JSON.parse(new TextDecoder().decode(bytes)) : {}) as {
    eos_token_id?: number | number[] | null;
  };
  return [ends ?? []].flat();
}

/** Builds the sessions from the mounted package (`mount` of runtime.ts). */
export async function loadNetwork(runtime: Runtime, choice: Choice): Promise<Network> {
  const { AutoConfig, PreTrainedModel } = runtime.transformers;
  const { Tensor } = runtime.ort;
  const config = await AutoConfig.from_pretrained(packageId, {});
  const { num_hidden_layers: layers, hidden_size: width } = (config as unknown as PackageConfig).text_config;
  const { backend, variant } = choice;
  const subfolder = backend === 'webgpu' ? 'onnx' : 'onnx-wasm';
  const opened: Session[] = [];

  /** A file of the package as a session; transformers.js picks it by its dtype and finds its external data. */
  async function open(name: string, externalData?: readonly object[]): Promise<Session> {
    const model = await PreTrainedModel.from_pretrained(packageId, {
      // `auto`: with the runtime of runtime.ts in place, transformers.js has no list of devices; the provider is given.
      device: 'auto',
      dtype: variant.dtype,
      subfolder,
      session_options: { ...sessionOptions(choice, layers), ...(externalData && { externalData }) },
      // Any type that transformers.js has a class for would want all of that class's files.
      config: Object.assign(Object.create(Object.getPrototypeOf(config) as object), config, {
        model_type: 'custom',
      }),
      model_file_name: name,
    } as object);
    const session = model.sessions.model as Session;
    opened.push(session);
    return session;
  }

  /** The greedy graph has no data file of its own: its weights are those of the embeddings and the decoder. */
  async function openGreedy(): Promise<Session | null> {
    const file = variant.files.find((path) => /\/decoder_greedy[^/]*\.onnx$/.test(path));
    if (!file || backend !== 'wasm') return null;
    const data = variant.files.filter((path) =>
      /\/(embed_tokens|decoder_model_merged)[^/]*\.onnx_data/.test(path),
    );
    return open(
      'decoder_greedy',
      data.map((path) => ({ path: path.slice(subfolder.length + 1), data: mountedBytes(path) })),
    );
  }

  try {
    const vision = await open('vision_encoder');
    const motion = await open('motion_encoder');
    const embed = await open('embed_tokens');
    const parts: Session[] = [];
    if (variant.decoderParts === 1) parts.push(await open('decoder_model_merged'));
    else for (let k = 0; k < variant.decoderParts; k++) parts.push(await open(`decoder_model_${k}`));
    const greedy = await openGreedy();
    const decoder = new LanguageDecoder(Tensor, { embed, parts, greedy }, width, choice.prefillTokens);

    const encode = async (session: Session, output: string, pixels: Float32Array, dims: number[]) => {
      await letMessagesIn();
      const outputs = await session.run({ pixel_values: new Tensor('float32', pixels, dims) });
      return Float32Array.from((outputs[output] as Ort.Tensor).data as Float32Array);
    };
    return {
      encodeVision: (pixels, frames, size) =>
        encode(vision, 'image_features', pixels, [frames, 3, size, size]),
      encodeMotion: (pixels, frames, size) =>
        encode(motion, 'motion_features', pixels, [frames, 3, size, size]),
      decoder,
      endIds: endIds(),
      async dispose() {
        for (const session of opened) await session.release();
      },
    };
  } catch (error) {
    for (const session of opened) await session.release().catch(() => {});
    throw error;
  }
}
