/** One or several answers to the same prompt: their sampling, reading and summed cost. */

import { readStrictly, type StrictReading } from '../../../core/answer/answer.ts';
import { RULES } from '../../../core/rewards/reward-rules.ts';
import type { AssessRequest, LoadedModel, RawAnswer } from '../../../workers/model/api.ts';

/** Longest answer in tokens. The recorded answers of both model families end well before it. */
export const MAX_TOKENS = 1024;

export interface Answer {
  readonly raw: RawAnswer;
  /** The strict reading; null for an answer that was stopped before its end. */
  readonly reading: StrictReading | null;
  /** Seed of the sampling; null = greedy. */
  readonly seed: number | null;
}

export type AnswerSampling = AssessRequest['sampling'];

/** Greedy for a single answer; several are sampled as in training (`ours`), with the seeds 1 … K. */
export function answerSampling(k: number, of: number): AnswerSampling {
  if (of === 1) return { kind: 'greedy' };
  const { temperature, topK } = RULES.ours;
  return { kind: 'sample', temperature, topK: topK ?? 0, seed: k + 1 };
}

/** Seed that a result with so many answers is stored with: the first one's, null for a greedy answer. */
export const firstSeed = (answers: number): number | null => (answers === 1 ? null : 1);

/** The strict reading of an answer; null when it was stopped before its end. */
export function readAnswer(raw: RawAnswer, { manifest }: LoadedModel): StrictReading | null {
  return raw.end === 'aborted' ? null : readStrictly(raw.text, manifest.scale.range);
}

/** The finished answers; without one, the answer that was stopped, so that it can be resumed. */
export function usableAnswers(answers: readonly Answer[]): readonly Answer[] {
  const finished = answers.filter(({ raw }) => raw.end !== 'aborted');
  return finished.length > 0 ? finished : answers.slice(0, 1);
}

/**
 * Seconds of the model's stages over several answers. Frames are encoded once, so those seconds are the first answer's;
 * prefill and generation are summed.
 */
export function answerSeconds(answers: readonly Answer[]): RawAnswer['seconds'] {
  const [first] = answers;
  const sum = (stage: 'prefill' | 'generate') =>
    answers.reduce((total, { raw }) => total + raw.seconds[stage], 0);
  return {
    encodeVision: first?.raw.seconds.encodeVision ?? 0,
    encodeMotion: first?.raw.seconds.encodeMotion ?? 0,
    prefill: sum('prefill'),
    generate: sum('generate'),
  };
}
