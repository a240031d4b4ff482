/** A new run: the recipes as cards, the server's check of the chosen one, and *Start*. */
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { type CodedErrorData, isAbort } from '../../../core/errors.ts';
import type { RecipeCard, ValidationReport } from '../../../core/training/run.ts';
import { toErrorData } from '../../assessment/model/model-store.ts';
import { useActions } from '../../page/useActions.ts';
import { Button } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { useErrorText } from '../../ui/messages/useMessages.tsx';
import { training } from './state/session.ts';
import './NewRun.css';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import { RecipeTable } from './RecipeTable.tsx';
import { Report } from './Report.tsx';

type Check =
  | { readonly kind: 'none' }
  | { readonly kind: 'checking' }
  | { readonly kind: 'report'; readonly report: ValidationReport }
  | { readonly kind: 'error'; readonly error: CodedErrorData };

export interface NewRunProps {
  /** No run is there yet: nothing to go back to. */
  readonly first: boolean;
  /** Name of the recipe that is chosen already. */
  readonly recipe: string | null;
  readonly onClose: () => void;
}

/** Choice of a recipe and the server's check of it; a newer choice or check aborts the running one. */
function useRecipeCheck(initial: string | null, onStarted: () => void) {
  const [chosen, setChosen] = useState(initial);
  const [check, setCheck] = useState<Check>({ kind: 'none' });
  const [starting, setStarting] = useState(false);
  const pending = useRef<AbortController | null>(null);
  useEffect(() => () => pending.current?.abort(), []);
  return {
    chosen,
    check,
    starting,
    choose(name: string) {
      pending.current?.abort();
      setChosen(name);
      setCheck({ kind: 'none' });
    },
    async validate() {
      const api = training.api();
      if (!api || chosen === null) return;
      pending.current?.abort();
      const request = new AbortController();
      pending.current = request;
      setCheck({ kind: 'checking' });
      try {
        const report = await api.validate(chosen, request.signal);
        if (!request.signal.aborted) setCheck({ kind: 'report', report });
      } catch (error) {
        if (!request.signal.aborted && !isAbort(error))
          setCheck({ kind: 'error', error: toErrorData(error) });
      }
    },
    async start() {
      if (chosen === null) return;
      setStarting(true);
      try {
        await training.start(chosen);
        onStarted();
      } catch (error) {
        setCheck({ kind: 'error', error: toErrorData(error) });
      } finally {
        setStarting(false);
      }
    },
  };
}

type RecipeCheck = ReturnType<typeof useRecipeCheck>;

export function NewRun({ first, recipe, onClose }: NewRunProps) {
  const t = useTrainingMessages();
  const recipes = useStore(training.store, (state) => state.recipes);
  const checked = useRecipeCheck(recipe, onClose);
  useEffect(() => void training.loadRecipes(), []);
  useActions({ escape: first ? null : () => onClose() });
  const card = recipes?.find(({ name }) => name === checked.chosen) ?? null;
  return (
    <div className="training-new">
      <header className="training-new__head">
        <div>
          <h2 className="training-new__title">{first ? t.runs.none : t.start.title}</h2>
          <p>{first ? t.runs.noneBody : t.start.lead}</p>
        </div>
        {!first && <Button onClick={onClose}>{t.start.back}</Button>}
      </header>
      <RecipeCards recipes={recipes} chosen={checked.chosen} onChoose={checked.choose} />
      {card && <CheckSection card={card} recipes={recipes ?? []} checked={checked} />}
    </div>
  );
}

function RecipeCards(props: {
  readonly recipes: readonly RecipeCard[] | null;
  readonly chosen: string | null;
  readonly onChoose: (name: string) => void;
}) {
  const { recipes, chosen, onChoose } = props;
  const t = useTrainingMessages();
  const failed = useStore(training.store, (state) => state.actionError);
  if (recipes === null)
    return failed ? (
      <ErrorCard
        error={failed}
        actions={[{ label: t.server.tryNow, onClick: () => void training.loadRecipes() }]}
      />
    ) : (
      <p className="training-wait">{t.start.loading}</p>
    );
  if (recipes.length === 0) return <p className="training-wait">{t.start.none}</p>;
  return (
    <fieldset className="training-cards">
      <legend className="ui-sr">{t.start.recipes}</legend>
      {byReadiness(recipes).map((one) => (
        <Card key={one.name} card={one} chosen={one.name === chosen} onChoose={() => onChoose(one.name)} />
      ))}
    </fieldset>
  );
}

