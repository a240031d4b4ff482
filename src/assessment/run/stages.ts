/**
 * The stages of one assessment and their expected seconds: shares of the bar from a table at first, then the running
 * means of this machine, stored per package and back end.
 */
import { withPresentStageNames } from '../../../core/stage-names.ts';
import { persist, readPersisted } from '../persisted.ts';

export const STAGES = ['index', 'decode', 'encodeVision', 'encodeMotion', 'prefill', 'generate'] as const;
export type Stage = (typeof STAGES)[number];
export type StageSeconds = Record<Stage, number>;

/** Stages of a model that answers in words, or of one that generates nothing. */
export const stagesOf = (writes: boolean): readonly Stage[] =>
  writes ? STAGES : STAGES.filter((stage) => stage !== 'generate');

const TABLE: Record<'wasm' | 'webgpu', StageSeconds> = {
  wasm: { index: 0.02, decode: 0.1, encodeVision: 0.38, encodeMotion: 0.06, prefill: 0.2, generate: 0.24 },
  webgpu: {
    index: 0.03,
    decode: 0.15,
    encodeVision: 0.25,
    encodeMotion: 0.04,
    prefill: 0.28,
    generate: 0.25,
  },
};

/** Weight of the newest run in the running mean. */
const NEWEST = 0.3;

/** Stored seconds, under present or earlier stage names; null where a stage lacks its number. */
function readSeconds(value: unknown): StageSeconds | null {
  if (typeof value !== 'object' || value === null) return null;
  const byStage = withPresentStageNames(value as Record<string, unknown>);
  const whole = STAGES.every((stage) => {
    const seconds = byStage[stage];
    return typeof seconds === 'number' && seconds >= 0 && Number.isFinite(seconds);
  });
  return whole ? (byStage as StageSeconds) : null;
}

function remembered(key: string): StageSeconds | null {
  return readPersisted(`stages.${key}`, readSeconds, null);
}

/** Share of the bar of each stage, sums to 1. `key` names package and back end. */
export function stageShares(key: string, backend: 'wasm' | 'webgpu'): StageSeconds {
  const seconds = remembered(key) ?? TABLE[backend];
  const total = STAGES.reduce((sum, stage) => sum + seconds[stage], 0) || 1;
  return Object.fromEntries(STAGES.map((stage) => [stage, seconds[stage] / total])) as StageSeconds;
}

/** Expected seconds of a whole run on this machine, or null before the first one. */
export function expectedSeconds(key: string): number | null {
  const seconds = remembered(key);
  return seconds && STAGES.reduce((sum, stage) => sum + seconds[stage], 0);
}

/** Seconds of the stages that a run went through. */
export const secondsWithout = (seconds: StageSeconds, skipped: readonly Stage[]): Partial<StageSeconds> =>
  Object.fromEntries(STAGES.flatMap((stage) => (skipped.includes(stage) ? [] : [[stage, seconds[stage]]])));

/** Adds a finished run to the mean. Stages that were skipped (cached frames) must be left out. */
export function rememberStages(key: string, run: Partial<StageSeconds>): void {
  const old = remembered(key);
  const mean = Object.fromEntries(
    STAGES.map((stage) => {
      const [before, now] = [old?.[stage], run[stage]];
      if (now === undefined) return [stage, before ?? 0];
      return [stage, before === undefined ? now : before + NEWEST * (now - before)];
    }),
  );
  persist(`stages.${key}`, mean);
}

/** Tokens of a usual answer of this model, or null before the first one. */
export function expectedTokens(key: string): number | null {
  return readPersisted(
    `tokens.${key}`,
    (value) => (typeof value === 'number' && value > 0 ? value : null),
    null,
  );
}

/** Adds the length of a finished answer to the mean. */
export function rememberTokens(key: string, tokens: number): void {
  const old = expectedTokens(key);
  persist(`tokens.${key}`, old === null ? tokens : old + NEWEST * (tokens - old));
}

/**
 * Seconds that are left, from the share done and the time since the start; null below 20 % or 3 s, where the estimate
 * would be too rough.
 */
export function secondsLeft(done: number, elapsed: number): number | null {
  if (done < 0.2 || done >= 1) return null;
  const left = (elapsed * (1 - done)) / done;
  return left > 3 ? Math.round(left) : null;
}
