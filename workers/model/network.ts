/**
 * The sessions of a package: vision encoder, motion encoder, and the language decoder with its embeddings. The encoders of
 * a large package are open only while frames are encoded.
 */
import type * as Ort from 'onnxruntime-common';
import { CodedError } from '../../core/errors.ts';
import { presentColumns } from '../../core/sampling/human-features.ts';
import type { Choice } from './backend.ts';
import { type Embedding, EmbeddingRows, sessionEmbedding } from './embedding.ts';
import { EncoderSessions } from './encoder-sessions.ts';
import { KvBuffers, type KvInput } from './kv-buffers.ts';
import { LanguageDecoder, letMessagesIn, type Session } from './language-decoder.ts';
import type { PackageContents } from './package-files.ts';
import { PieceSize } from './piece-size.ts';
import { deviceOf, mountedBytes, packageId, type Runtime } from './runtime.ts';
import { graphFiles, SessionOpener, type SessionOptions } from './sessions.ts';

export interface Network {
  /** [frames, 3, size, size] → [frames · tokens, D] */
  encodeVision(pixels: Float32Array, frames: number, size: number): Promise<Float32Array>;
  /**
   * [frames, 3, size, size] → [D]
   *
   * @param features quality features, NaN where missing, for a package that reads them
   */
  encodeMotion(
    pixels: Float32Array,
    frames: number,
    size: number,
    features?: readonly number[],
  ): Promise<Float32Array>;
  readonly decoder: LanguageDecoder;
  /** Tokens that end an answer. */
  readonly endIds: readonly number[];
  /** The package's `config.json`. */
  readonly config: unknown;
  /** Closes the encoders of a large package; the next frame opens them again. */
  endEncoding(): Promise<void>;
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

/** Length of an embedding from which products of four-bit weights are summed in float32: Qwen2.5's activations pass 65,504. */
const WIDE = 2048;

/** Bytes of weights up to which all sessions stay open on a graphics device: the smallest in use have 2 GB. */
const STAGED = 3 << 29;

/**
 * Session options of the chosen back end. On WebGPU hidden states stay on the graphics device. The provider is an object,
 * since onnxruntime drops the options of one that is given by its name.
 */
export function sessionOptions({ backend }: Choice, width: number): SessionOptions {
  if (backend === 'wasm') return { executionProviders: ['wasm'] };
  const webgpu = { name: 'webgpu', enableMatmulFp32Accumulation: width >= WIDE };
  return { executionProviders: [webgpu], preferredOutputLocation: { hidden_states: 'gpu-buffer' } };
}

interface PackageConfig {
  readonly text_config: { readonly hidden_size: number };
}

function endIds(): number[] {
  const bytes = mountedBytes('generation_config.json');
  const { eos_token_id: ends } = (bytes ? JSON.parse(new TextDecoder().decode(bytes)) : {}) as {
    eos_token_id?: number | number[] | null;
  };
  return [ends ?? []].flat();
}

/** Inputs of the decoder that hold keys and values, as their graphs declare them. */
export function kvInputs(parts: readonly Session[]): KvInput[] {
  return parts.flatMap(({ inputMetadata }) =>
    inputMetadata.flatMap((input): KvInput[] => {
      if (!input.isTensor || !input.name.startsWith('past_key_values.')) return [];
      const [, heads, , size] = input.shape;
      if (typeof heads !== 'number' || typeof size !== 'number')
        throw new RangeError(`${input.name} has no fixed number of heads`);
      return [{ name: input.name, type: input.type === 'float16' ? 'float16' : 'float32', heads, size }];
    }),
  );
}

class LoadedNetwork implements Network {
  readonly decoder: LanguageDecoder;
  readonly endIds = endIds();
  readonly config: unknown;
  readonly #runtime: Runtime;
  readonly #opener: SessionOpener;
  readonly #buffers: KvBuffers | null;
  readonly #encoders: EncoderSessions;

  constructor(
    runtime: Runtime,
    opener: SessionOpener,
    decoder: { readonly decoder: LanguageDecoder; readonly buffers: KvBuffers | null },
    { encoders, config }: { readonly encoders: EncoderSessions; readonly config: unknown },
  ) {
    this.config = config;
    this.#runtime = runtime;
    this.#opener = opener;
    this.decoder = decoder.decoder;
    this.#buffers = decoder.buffers;
    this.#encoders = encoders;
  }

  encodeVision(pixels: Float32Array, frames: number, size: number): Promise<Float32Array> {
    return this.#encode('vision_encoder', 'image_features', pixels, [frames, 3, size, size]);
  }

