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

/** Bytes of a session besides its weights: the KV cache of a long answer, and the widest activations of a prefill. */
function workingBytes(
  config: CheckpointConfig,
  profile: Profile,
  half: boolean,
  plainAttention: boolean,
): number {
  const { text, vision } = config;
  const prompt = profile.frames * (profile.tokensPerFrame + 16) + 256;
  const width = half ? 2 : 4;
  const cache =
    text.num_hidden_layers * 2 * text.num_key_value_heads * text.head_dim * (prompt + 1024) * width;
  const mlp = prompt * text.intermediate_size * 3 * width;
  const scores = plainAttention ? 3 * text.num_attention_heads * prompt * prompt * width : 0;
  const patches = 1 + (profile.size / vision.patch_size) ** 2;
  // Frames are encoded one by one.
  const visionEncoder =
    vision.statistics.length > 0
      ? 4 * valueMaps * profile.size ** 2
      : 4 * (3 * vision.num_attention_heads * patches * patches + 2 * patches * vision.intermediate_size);
  const motion =
    4 *
    motionFrames(profile) *
    profile.size ** 2 *
    (3 * config.motion.fast_stem_time + 3 + config.motion.stem_slow / 4);
  // The cache exists twice while a step writes the next one; stages run one after another.
  return 2 * cache + Math.max(mlp + scores, visionEncoder, motion);
}

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
  const working = Math.ceil(workingBytes(config, profile, formats.half, choice.target === 'wasm'));
  const largest = Math.max(...graphs.map(storedBytes));
  // The page reads the package into its memory, and holds a session twice while it opens it.
  const memory =
    choice.target === 'webgpu'
      ? { gpuBytes: weights + working, heapBytes: stored + 2 * largest }
      : { gpuBytes: 0, heapBytes: stored + weights + working };
  // transformers.js refuses plain fp16 on an adapter without it; q4f16 computes in it.
  const needs: Variant['needs'] = choice.dtype === 'fp16' || choice.dtype === 'q4f16' ? ['shader-f16'] : [];
  const decoderParts = graphs.filter(({ name }) => /^decoder_model_(merged|\d+)$/.test(name)).length;
  const files = written.map(({ path }) => path);
  return { dtype: choice.dtype, target: choice.target, files, ...memory, needs, decoderParts };
}
