/** Contents of the panels of a level score, of a finished run and of a reopened result alike. Pure. */
import { levelBand, levelText } from '../../../../core/answer/level-band.ts';
import { levels as levelNames } from '../../../../core/answer/levels.ts';
import type { Result, ResultLevels } from '../../../../core/files/result.ts';
import { type ScoreProtocolId, scoreProtocols } from '../../../../core/vqa2/protocols.ts';
import { stallProtocol } from '../../../../core/vqa2/stalls.ts';
import type { LevelOutcome } from '../../../assessment/vqa2/outcome.ts';
import type { Band } from '../../../ui/BandGlyph.tsx';

/** Points of the levels from best to worst, of 100. */
export const POINTS = [100, 75, 50, 25, 0] as const;

/** Largest entropy of five levels, in nats. */
export const MOST_ENTROPY = Math.log(5);

export interface LevelRow {
  readonly band: Band;
  readonly probability: number;
  readonly points: number;
}

export interface LevelView {
  /** Of 100, as shown. */
  readonly score: string;
  readonly percent: number;
  readonly band: Band;
  /** Best to worst. */
  readonly rows: readonly LevelRow[];
  readonly entropy: number;
  readonly protocol: string;
  /** Score on the protocol's scale, where that is not 0 to 1. */
  readonly scriptScore: string | null;
  readonly prompt: string;
  readonly blocks: number;
  readonly keyFrames: number;
  readonly dense: { readonly count: number; readonly step: number };
  readonly tokens: number;
  readonly reusedTokens: number;
}

type Facts = Pick<
  ResultLevels,
  'percent' | 'entropy' | 'protocol' | 'prompt' | 'tokens' | 'weights' | 'value'
>;

function viewOf(
  facts: Facts,
  probabilities: readonly number[],
  rest: Pick<LevelView, 'blocks' | 'keyFrames' | 'dense' | 'reusedTokens'>,
): LevelView {
  const { percent, entropy, protocol, prompt, tokens } = facts;
  return {
    score: levelText(percent),
    percent,
    band: levelBand(percent),
    rows: probabilities.map((probability, i) => ({
      band: (5 - i) as Band,
      probability,
      points: POINTS[i]!,
    })),
    entropy,
    protocol,
    scriptScore: facts.weights === 'scripts' ? facts.value.toFixed(3) : null,
    prompt,
    tokens,
    ...rest,
  };
}

export function outcomeView(outcome: LevelOutcome): LevelView {
  const { levels, plan } = outcome;
  return viewOf({ ...outcome, percent: levels.percent, entropy: levels.entropy }, levels.probabilities, {
    blocks: outcome.blocks.length,
    keyFrames: plan.keyFrames.length,
    dense: { count: plan.denseFrames.length, step: outcome.denseStep },
    reusedTokens: outcome.reusedTokens,
  });
}

/** Null for the result of a model that answers in words. */
export function resultView({ levels }: Pick<Result, 'levels'>): LevelView | null {
  if (!levels) return null;
  return viewOf(
    levels,
    levelNames.map((name) => levels.probabilities[name]),
    {
      blocks: levels.blocks.length,
      keyFrames: levels.keyFrames.length,
      dense: levels.denseFrames,
      reusedTokens: 0,
    },
  );
}

/** Percent with one decimal; what is below a twentieth says so. */
export function probabilityText(probability: number): string {
  const percent = 100 * probability;
  return percent > 0 && percent < 0.05 ? '< 0.1 %' : `${percent.toFixed(1)} %`;
}

export const isScoreProtocol = (id: string): id is ScoreProtocolId | typeof stallProtocol =>
  id === stallProtocol || Object.hasOwn(scoreProtocols, id);
