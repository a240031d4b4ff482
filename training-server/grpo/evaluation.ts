/** Held-out figures: one greedy answer to each video, undamaged, read as training reads. */

import { readForReward } from '../../core/rewards/rewards.ts';
import { mae, plcc, srcc } from '../../core/stats/correlation.ts';
import type { DataItem } from '../data/api.ts';
import { figure } from './records.ts';
import type { Setting, Values } from './setting.ts';
import { plainVideo } from './views.ts';

interface Judged {
  readonly item: DataItem;
  /** Null = unreadable. */
  readonly score: number | null;
  readonly tokens: number;
}

/** Videos in one call of the engine. */
const CHUNK = 64;

/**
 * @returns `eval/srcc`, `eval/plcc`, `eval/mae` over the readable answers, `eval/parse_rate`, `eval/mean_length`,
 *   `eval/videos`; with several sources the figures of each as `eval/NAME/srcc`, and overall their mean weighted by
 *   videos, as the paper's (scales differ from source to source)
 */
export async function evaluate(
  setting: Setting,
  onProgress: (done: number, of: number) => void,
): Promise<Values> {
  const { stage, recipe, range, profile } = setting;
  const items = setting.heldOut.slice(0, stage.evaluation.videos ?? undefined);
  const judged: Judged[] = [];
  for (let from = 0; from < items.length; from += CHUNK) {
    const chunk = items.slice(from, from + CHUNK);
    const frames = await setting.counts.of(chunk);
    const readable = chunk.flatMap((item, i) => (frames[i] === 0 ? [] : [{ item, frames: frames[i]! }]));
    if (readable.length > 0) {
      const result = await setting.engine.call('rollout', {
        videos: readable.map(({ item, frames }) => plainVideo(item, frames, profile)),
        prompt: setting.prompt,
        numGenerations: 1,
        seeds: readable.map(() => 0),
        temperature: 0,
        topK: 0,
        topP: 1,
        maxCompletionLength:
          stage.evaluation.maxTokens ?? (stage.objective === 'grpo' ? stage.maxTokens : 512),
        slots: recipe.engine.slots,
      });
      for (const { path, error } of result.failed) setting.counts.failed(path, error);
      for (const [i, completions] of result.completions.entries()) {
        const completion = completions?.[0];
        if (!completion) continue;
        const { score } = readForReward(completion.text, recipe.rules, range);
        judged.push({ item: readable[i]!.item, score, tokens: completion.tokens.length });
      }
    }
    onProgress(Math.min(from + CHUNK, items.length), items.length);
  }
  return evaluationValues(judged);
}

export function evaluationValues(judged: readonly Judged[]): Values {
  const sources = [...new Set(judged.map(({ item }) => item.source))];
  const each = sources.map(
    (source) => [source, agreement(judged.filter((one) => one.item.source === source))] as const,
  );
  const mean = (values: readonly number[]) => figure(values.reduce((sum, x) => sum + x, 0) / values.length);
  const [only] = each;
  const weighted = (name: string) => {
    const known = each.flatMap(([, { values, n }]) =>
      values[name] == null ? [] : [{ value: values[name], n }],
    );
    const total = known.reduce((sum, { n }) => sum + n, 0);
    return figure(known.reduce((sum, { value, n }) => sum + value * n, 0) / total);
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
    'eval/parse_rate': mean(judged.map(({ score }) => Number(score !== null))),
    'eval/mean_length': mean(judged.map(({ tokens }) => tokens)),
    'eval/videos': judged.length,
  };
}

function agreement(judged: readonly Judged[]): { values: Record<string, number | null>; n: number } {
  const read = judged.flatMap(({ item, score }) => (score === null ? [] : [{ score, mos: item.mos }]));
  const [scores, labels] = [read.map(({ score }) => score), read.map(({ mos }) => mos)];
  const few = read.length < 2;
  return {
    values: {
      srcc: few ? null : figure(srcc(scores, labels).value),
      plcc: few ? null : figure(plcc(scores, labels).value),
      mae: read.length === 0 ? null : figure(mae(scores, labels).value),
    },
    n: read.length,
  };
}
