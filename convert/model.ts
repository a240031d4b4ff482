/** The graphs of a variant: four, more where the decoder is cut, and one more where a small decoder runs on WASM. */
import type { Profile } from '../core/sampling/profiles.ts';
import type { Checkpoint } from './checkpoint.ts';
import { embedTokens } from './embed.ts';
import type { Graph, GraphOptions } from './graph.ts';
import { greedyLanguageDecoder, wantsGreedy } from './greedy.ts';
import { languageDecoders } from './language-decoder.ts';
import { motionEncoder } from './slowfast.ts';
import { visionEncoder } from './vision.ts';
import { type Dtype, type Target, weightFormatsOf } from './weight-formats.ts';

export interface VariantChoice {
  readonly dtype: Dtype;
  readonly target: Target;
}

export function variantGraphs(
  checkpoint: Checkpoint,
  profile: Profile,
  variant: VariantChoice,
  options: GraphOptions = {},
): Graph[] {
  const formats = weightFormatsOf(variant.dtype, variant.target);
  const embed = embedTokens(checkpoint, formats, options);
  const steps = languageDecoders(checkpoint, profile, formats, options);
  const graphs = [
    visionEncoder(checkpoint, profile, formats, options),
    motionEncoder(checkpoint, profile, formats, options),
    embed,
    ...steps,
  ];
  if (steps.length > 1 || !wantsGreedy(checkpoint, formats, options)) return graphs;
  return [
    ...graphs,
    greedyLanguageDecoder(checkpoint, profile, formats, { ...options, sharesWith: [embed, ...steps] }),
  ];
}
