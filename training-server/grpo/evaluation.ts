/** Held-out metrics: one greedy completion of each clean video, read as training reads. */

import { readForReward } from '../../core/rewards/rewards.ts';
import { mae, plcc, srcc } from '../../core/stats/correlation.ts';
import type { DataItem } from '../data/api.ts';
import { finiteOrNull } from './records.ts';
import type { Metrics, StageContext } from './stage-context.ts';
import { cleanVideo } from './views.ts';

interface EvaluatedVideo {
  readonly item: DataItem;
  /** Null = unreadable. */
  readonly score: number | null;
  readonly tokens: number;
}

/** Videos in one call of the engine. */
const CHUNK = 64;

/**
 * @returns `eval/srcc`, `eval/plcc`, `eval/mae` over the readable completions, `eval/parse_rate`, `eval/mean_length`,
 *   `eval/videos`; with several sources the metrics of each as `eval/NAME/srcc`, and overall their mean weighted by
 *   videos, as the paper's (scales differ between sources)
 */
export async function evaluate(
  context: StageContext,
  onProgress: (done: number, of: number) => void,
): Promise<Metrics> {
  const { stage, recipe, range, profile } = context;
  const items = context.heldOut.slice(0, stage.evaluation.videos ?? undefined);
  const evaluated: EvaluatedVideo[] = [];
  for (let from = 0; from < items.length; from += CHUNK) {
    const chunk = items.slice(from, from + CHUNK);
    const frames = await context.counts.of(chunk);
    const readable = chunk.flatMap((item, i) => (frames[i] === 0 ? [] : [{ item, frames: frames[i]! }]));
    if (readable.length > 0) {
      const result = await context.completions.generate({
        videos: readable.map(({ item, frames }) => cleanVideo(item, frames, profile)),
        prompt: context.prompt,
        numGenerations: 1,
        seeds: readable.map(() => 0),
        temperature: 0,
        topK: 0,
        topP: 1,
        maxCompletionLength:
          stage.evaluation.maxTokens ?? (stage.objective === 'grpo' ? stage.maxTokens : 512),
        slots: recipe.engine.slots,
      });
      for (const { path, error } of result.failed) context.counts.failed(path, error);
      for (const [i, completions] of result.completions.entries()) {
        const completion = completions?.[0];
        if (!completion) continue;
        const { score } = readForReward(completion.text, recipe.rules, range);
        evaluated.push({ item: readable[i]!.item, score, tokens: completion.tokens.length });
      }
    }
    onProgress(Math.min(from + CHUNK, items.length), items.length);
  }
  return evaluationMetrics(evaluated);
}

export function evaluationMetrics(evaluated: readonly EvaluatedVideo[]): Metrics {
  const sources = [...new Set(evaluated.map(({ item }) => item.source))];
  const each = sources.map(
    (source) => [source, agreement(evaluated.filter((one) => one.item.source === source))] as const,
  );
  const mean = (values: readonly number[]) =>
    finiteOrNull(values.reduce((sum, x) => sum + x, 0) / values.length);
  const [only] = each;
  const weighted = (name: string) => {
    const defined = each.flatMap(([, { values, n }]) =>
      values[name] == null ? [] : [{ value: values[name], n }],
    );
    const total = defined.reduce((sum, { n }) => sum + n, 0);
    return finiteOrNull(defined.reduce((sum, { value, n }) => sum + value * n, 0) / total);
  };
  const names = ['srcc', 'plcc', 'mae'] as const;
  return {
    ...Object.fromEntries(
      names.map((name) => [`eval/${name}`, each.length === 1 ? only![1].values[name]! : weighted(name)]),
    ),
    ...(each.length > 1 &&
      Object.fromEntries(
        each.flatMap(([source, { values }]) =>
          names.map((name) => [`eval/${source}/${name}`, values[name]!]),
        ),
      )),
    'eval/parse_rate': mean(evaluated.map(({ score }) => Number(score !== null))),
    'eval/mean_length': mean(evaluated.map(({ tokens }) => tokens)),
    'eval/videos': evaluated.length,
  };
}

function agreement(evaluated: readonly EvaluatedVideo[]): {
  values: Record<string, number | null>;
  n: number;
} {
  const read = evaluated.flatMap(({ item: { mos }, score }) =>
    score === null || mos === null ? [] : [{ score, mos }],
  );
  const [scores, labels] = [read.map(({ score }) => score), read.map(({ mos }) => mos)];
  const few = read.length < 2;
  return {
    values: {
      srcc: few ? null : finiteOrNull(srcc(scores, labels).value),
      plcc: few ? null : finiteOrNull(plcc(scores, labels).value),
      mae: read.length === 0 ? null : finiteOrNull(mae(scores, labels).value),
    },
    n: read.length,
  };
}
