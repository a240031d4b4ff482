/** The four graphs of a variant. */
import type { Profile } from '../../src/core/profiles.ts';
import type { Checkpoint } from './checkpoint.ts';
import { decoder } from './decoder.ts';
import { embedTokens } from './embed.ts';
import { type Dialect, type Dtype, formsOf } from './forms.ts';
import type { Graph } from './graph.ts';
import { motionEncoder } from './slowfast.ts';
import { visionEncoder } from './vision.ts';

export interface VariantChoice {
  readonly dtype: Dtype;
  readonly dialect: Dialect;
}

/** @param tapped with intermediate outputs, for conformance checks */
export function variantGraphs(
  checkpoint: Checkpoint,
  profile: Profile,
  variant: VariantChoice,
  tapped = false,
): Graph[] {
  const forms = formsOf(variant.dtype, variant.dialect);
  return [
    visionEncoder(checkpoint, profile, forms, tapped),
    motionEncoder(checkpoint, profile, forms, tapped),
    embedTokens(checkpoint, forms),
    decoder(checkpoint, profile, forms, tapped),
  ];
}
