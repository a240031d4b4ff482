import type { AssessState } from '../../../assessment/assess-store.ts';
import { type LevelView, outcomeView, resultView } from './level-view.ts';

/** The level score that a state holds; null without one. */
export function levelViewOf({ levels, phase, result }: AssessState): LevelView | null {
  if (levels) return outcomeView(levels);
  return phase === 'reopened' && result ? resultView(result) : null;
}
