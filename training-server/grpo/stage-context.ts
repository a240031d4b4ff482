/** The context of a stage: engine, recipe, videos and prompt, shared by its objective and its evaluation. */
import type { ScoreRange } from '../../core/answer/answer.ts';
import type { Profile } from '../../core/sampling/profiles.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type { Stage } from '../../core/training/recipe-stages.ts';
import type { StageData } from '../data/stage-data.ts';
import type { Engine } from '../engine/client.ts';
import type { CompletionSource } from './completion-source.ts';
import type { FrameCounts } from './frame-counts.ts';

export interface StageContext<S extends Stage = Stage> extends StageData {
  readonly engine: Engine;
  readonly completions: CompletionSource;
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

/** Metrics of a step by name; null where one is not defined. */
export type Metrics = Record<string, number | null>;
