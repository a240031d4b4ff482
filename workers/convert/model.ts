/** The four graphs of a variant. */
import type { Profile } from '../../src/core/profiles.ts';
import type { Checkpoint } from './checkpoint.ts';
import { decoder } from './decoder.ts';
import { embedTokens } from './embed.ts';
import { type Dialect, type Dtype, formsOf } from './forms.ts';
import type { Graph, GraphOptions } from './graph.ts';
import { motionEncoder } from './slowfast.ts';
import { visionEncoder } from './vision.ts';

export interface VariantChoice {
  readonly dtype: Dtype;
  readonly dialect: Dialect;
}

export function variantGraphs(
  checkpoint: Checkpoint,
  profile: Profile,
  variant: VariantChoice,
  options: GraphOptions = {},
): Graph[] {
  const forms = formsOf(variant.dtype, variant.dialect);
  return [
    visionEncoder(checkpoint, profile, forms, options),
    motionEncoder(checkpoint, profile, forms, options),
    embedTokens(checkpoint, forms, options),
    decoder(checkpoint, profile, forms, options),
  ];
}