  encodeMotion(
    pixels: Float32Array,
    frames: number,
    size: number,
    features?: readonly number[],
  ): Promise<Float32Array> {
    const { Tensor } = this.#runtime.ort;
    const others = features && {
      quality_features: new Tensor('float32', presentColumns(features), [2, features.length]),
    };
    return this.#encode('motion_encoder', 'motion_features', pixels, [frames, 3, size, size], others);
  }

  async #encode(
    graph: string,
    output: string,
    pixels: Float32Array,
    dims: number[],
    others: Record<string, Ort.Tensor> = {},
  ): Promise<Float32Array> {
    await letMessagesIn();
    const session = await this.#encoders.get(graph);
    const given = new this.#runtime.ort.Tensor('float32', pixels, dims);
    const outputs = await session.run({ pixel_values: given, ...others });
    return Float32Array.from((outputs[output] as Ort.Tensor).data as Float32Array);
  }

  endEncoding(): Promise<void> {
    return this.#encoders.end();
  }

  async dispose(): Promise<void> {
    this.#buffers?.dispose();
    await this.#opener.releaseAll();
  }
}

/** Opens the language decoder with its embeddings. */
export async function openDecoder(runtime: Runtime, choice: Choice, opener: SessionOpener, width: number) {
  const { ort } = runtime;
  const { backend, variant } = choice;
  const session = sessionOptions(choice, width);
  const embedding = await openEmbedding(runtime, choice, opener, width);
  const names =
    variant.decoderParts === 1
      ? ['decoder_model_merged']
      : Array.from({ length: variant.decoderParts }, (_, k) => `decoder_model_${k}`);
  const parts: Session[] = [];
  for (const name of names) parts.push(await opener.open(name, { session }));
  // The greedy graph has no data file of its own: its weights are those of the embeddings and the decoder.
  const greedy =
    backend === 'wasm' && opener.has('decoder_greedy')
      ? await opener.open('decoder_greedy', { dataOf: ['embed_tokens', 'decoder_model_merged'], session })
      : null;
  let buffers: KvBuffers | null = null;
  if (backend === 'webgpu') {
    buffers = new KvBuffers(await deviceOf(ort), ort.Tensor, kvInputs(parts));
  }
  const pieces = new PieceSize(choice.firstPiece, choice.prefillTokens);
  const decoder = new LanguageDecoder(ort.Tensor, { embedding, parts, greedy }, width, { pieces, buffers });
  return { decoder, buffers };
}

async function openEmbedding(
  { ort }: Runtime,
  choice: Choice,
  opener: SessionOpener,
  width: number,
): Promise<Embedding> {
  const { backend, variant } = choice;
  const files = graphFiles(variant, 'embed_tokens');
  if (backend === 'webgpu' && files) {
    const model = opener.source(files.onnx);
    const folder = files.onnx.slice(0, files.onnx.lastIndexOf('/') + 1);
    const bytes = await model.read(0, model.size);
    const rows = EmbeddingRows.of(bytes, (location) => opener.source(folder + location), width);
    if (rows) return rows;
  }
  const session = sessionOptions(choice, width);
  return sessionEmbedding(ort.Tensor, await opener.open('embed_tokens', { session }));
}

/** Encoders of a variant; on a graphics device those of a large one are closed between uses. */
export function encodersOf(choice: Choice, opener: SessionOpener, width: number): EncoderSessions {
  const { backend, variant } = choice;
  const bytes = variant.files.reduce((sum, path) => sum + opener.source(path).size, 0);
  const staged = backend === 'webgpu' && bytes > STAGED;
  return new EncoderSessions(opener, sessionOptions(choice, width), staged);
}

/**
 * Opens the sessions of a package whose configuration is mounted (`mount` of runtime.ts).
 *
 * @param onBytes called with the bytes of weights that a session has read
 */
export async function loadNetwork(
  runtime: Runtime,
  choice: Choice,
  contents: PackageContents,
  onBytes: (bytes: number, file: string) => void = () => {},
): Promise<Network> {
  const config = await runtime.transformers.AutoConfig.from_pretrained(packageId, {});
  const { hidden_size: width } = (config as unknown as PackageConfig).text_config;
  const opener = new SessionOpener(runtime, choice.variant, contents, onBytes);
  const encoders = encodersOf(choice, opener, width);
  try {
    const decoder = await openDecoder(runtime, choice, opener, width);
    await encoders.prepare(['vision_encoder', 'motion_encoder']);
    return new LoadedNetwork(runtime, opener, decoder, { encoders, config });
  } catch (error) {
    await opener.releaseAll();
    throw error;
  }
}
