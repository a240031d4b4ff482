/** A resolved recipe: every field with its value and what it means; where it differs from another recipe it says how. */
import { useMemo, useState } from 'react';
import type { RecipeCard } from '../../../core/training/run.ts';
import { Button } from '../../ui/Button.tsx';
import { useLang } from '../../ui/messages/useMessages.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Segmented } from '../../ui/Segmented.tsx';
import './RecipeTable.css';
import { explain } from './messages/recipe-messages.ts';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import { type RecipeRow, recipeRows } from './recipe-rows.ts';

export interface RecipeTableProps {
  readonly resolved: unknown;
  /** Name of the recipe. */
  readonly name: string;
  /** Recipes to compare with. */
  readonly recipes: readonly RecipeCard[];
  readonly sha256: string | null;
}

export function RecipeTable({ resolved, name, recipes, sha256 }: RecipeTableProps) {
  const t = useTrainingMessages();
  const lang = useLang();
  const others = recipes.filter((card) => card.resolved !== null);
  const current = recipes.find((one) => one.name === name);
  const [chosen, setChosen] = useState<string | null>(null);
  const base = others.find((card) => card.name === (chosen ?? current?.extends)) ?? null;
  const [only, setOnly] = useState<'all' | 'changed'>('all');
  const [filter, setFilter] = useState('');
  const [copied, setCopied] = useState(false);
  const rows = useMemo(() => recipeRows(resolved, base?.resolved ?? null), [resolved, base]);
  const changed = rows.filter((row) => row.base.is !== 'same');
  const wanted = filter.trim().toLowerCase();
  const shown = (only === 'changed' && base ? changed : rows).filter(
    (row) =>
      wanted === '' ||
      [row.path, shownValue(row.value, t), explain(row, lang) ?? ''].some((text) =>
        text.toLowerCase().includes(wanted),
      ),
  );
  return (
    <Panel
      title={t.recipe.title}
      note={base ? t.recipe.changedCount(changed.length) : undefined}
      flush
      tools={
        <Button
          icon={copied ? 'check' : 'copy'}
          onClick={() =>
            void navigator.clipboard.writeText(JSON.stringify(resolved, null, 2)).then(() => setCopied(true))
          }
        >
          {copied ? t.recipe.copied : t.recipe.copy}
        </Button>
      }
      foot={
        <>
          {t.recipe.resolved}
          {sha256 && (
            <>
              {' '}
              <span className="training-recipe__sha">{t.recipe.sha(sha256)}</span>
            </>
          )}
        </>
      }
    >
      <div className="training-recipe__tools">
        <input
          type="search"
          className="training-recipe__find ui-field"
          aria-label={t.recipe.find}
          placeholder={t.recipe.find}
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <label className="training-recipe__base">
          <span>{t.recipe.compared}</span>
          <select
            className="training-select"
            value={base?.name ?? ''}
            onChange={(event) => setChosen(event.target.value)}
          >
            <option value="">{t.recipe.nothing}</option>
            {others.map((card) => (
              <option key={card.name} value={card.name}>
                {card.name}
              </option>
            ))}
          </select>
        </label>
        {base && (
          <Segmented
            label={t.recipe.show}
            value={only}
            options={[
              { value: 'all', label: t.recipe.all },
              { value: 'changed', label: t.recipe.onlyChanged },
            ]}
            onChange={setOnly}
          />
        )}
      </div>
      {shown.length === 0 ? (
        <p className="training-wait">{wanted === '' ? t.recipe.noneChanged : t.recipe.noMatch}</p>
      ) : (
        <table className="ui-table training-recipe">
          <thead>
            <tr>
              <th scope="col">{t.recipe.field}</th>
              <th scope="col">{t.recipe.value}</th>
              <th scope="col">{t.recipe.meaning}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Row key={row.path} row={row} meaning={explain(row, lang)} base={base?.name ?? ''} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Row({ row, meaning, base }: { row: RecipeRow; meaning: string | null; base: string }) {
  const t = useTrainingMessages();
  const differs = row.base.is !== 'same';
  const dot = row.path.lastIndexOf('.');
  return (
    <tr className={differs ? 'training-recipe__row--changed' : undefined}>
      <th scope="row">
        <code>
          <span className="training-recipe__path">{row.path.slice(0, dot + 1)}</span>
          <wbr />
          {row.path.slice(dot + 1)}
        </code>
      </th>
      <td>
        <span className="training-recipe__value">{shownValue(row.value, t)}</span>
        {row.base.is === 'other' && (
          <span className="training-recipe__was">
            {t.recipe.changed(shownValue(row.base.value, t), base)}
          </span>
        )}
        {row.base.is === 'absent' && <span className="training-recipe__was">{t.recipe.added(base)}</span>}
      </td>
      <td className="training-recipe__meaning">{meaning ?? t.recipe.unknown}</td>
    </tr>
  );
}

function shownValue(value: unknown, t: ReturnType<typeof useTrainingMessages>): string {
  if (value === null) return t.recipe.null;
  if (value === true) return t.recipe.true;
  if (value === false) return t.recipe.false;
  if (typeof value === 'string') return value === '' ? '–' : value;
  if (Array.isArray(value))
    return value.length === 0 ? '–' : value.map((one) => shownValue(one, t)).join(', ');
  if (typeof value === 'object') return '–';
  return String(value);
}
