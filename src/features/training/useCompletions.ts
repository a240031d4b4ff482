/** Step and video whose completions are shown; follows the newest step until the reader selects another. */
import { useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import type { Run } from '../../../core/training/run.ts';
import { stepIndex } from './state/metrics.ts';
import { training } from './state/session.ts';
import { type Completions, completionsKey, type RunData } from './state/state.ts';

export interface ShownCompletions {
  /** Steps that have answers, ascending. */
  readonly steps: readonly number[];
  readonly step: number | null;
  readonly following: boolean;
  readonly completions: Completions | undefined;
  readonly video: number;
  readonly side: 'original' | 'perturbed';
  /** To the step that is `by` further in the list. */
  go(by: number): unknown;
  toStep(step: number): void;
  follow(): void;
  toVideo(video: number): void;
  toSide(side: 'original' | 'perturbed'): void;
}

/** Metrics that only a step with drawn answers writes. */
const ANSWERED = ['reward', 'completions/mean_length'] as const;

function answeredSteps(data: RunData | undefined): number[] {
  if (!data) return [];
  const { steps, columns } = data.table;
  const column = ANSWERED.map((name) => columns.get(name)).find((cells) => cells !== undefined);
  const measured = column ? steps.filter((_, i) => typeof column[i] === 'number') : [];
  return [...new Set([...measured, ...data.completionSteps])].sort((a, b) => a - b);
}

export function useCompletions(run: Run, data: RunData | undefined): ShownCompletions {
  const [chosen, setChosen] = useState<number | null>(null);
  const [video, setVideo] = useState(0);
  const [side, setSide] = useState<'original' | 'perturbed'>('original');
  const version = data?.version ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the table grows in place; its version says when
  const steps = useMemo(() => answeredSteps(data), [data?.table, data?.completionSteps, version]);
  const step = chosen ?? steps.at(-1) ?? null;
  const completions = useStore(training.store, (state) =>
    step === null ? undefined : state.completions.get(completionsKey(run.id, step)),
  );
  useEffect(() => {
    if (step !== null) void training.loadCompletions(run.id, step);
  }, [run.id, step]);
  /** While the newest is on its way the one before it stays: nothing jumps. */
  const [last, setLast] = useState<{ step: number; completions: Completions } | null>(null);
  useEffect(() => {
    if (step !== null && completions?.kind === 'ready') setLast({ step, completions });
  }, [step, completions]);
  const waiting = chosen === null && completions?.kind !== 'ready' && completions?.kind !== 'error' && last;
  const shown = waiting ? last : { step, completions };

  const records = shown.completions?.kind === 'ready' ? shown.completions.records.length : 0;
  return {
    steps,
    step: shown.step,
    following: chosen === null,
    completions: shown.completions,
    video: Math.min(video, Math.max(0, records - 1)),
    side,
    go(by) {
      if (shown.step === null) return false;
      const next = steps[stepIndex(steps, shown.step) + by];
      if (next !== undefined) setChosen(next);
    },
    toStep: (to) =>
      setChosen(steps.includes(to) ? to : (steps[stepIndex(steps, to)] ?? steps.at(-1) ?? null)),
    follow: () => setChosen(null),
    toVideo: setVideo,
    toSide: setSide,
  };
}
