/** The few facts of a run's recipe that its charts and answers name: limits, K, videos in a step. */
import { useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import { recipeSchema } from '../../../core/training/recipe.ts';
import type { Run } from '../../../core/training/run.ts';
import { training } from './state/session.ts';

export interface RecipeFacts {
  readonly objectives: readonly string[];
  readonly k: number | null;
  readonly videosPerStep: number | null;
  readonly maxTokens: number | null;
  readonly maxKl: number | null;
  readonly evaluateEvery: number | null;
}

const NONE: RecipeFacts = {
  objectives: [],
  k: null,
  videosPerStep: null,
  maxTokens: null,
  maxKl: null,
  evaluateEvery: null,
};

/** @param resolved recipe as the server gives it; what cannot be read gives no facts */
export function recipeFacts(resolved: unknown): RecipeFacts {
  const read = recipeSchema.safeParse(resolved);
  if (!read.success) return NONE;
  const { stages, rules } = read.data;
  const grpo = stages.findLast((stage) => stage.objective === 'grpo');
  return {
    objectives: stages.map((stage) => stage.objective),
    k: grpo?.k ?? null,
    videosPerStep: grpo ? rules.videosPerStep : null,
    maxTokens: grpo?.maxTokens ?? null,
    maxKl: grpo?.guards.maxKl ?? null,
    evaluateEvery: stages.at(-1)?.evaluation.everySteps ?? null,
  };
}

export function useRecipeFacts(run: Run): RecipeFacts {
  const detail = useStore(training.store, (state) => state.details.get(run.id));
  useEffect(() => void training.loadDetail(run.id), [run.id]);
  return useMemo(() => recipeFacts(detail?.resolved), [detail]);
}
