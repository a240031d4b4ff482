/** Sizes and peak memory of a variant, as they follow from the config: before and after a conversion the same formulas. */
import type { CheckpointConfig } from '../core/files/checkpoint.ts';
import type { Variant } from '../core/files/manifest.ts';
import { motionFrames, type Profile } from '../core/sampling/profiles.ts';
import { type Layout, layOut } from './external.ts';
import type { Graph } from './graph.ts';
import type { VariantChoice } from './model.ts';
import { graphFile, targetFolders, weightFormatsOf } from './weight-formats.ts';

export interface SizedFile {
  readonly path: string;
  readonly bytes: number;
}

/** Bytes of a graph's weights in the package, without those that an earlier graph stores. */
export function storedBytes(g: Graph): number {
  return g.weights.reduce((sum, weight) => sum + (weight.sharedFrom === undefined ? weight.bytes : 0), 0);
}

function loadedBytes(g: Graph): number {
  return g.weights.reduce((sum, weight) => sum + weight.loadedBytes, 0);
}

/** Files that a conversion writes for these graphs, with their exact sizes; no weight is read. */
export function plannedFiles(
  graphs: readonly Graph[],
  { dtype, target }: VariantChoice,
  producer: { readonly name: string; readonly version: string },
): SizedFile[] {
  const placed = new Map<string, Layout>();
  return graphs.flatMap((g) => {
    const file = graphFile(g.name, dtype);
    const layout = layOut(g, file, placed);
    placed.set(g.name, layout);
    const ends = new Map<string, number>();
    for (const { location, offset, length } of layout.values())
      if (location.startsWith(`${file}_data`))
        ends.set(location, Math.max(ends.get(location) ?? 0, offset + length));
    const stored = new Map(
      g.weights.map(({ name, bytes }) => [name, layout.get(name) ?? new Uint8Array(bytes)] as const),
    );
    return [
      { path: `${targetFolders[target]}/${file}`, bytes: g.encode(producer, stored).length },
      ...[...ends].map(([name, bytes]) => ({ path: `${targetFolders[target]}/${name}`, bytes })),
    ];
  });
}

/** Maps of a frame's size that are alive at once while closed-form values of fragments are computed. */
const valueMaps = 40;

/** Tokens of an answer for which the page's KV cache has room, and the step of its capacity. */
const ANSWER = 1024;
const CAPACITY_STEP = 256;

/** Prompt tokens that a graphics adapter is given at once, at most. */
const PIECE = 512;

/** Bytes of the page and of onnxruntime without a model, and of the features of frames that the page keeps. */
const PAGE = 512 * 2 ** 20;
const FEATURES = 256 * 2 ** 20;

/**
 * Bytes besides the weights: the KV cache of prompt and answer, and the widest activations; frames are encoded one by one,
 * and stages run one after another.
 */
function workingBytes(
  config: CheckpointConfig,
  profile: Profile,
  half: boolean,
  target: VariantChoice['target'],
) {
  const { text, vision } = config;
  const prompt = profile.frames * (profile.tokensPerFrame + 16) + 256;
  const width = half ? 2 : 4;
  const capacity = Math.ceil((prompt + ANSWER) / CAPACITY_STEP) * CAPACITY_STEP;
  const cache = text.num_hidden_layers * 2 * text.num_key_value_heads * text.head_dim * capacity * width;
  // The processor takes the prompt at once, with plain attention.
  const piece = target === 'webgpu' ? Math.min(PIECE, prompt) : prompt;
  const scores = target === 'webgpu' ? 0 : 3 * text.num_attention_heads * prompt * prompt * width;
  const decoder = piece * text.intermediate_size * 3 * width + scores;
  const patches = 1 + (profile.size / vision.patch_size) ** 2;
  const visionEncoder =
    vision.statistics.length > 0
      ? 4 * valueMaps * profile.size ** 2
      : 4 * (3 * vision.num_attention_heads * patches * patches + 2 * patches * vision.intermediate_size);
  const motion =
    4 *
    motionFrames(profile) *
    profile.size ** 2 *
    (3 * config.motion.fast_stem_time + 3 + config.motion.stem_slow / 4);
  // On WASM a step writes the next cache beside the present one; on WebGPU it stays where it is.
  return (target === 'webgpu' ? 1 : 2) * cache + Math.max(decoder, visionEncoder, motion);
}

/** Bytes of the features of eight videos. */
const features = ({ text }: CheckpointConfig, profile: Profile): number =>
  8 * profile.frames * profile.tokensPerFrame * text.hidden_size * 4;

/** Entry of a variant in the manifest. @param written files of the variant, all of them */
export function variantEntry(
  choice: VariantChoice,
  graphs: readonly Graph[],
  written: readonly SizedFile[],
  config: CheckpointConfig,
  profile: Profile,
): Variant {
  const formats = weightFormatsOf(choice.dtype, choice.target);
  const weights = graphs.reduce((sum, g) => sum + loadedBytes(g), 0);
  const stored = written.reduce((sum, { bytes }) => sum + bytes, 0);
  const working = Math.ceil(workingBytes(config, profile, formats.half, choice.target));
  // Rows of the embedding table are read from its file.
  const onAdapter = graphs.reduce((sum, g) => (g.name === 'embed_tokens' ? sum : sum + loadedBytes(g)), 0);
  // Weights pass through the page one at a time: read, and handed to the adapter.
  const passing = 2 * Math.max(...graphs.flatMap((g) => g.weights.map(({ bytes }) => bytes)));
  const memory =
    choice.target === 'webgpu'
      ? {
          gpuBytes: onAdapter + working,
          heapBytes: PAGE + Math.min(FEATURES, features(config, profile)) + passing,
        }
      : { gpuBytes: 0, heapBytes: stored + weights + working };
  // transformers.js refuses plain fp16 on an adapter without it; q4f16 computes in it.
  const needs: Variant['needs'] = choice.dtype === 'fp16' || choice.dtype === 'q4f16' ? ['shader-f16'] : [];
  const decoderParts = graphs.filter(({ name }) => /^decoder_model_(merged|\d+)$/.test(name)).length;
  const files = written.map(({ path }) => path);
  return { dtype: choice.dtype, target: choice.target, files, ...memory, needs, decoderParts };
}
