/** Requirements of a stage on its videos, checked before anything is started. */
import { CodedError } from '../../core/errors.ts';
import type { Stage } from '../../core/training/recipe-stages.ts';
import type { DataItem } from '../data/api.ts';

/**
 * Checks for written answers, or targets, where the stage learns from them.
 *
 * @param at path of the stage in the recipe, e.g. `stages[0]`
 * @throws CodedError `train/recipe` {field, problem}
 */
export function checkItems(stage: Stage, train: readonly DataItem[], at: string): void {
  const lacking = (field: string, what: string, lacks: (item: DataItem) => boolean) => {
    const count = train.filter(lacks).length;
    const first = train.find(lacks);
    if (first)
      throw new CodedError('train/recipe', {
        field: `${at}.${field}`,
        problem: `needs ${what}; ${count} of ${train.length} videos have none, ${first.id} of ${first.source} first`,
      });
  };
  if (stage.objective === 'sft' && stage.texts === 'written')
    lacking('texts', 'a written answer to each video', (item) => item.text === undefined);
  if (stage.objective === 'fit' || stage.objective === 'regression_pretrain')
    for (const name of stage.targets) {
      const none = train.every((item) => item.targets?.[name] === undefined);
      if (stage.objective === 'fit' || none)
        lacking('targets', `the target ${name}`, (item) => item.targets?.[name] === undefined);
    }
}
