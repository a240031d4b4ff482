/** A new run: the recipes as cards, what the server finds out about the chosen one, and then *Start*. */
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { type CodedErrorData, isAbort } from '../../../core/errors.ts';
import type { RecipeCard, ValidationReport } from '../../../core/training/run.ts';
import { toErrorData } from '../../assessment/model/model-store.ts';
import { useKeys } from '../../page/useKeys.ts';
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

export function NewRun({ first, recipe, onClose }: NewRunProps) {
  const t = useTrainingMessages();
  const recipes = useStore(training.store, (state) => state.recipes);
  const failed = useStore(training.store, (state) => state.actionError);
  const [chosen, setChosen] = useState(recipe);
  const [check, setCheck] = useState<Check>({ kind: 'none' });
  const [starting, setStarting] = useState(false);
  const asked = useRef<AbortController | null>(null);
  const reportHead = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    void training.loadRecipes();
    return () => asked.current?.abort();
  }, []);

  useKeys({ escape: () => (first ? false : onClose()) });

  const choose = (name: string) => {
    asked.current?.abort();
    setChosen(name);
    setCheck({ kind: 'none' });
  };
  const ask = async () => {
    const api = training.api();
    if (!api || chosen === null) return;
    asked.current?.abort();
    const request = new AbortController();
    asked.current = request;
    setCheck({ kind: 'checking' });
    try {
      const report = await api.validate(chosen, request.signal);
      if (!request.signal.aborted) setCheck({ kind: 'report', report });
    } catch (error) {
      if (!request.signal.aborted && !isAbort(error)) setCheck({ kind: 'error', error: toErrorData(error) });
    }
    reportHead.current?.focus();
  };
  const start = async () => {
    if (chosen === null) return;
    setStarting(true);
    try {
      await training.start(chosen);
      onClose();
    } catch (error) {
      setCheck({ kind: 'error', error: toErrorData(error) });
    } finally {
      setStarting(false);
    }
  };
  const card = recipes?.find(({ name }) => name === chosen) ?? null;
  const ready = check.kind === 'report' && check.report.ok;

  return (
    <div className="train-new">
      <header className="train-new__head">
        <div>
          <h2 className="train-new__title">{first ? t.runs.none : t.start.title}</h2>
          <p>{first ? t.runs.noneBody : t.start.lead}</p>
        </div>
        {!first && <Button onClick={onClose}>{t.start.back}</Button>}
      </header>
      {recipes === null ? (
        failed ? (
          <ErrorCard
            error={failed}
            actions={[{ label: t.server.tryNow, onClick: () => void training.loadRecipes() }]}
          />
        ) : (
          <p className="train-wait">{t.start.loading}</p>
        )
      ) : recipes.length === 0 ? (
        <p className="train-wait">{t.start.none}</p>
      ) : (
        <fieldset className="train-cards">
          <legend className="ui-sr">{t.start.recipes}</legend>
          {recipes.map((one) => (
            <Card key={one.name} card={one} chosen={one.name === chosen} onChoose={() => choose(one.name)} />
          ))}
        </fieldset>
      )}
      {card && (
        <section className="train-check" aria-labelledby="train-check">
          <header className="train-check__head">
            <h3 id="train-check" ref={reportHead} tabIndex={-1}>
              {card.name}
            </h3>
            <p role="status">
              {check.kind === 'checking'
                ? t.start.checking
                : check.kind === 'none'
                  ? t.start.nothingStarted
                  : ''}
            </p>
            <Button
              look={ready ? 'plain' : 'primary'}
              disabled={check.kind === 'checking' || card.error !== null}
              onClick={() => void ask()}
            >
              {t.start.check}
            </Button>
            <Button
              look={ready ? 'primary' : 'plain'}
              icon="play"
              disabled={!ready || starting}
              title={ready ? undefined : t.start.checkFirst}
              onClick={() => void start()}
            >
              {starting ? t.start.starting : t.start.start}
            </Button>
          </header>
          {check.kind === 'checking' && <div className="train-check__working" />}
          {card.error && (
            <div className="train-check__error">
              <ErrorCard error={card.error} />
            </div>
          )}
          {check.kind === 'error' && (
            <div className="train-check__error">
              <ErrorCard error={check.error} />
            </div>
          )}
          {check.kind === 'report' && <Report report={check.report} />}
          {card.resolved !== null && (
            <RecipeTable
              key={card.name}
              resolved={check.kind === 'report' && check.report.recipe ? check.report.recipe : card.resolved}
              name={card.name}
              recipes={recipes ?? []}
              sha256={check.kind === 'report' ? check.report.recipeSha256 : null}
            />
          )}
        </section>
      )}
    </div>
  );
}

function Card(props: { readonly card: RecipeCard; readonly chosen: boolean; readonly onChoose: () => void }) {
  const { card, chosen, onChoose } = props;
  const t = useTrainingMessages();
  const stages = card.objectives.map((objective) => t.head.objectives[objective] ?? objective);
  return (
    <label className={`train-card${chosen ? ' train-card--chosen' : ''}`}>
      <input type="radio" name="recipe" className="train-card__input" checked={chosen} onChange={onChoose} />
      <span className="train-card__name">{card.name}</span>
      <span className="train-card__stages">
        {[stages.join(' → '), card.extends ? t.start.extends(card.extends) : ''].filter(Boolean).join(' · ')}
      </span>
      {/* The words of a recipe are its author's, in whatever language it was written. */}
      {card.about && (
        <span className="train-card__about" lang="en">
          {card.about}
        </span>
      )}
      {card.needs && (
        <span className="train-card__needs">
          <span>{t.start.needs}</span> <span lang="en">{card.needs}</span>
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
    <span className="train-card__fault">
      {t.start.broken}: {title}
    </span>
  );
}
