/** Transitions of the driver's state, which a checkpoint holds and a resume starts from. */
import type { DriverState } from '../store/run-folder.ts';
import { noGuardCounts } from './guards.ts';

export const firstState: DriverState = {
  step: 0,
  stage: 0,
  stageStep: 0,
  tokens: 0,
  guards: noGuardCounts,
  best: null,
  streams: { metrics: 0, completions: 0, tensorboard: {} },
  data: '',
  latest: {},
  stageEnds: [],
};

/** @param tokens in the optimiser step */
export const afterStep = (state: DriverState, tokens: number): DriverState => ({
  ...state,
  step: state.step + 1,
  stageStep: state.stageStep + 1,
  tokens: state.tokens + tokens,
});

/** The next stage begins with the model of this step. */
export const afterStage = (state: DriverState): DriverState => ({
  ...state,
  stage: state.stage + 1,
  stageStep: 0,
  guards: noGuardCounts,
  stageEnds: [...state.stageEnds, state.step],
});

/** @param value of the metric that the stage compares checkpoints by; null where it is not defined */
export function afterEvaluation(state: DriverState, value: number | null): DriverState {
  const { step, best } = state;
  return value !== null && (best === null || value > best.value)
    ? { ...state, best: { step, value } }
    : state;
}
