/** Constraints between fields of a recipe; the schema checks each field alone. Ours. */
import type { ScoreRange } from '../answer/answer.ts';
import { CodedError } from '../errors.ts';
import type { Recipe } from './recipe.ts';
import type { GrpoStage, Stage } from './recipe-stages.ts';

function refuse(field: string, problem: string): never {
  throw new CodedError('train/recipe', { field, problem }, `train/recipe: ${field}: ${problem}`);
}

function checkStage(recipe: Recipe, stage: Stage, at: string): void {
  if (recipe.stages.filter((other) => other.name === stage.name).length > 1)
    refuse(`${at}.name`, `is used twice: ${stage.name}`);
  for (const role of ['train', 'heldOut'] as const)
    stage[role].forEach((name, i) => {
      if (!(name in recipe.sources)) refuse(`${at}.${role}[${i}]`, `names no source: ${name}`);
    });
  const both = stage.train.find((name) => stage.heldOut.includes(name));
  if (both !== undefined) refuse(`${at}.heldOut`, `holds a source that is trained on: ${both}`);
  checkLabels(recipe, stage, at);
  if (stage.objective !== 'fit' && (stage.steps === null) === (stage.epochs === null))
    refuse(`${at}.steps`, 'must be given, or epochs, and not both');
  if (stage.objective !== 'fit' && Object.values(stage.parts).every((trains) => !trains))
    refuse(`${at}.parts`, 'must have one that trains');
  if (stage.lora !== null && !stage.parts.languageModel)
    refuse(`${at}.lora`, 'adapts the language model, which does not train: set parts.languageModel');
  if (stage.optimiser.kind === 'adamw-sr' && recipe.engine.precision !== 'bf16')
    refuse(`${at}.optimiser.kind`, 'adamw-sr rounds bf16 weights; with fp32 take adamw');
  if (stage.objective === 'grpo') checkGrpo(recipe, stage, at);
}

/** Refuses unlabelled videos where a label is needed. */
function checkLabels({ sources, rules }: Recipe, stage: Stage, at: string): void {
  const unlabelled = (names: readonly string[]) => names.find((name) => sources[name]?.kind === 'paths');
  const heldOut = unlabelled(stage.heldOut);
  if (heldOut !== undefined) refuse(`${at}.heldOut`, `has no labels to compare with: ${heldOut}`);
  const train = unlabelled(stage.train);
  if (train === undefined) return;
  if (stage.objective !== 'grpo')
    refuse(`${at}.train`, `has no labels, which ${stage.objective} needs: ${train}`);
  if (rules.rankTruth === 'mos' && rules.columns.rank > 0)
    refuse('rules.rankTruth', `must be "votes" to train on videos without labels: ${train}`);
  if (rules.columns.regression > 0)
    refuse('rules.columns.regression', `must be 0 to train on videos without labels: ${train}`);
}

function checkGrpo({ rules }: Recipe, stage: GrpoStage, at: string): void {
  if (stage.k < 2)
    refuse(`${at}.k`, 'must be at least 2: an answer’s advantage is its difference from the others');
  if (stage.lossType === 'cispo' && stage.epsilonHigh < 1)
    refuse(
      `${at}.epsilonHigh`,
      'must be at least 1 with cispo, which clips ratios at ε itself; its paper has 5',
    );
  if (rules.rankOpponents === 'batch') {
    if (rules.columns.rank > 0 && rules.videosPerStep < 2)
      refuse('rules.videosPerStep', 'must be at least 2: the rank reward compares videos');
  } else if (rules.videosPerStep % rules.rankOpponents.processVideos !== 0)
    refuse(
      'rules.videosPerStep',
      `must be a multiple of the ${rules.rankOpponents.processVideos} videos of a process`,
    );
  if (stage.checkpoints.everySteps % stage.iterations !== 0)
    refuse(
      `${at}.checkpoints.everySteps`,
      `must be a multiple of the ${stage.iterations} iterations on a rollout`,
    );
  if (stage.steps !== null && stage.steps % stage.iterations !== 0)
    refuse(`${at}.steps`, `must be a multiple of the ${stage.iterations} iterations on a rollout`);
  const every = stage.evaluation.everySteps;
  if (every !== null && every % stage.iterations !== 0)
    refuse(
      `${at}.evaluation.everySteps`,
      `must be a multiple of the ${stage.iterations} iterations on a rollout`,
    );
}

/** @throws CodedError `train/recipe` {field, problem} */
export function checkRecipe(recipe: Recipe): void {
  for (const [i, stage] of recipe.stages.entries()) checkStage(recipe, stage, `stages[${i}]`);
  for (const [name, source] of Object.entries(recipe.sources))
    if ('range' in source && !(source.range[0] < source.range[1]))
      refuse(`sources.${name}.range`, 'must rise');
  const { temporalOn, temporal, alphaMode, alpha } = recipe.rules;
  if (temporalOn && temporal.bonus === 'aboveTau' && alphaMode === 'scale' && temporal.tauRegression >= alpha)
    refuse(
      'rules.temporal.tauRegression',
      `is out of reach: with alphaMode "scale" no reward passes α = ${alpha}`,
    );
}

/** Scale of the scores that training reads: [0, 5] where labels are MOS/20, else [1, 5]. */
export function scoreRange({ rules }: Pick<Recipe, 'rules'>): ScoreRange {
  return rules.labels === 'mosOver20' ? [0, 5] : [1, 5];
}
