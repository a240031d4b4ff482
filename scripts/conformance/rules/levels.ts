/** `levels.json`: the VQA² level score. */
import { levelScore, mosToLevel } from '../../../core/answer/levels.ts';
import { type ConformanceReport, goldenNumber, goldenNumbers, tally, type Written } from './report.ts';

export interface LevelsFile {
  readonly cases: readonly {
    readonly id: string;
    readonly logits: readonly (number | string)[];
    readonly probabilities: Written | null;
    readonly score_paper: number | null;
    readonly score_100?: number | null;
    readonly score_head: number | null;
    readonly argmax: string | null;
    readonly expected_std: number | null;
    readonly entropy: number | null;
  }[];
  readonly mos_to_level?: {
    readonly cases: readonly { readonly mos: number; readonly level: string | null }[];
  };
}

/** 1e-12; levels exact. */
export function checkLevels(file: LevelsFile): ConformanceReport {
  const t = tally('levels', 1e-12);
  for (const c of file.cases) {
    t.count();
    const got = levelScore(c.logits.map(goldenNumber));
    t.equal(`${c.id} level`, got?.level ?? null, c.argmax);
    if (got === null || c.probabilities === null) {
      t.equal(`${c.id} probabilities`, got?.probabilities ?? null, c.probabilities);
      continue;
    }
    t.nearAll(`${c.id} probabilities`, got.probabilities, goldenNumbers(c.probabilities));
    t.near(`${c.id} score`, got.score, Number(c.score_paper));
    if (c.score_100 !== undefined) t.near(`${c.id} percent`, got.percent, Number(c.score_100));
    t.near(`${c.id} script score`, got.scriptScore, Number(c.score_head));
    t.near(`${c.id} spread`, got.spread, Number(c.expected_std));
    t.near(`${c.id} entropy`, got.entropy, Number(c.entropy));
  }
  for (const c of file.mos_to_level?.cases ?? []) {
    t.count();
    t.equal(`mos ${c.mos}`, mosToLevel(c.mos), c.level);
  }
  return t.report();
}
