/**
 * Source of the completions of rollouts and evaluations. The engine that trains is the only one here: its weights are the
 * policy's at every moment, and its draws depend on (seed, number) alone, so that a resumed run repeats its steps.
 * docs/rollouts.md says what another one would have to do.
 */
import type { Engine } from '../engine/client.ts';
import type { Params, Result } from '../engine/protocol.ts';

export interface CompletionSource {
  /**
   * K completions of each video under the present weights, with log π of each token at temperature 1; null for a video that
   * cannot be decoded.
   *
   * @throws EngineError
   */
  generate(params: Params<'rollout'>): Promise<Result<'rollout'>>;
}

/** Makes the source of a stage; called once the engine has loaded it. */
export type SourceOf = (engine: Engine) => CompletionSource;

export const engineCompletions: SourceOf = (engine) => ({
  generate: (params) => engine.call('rollout', params),
});