/** Recipes that this server can start first, then the others; by name within both. */
export const byReadiness = (recipes: readonly RecipeCard[]): RecipeCard[] =>
  recipes.toSorted((a, b) => Number(b.ready === true) - Number(a.ready === true));

function CheckSection(props: {
  readonly card: RecipeCard;
  readonly recipes: readonly RecipeCard[];
  readonly checked: RecipeCheck;
}) {
  const { card, recipes, checked } = props;
  const { check } = checked;
  const report = check.kind === 'report' ? check.report : null;
  const fault = check.kind === 'error' ? check.error : null;
  return (
    <section className="training-check" aria-labelledby="training-check">
      <CheckHead card={card} checked={checked} />
      {check.kind === 'checking' && <div className="training-check__working" />}
      {[card.error, fault].map(
        (error) =>
          error && (
            <div key={error.code} className="training-check__error">
              <ErrorCard error={error} />
            </div>
          ),
      )}
      {report && <Report report={report} />}
      {card.resolved !== null && (
        <RecipeTable
          key={card.name}
          resolved={report?.recipe ?? card.resolved}
          name={card.name}
          recipes={recipes}
          sha256={report?.recipeSha256 ?? null}
        />
      )}
    </section>
  );
}

function CheckHead({ card, checked }: { readonly card: RecipeCard; readonly checked: RecipeCheck }) {
  const t = useTrainingMessages();
  const head = useRef<HTMLHeadingElement>(null);
  const { check, starting } = checked;
  const ready = check.kind === 'report' && check.report.ok;
  const status = { none: t.start.nothingStarted, checking: t.start.checking, report: '', error: '' };
  return (
    <header className="training-check__head">
      <h3 id="training-check" ref={head} tabIndex={-1}>
        {card.name}
      </h3>
      <p role="status">{status[check.kind]}</p>
      <Button
        look={ready ? 'plain' : 'primary'}
        disabled={check.kind === 'checking' || card.error !== null}
        onClick={() => void checked.validate().then(() => head.current?.focus())}
      >
        {t.start.check}
      </Button>
      <Button
        look={ready ? 'primary' : 'plain'}
        icon="play"
        disabled={!ready || starting}
        title={ready ? undefined : t.start.checkFirst}
        onClick={() => void checked.start()}
      >
        {starting ? t.start.starting : t.start.start}
      </Button>
    </header>
  );
}

function Card(props: { readonly card: RecipeCard; readonly chosen: boolean; readonly onChoose: () => void }) {
  const { card, chosen, onChoose } = props;
  const t = useTrainingMessages();
  const stages = card.objectives.map((objective) => t.head.objectives[objective] ?? objective);
  return (
    <label className={`training-card${chosen ? ' training-card--chosen' : ''}`}>
      <input
        type="radio"
        name="recipe"
        className="training-card__input"
        checked={chosen}
        onChange={onChoose}
      />
      <span className="training-card__name">{card.name}</span>
      <span className="training-card__stages">
        {[stages.join(' → '), card.extends ? t.start.extends(card.extends) : ''].filter(Boolean).join(' · ')}
      </span>
      {/* A recipe's text is its author's; ours are in English. */}
      {card.about && (
        <span className="training-card__about" lang="en">
          {card.about}
        </span>
      )}
      {card.needs && (
        <span className="training-card__needs">
          <span>{t.start.needs}</span> <span lang="en">{card.needs}</span>
        </span>
      )}
      {card.ready !== null && (
        <span className="training-card__ready">
          {card.ready ? t.start.hasCheckpoint : t.start.noCheckpoint}
        </span>
      )}
      {card.error && <CardFault error={card.error} />}
    </label>
  );
}

function CardFault({ error }: { readonly error: CodedErrorData }) {
  const t = useTrainingMessages();
  const { title } = useErrorText(error);
  return (
    <span className="training-card__fault">
      {t.start.broken}: {title}
    </span>
  );
}
