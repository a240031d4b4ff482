/** Several answers to one question: how they are drawn, and what they cost together. */

import { RULES } from '../../../core/rewards/reward-rules.ts';
import type { AssessRequest } from '../../../workers/model/api.ts';
import type { RunResult } from './run-assessment.ts';

/** Greedy for a single answer; several are drawn as in training (`ours`), with the seeds 1 … K. */
export function answerSampling(k: number, of: number): AssessRequest['sampling'] {
  if (of === 1) return { kind: 'greedy' };
  const { temperature, topK } = RULES.ours;
  return { kind: 'sample', temperature, topK: topK ?? 0, seed: k + 1 };
}

/** Seed that a result of so many answers is written down with: the first one's. */
export const firstSeed = (answers: number): number | null => (answers === 1 ? null : 1);

/**
 * Several runs over the same video as one: frames are decoded and looked at once, so those seconds are the first run's;
 * reading the prompt and writing are summed.
 *
 * @param runs at least one
 */
export function joinRuns(runs: readonly RunResult[]): RunResult {
  const [first] = runs;
  if (!first) throw new RangeError('no run to join');
  const sum = (stage: 'prefill' | 'generate') => runs.reduce((total, run) => total + run.seconds[stage], 0);
  return { ...first, seconds: { ...first.seconds, prefill: sum('prefill'), generate: sum('generate') } };
}
