/** What every objective of a stage needs to know. */
import type { ScoreRange } from '../../src/core/answer.ts';
import type { Profile } from '../../src/core/profiles.ts';
import type { Recipe } from '../../src/core/training/recipe.ts';
import type { Stage } from '../../src/core/training/recipe-stages.ts';
import type { DataItem } from '../data/api.ts';
import type { Engine } from '../engine/client.ts';
import type { FrameCounts } from './frame-counts.ts';

/** The videos of a stage. */
export interface StageData {
  readonly train: readonly DataItem[];
  readonly heldOut: readonly DataItem[];
}

export interface Setting<S extends Stage = Stage> extends StageData {
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly stage: S;
  /** Text that seeds every draw of the stage. */
  readonly seed: string;
  readonly profile: Profile;
  /** The whole conversation, placeholders expanded. */
  readonly prompt: string;
  /** Scale on which answers are read strictly. */
  readonly range: ScoreRange;
  readonly counts: FrameCounts;
}

export type Values = Record<string, number | null>;
