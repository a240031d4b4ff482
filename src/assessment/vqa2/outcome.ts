/** A level score with everything behind it. */
import type { LevelScore } from '../../../core/answer/levels.ts';
import type { ScoreProtocol } from '../../../core/vqa2/protocols.ts';
import type { ScorePlan } from '../../../core/vqa2/score-plan.ts';
import type { Stall, stallProtocol } from '../../../core/vqa2/stalls.ts';

export interface LevelOutcome {
  readonly protocol: ScoreProtocol['id'] | typeof stallProtocol;
  readonly blocks: ScoreProtocol['blocks'];
  readonly weights: ScoreProtocol['weights'];
  /** Byte for byte up to the word that is scored, `<image>` for each block. */
  readonly prompt: string;
  readonly plan: ScorePlan;
  /** Frames between two dense ones. */
  readonly denseStep: number;
  /** Stalls that the prompt tells; null where it tells none. */
  readonly stalls: readonly Stall[] | null;
  /** In the order of `levels`. */
  readonly logits: readonly number[];
  readonly levels: LevelScore;
  /** On the protocol's scale. */
  readonly value: number;
  readonly tokens: number;
  /** Tokens of it that an earlier score had computed. */
  readonly reusedTokens: number;
}
