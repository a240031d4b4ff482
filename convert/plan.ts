/** Sizes of a package before any weight is read, from the config alone. */
import { type CheckpointConfig, profileNamed } from '../core/files/checkpoint.ts';
import type { Requirements } from '../core/files/machine.ts';
import type { Profile } from '../core/sampling/profiles.ts';
import { Checkpoint, type Shape } from './checkpoint.ts';
import { plannedFiles, variantEntry } from './estimate.ts';
import { hollowCheckpoint } from './hollow.ts';
import { type VariantChoice, variantGraphs } from './model.ts';
import { converter } from './package.ts';

export interface PackagePlan extends Requirements {
  readonly largestTensor: number;
  readonly config: CheckpointConfig;
  readonly profile: Profile;
  readonly shapes: ReadonlyMap<string, Shape>;
}

/**
 * The variants of a checkpoint with this config.json, their files and the needs of a machine that loads them.
 *
 * @throws CodedError `convert/config`
 */
export async function planPackage(
  json: object,
  choices: readonly VariantChoice[],
  profileName?: string,
): Promise<PackagePlan> {
  const { config, shapes, files } = hollowCheckpoint(json);
  const checkpoint = await Checkpoint.open(files);
  const profile = profileNamed(config, profileName);
  const planned = choices.map((choice) => {
    const graphs = variantGraphs(checkpoint, profile, choice);
    const written = plannedFiles(graphs, choice, converter);
    const largestTensor = Math.max(...graphs.flatMap((g) => g.weights.map(({ bytes }) => bytes)));
    return { entry: variantEntry(choice, graphs, written, config, profile), written, largestTensor };
  });
  return {
    config,
    profile,
    shapes,
    largestTensor: Math.max(...planned.map(({ largestTensor }) => largestTensor)),
    variants: planned.map(({ entry }) => entry),
    files: planned.flatMap(({ written }) => written),
  };
}
