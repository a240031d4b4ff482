/** Start of a stage, new or resumed: its checkpoint, profile and data, and the weights in the engine. */
import { CodedError } from '../../core/errors.ts';
import type { Profile } from '../../core/sampling/profiles.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type { StageData } from '../data/stage-data.ts';
import type { Engine } from '../engine/client.ts';
import type { DriverState, RunFolder } from '../store/run-folder.ts';
import { hashOf } from './load-params.ts';
import { trainingProfile } from './profile.ts';

export interface StageStart {
  /** Folder of the weights: the recipe's, or those that the stage before ended with. */
  readonly checkpoint: string;
  readonly profile: Profile;
  /** SHA-256 of videos and labels. */
  readonly dataHash: string;
}

/**
 * @param first real path of the recipe's checkpoint
 * @throws CodedError `train/recipe` where videos or labels have changed since the checkpoint that the stage resumes from,
 *   and for an unsupported profile; `train/checkpoint` where config.json cannot be read
 */
export async function stageStart(
  folder: RunFolder,
  recipe: Recipe,
  state: DriverState,
  data: StageData,
  first: string,
): Promise<StageStart> {
  const end = state.stageEnds[state.stage - 1];
  const dataHash = hashOf(data);
  if (state.stageStep > 0 && state.data !== dataHash) {
    const problem = `have other videos or labels than at step ${state.step}`;
    throw new CodedError('train/recipe', { field: 'sources', problem });
  }
  return {
    checkpoint: end === undefined ? first : folder.model(end),
    profile: await trainingProfile(first, recipe.model.profile),
    dataHash,
  };
}

/** @throws CodedError `train/checkpoint` {step, problem} where the engine restores another step */
export async function restoreEngine(engine: Engine, folder: RunFolder, step: number): Promise<void> {
  const { extra } = await engine.call('restore', { folder: folder.state(step) });
  const restored = (extra as { step?: unknown } | null)?.step;
  if (restored === step) return;
  const problem = `the checkpoint of step ${step} holds step ${String(restored)}`;
  throw new CodedError('train/checkpoint', { step, problem }, problem);
}
