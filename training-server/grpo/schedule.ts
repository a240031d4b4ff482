/** Learning rate over the steps of a stage, as in the transformers library: step 0 of a warm-up has rate 0. */
import type { Stage } from '../../core/training/recipe-stages.ts';

/**
 * @param step optimiser steps of the stage already taken
 * @param steps of the stage, where the schedule has no length of its own
 */
export function learningRate(
  stage: Pick<Stage, 'schedule' | 'optimiser'>,
  step: number,
  steps: number,
): number {
  const { kind, warmupSteps, length } = stage.schedule;
  const { lr } = stage.optimiser;
  if (step < warmupSteps) return (lr * step) / warmupSteps;
  if (kind === 'constant') return lr;
  const share = Math.min(1, (step - warmupSteps) / Math.max(1, (length ?? steps) - warmupSteps));
  return kind === 'linear' ? lr * (1 - share) : (lr * (1 + Math.cos(Math.PI * share))) / 2;
}
