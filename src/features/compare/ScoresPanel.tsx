/** Both scores on one ruler, their difference and the verdict. */
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { bandOf } from '../../../core/answer/grades.ts';
import { signed, spread } from '../../../core/text/format.ts';
import { ActionButton } from '../../page/ActionButton.tsx';
import { Button } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { SpokenResult, SpokenStage } from '../../ui/LiveRegion.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { useMessages } from '../../ui/messages/useMessages.tsx';
import { Panel } from '../../ui/Panel.tsx';
import type { CompareMessages } from './messages/en.ts';
import type { BothStep, SideRun } from './state/assess.ts';
import { both, compare } from './state/session.ts';
import { ANSWERS } from './state/settings.ts';
import type { SideName } from './state/store.ts';
import './ScoresPanel.css';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { SideLetter } from './SideLetter.tsx';
import { preferenceOf, type SideScores, sideScores } from './side-scores.ts';
import { TwoRuler } from './TwoRuler.tsx';

export interface ScoresPanelProps {
  readonly chosen: number;
  readonly onChoose: (k: number) => void;
}

export function ScoresPanel({ chosen, onChoose }: ScoresPanelProps) {
  const t = useCompareMessages();
  const messages = useMessages();
  const state = useStore(both.store);
  const { settings } = useStore(compare.store);
  const { runs, phase, error } = state;
  const [a, b] = [sideScores(runs.a), sideScores(runs.b)];
  const running = phase === 'running';
  // The ruler and the facts take their room with the first run.
  const blank = phase === 'idle' && !runs.a;
  const text = (side: SideScores | null) => (side ? side.mean.toFixed(2) : t.scores.noScore);
  const verdict = useVerdict();
  return (
    <Panel
      title={t.scores.title}
      note={runs.a ? t.scores.note(settings.answers) : ''}
      tools={<AnswersMenu />}
    >
      <div className="compare-scores">
        <div className="compare-scores__line">
          <SideScore name="a" scores={a} run={runs.a} />
          <SideScore name="b" scores={b} run={runs.b} />
          <Difference />
        </div>
        {!blank && (
          <TwoRuler
            a={a}
            b={b}
            chosen={chosen}
            onChoose={onChoose}
            label={t.scores.ruler(text(a), text(b))}
          />
        )}
        <p className="compare-scores__verdict">{verdict.node}</p>
        {!blank && <Facts a={a} b={b} />}
        {error && phase === 'error' && (
          <ErrorCard
            error={error}
            actions={[{ label: messages.actions.tryAgain, onClick: () => void both.run() }]}
          />
        )}
        <div className="compare-scores__actions">
          {running ? (
            <Progress step={state.step} done={state.done} />
          ) : (
            <Button look="primary" onClick={() => void both.run()}>
              {runs.a ? t.scores.again : t.scores.assess}
            </Button>
          )}
        </div>
      </div>
      <SpokenResult text={phase === 'done' ? verdict.text : ''} />
    </Panel>
  );
}

function AnswersMenu() {
  const t = useCompareMessages();
  const { answers } = useStore(compare.store, (state) => state.settings);
  return (
    <Menu
      label={t.scores.answers}
      items={ANSWERS.map((k) => ({
        id: String(k),
        label: t.scores.answersValue(k),
        checked: k === answers,
        onSelect: () => compare.change({ answers: k }),
      }))}
      button={(props) => (
        <Button
          look="quiet"
          iconAfter="chevronDown"
          {...props}
          aria-label={`${t.scores.answers}: ${t.scores.answersValue(answers)}`}
        >
          {t.scores.answersValue(answers)}
        </Button>
      )}
    />
  );
}

function SideScore(props: {
  readonly name: SideName;
  readonly scores: SideScores | null;
  readonly run: SideRun | null;
}) {
  const { name, scores, run } = props;
  const t = useCompareMessages();
  const messages = useMessages();
  const half = scores?.interval ? (scores.interval[1] - scores.interval[0]) / 2 : null;
  // A single answer keeps its own decimals.
  const only = run?.answers.length === 1 ? run.answers[0]?.reading : null;
  return (
    <div className="compare-score">
      <SideLetter name={name} />
      {scores ? (
        <>
          <span className="compare-score__number">{only?.written || scores.mean.toFixed(2)}</span>
          <span className="compare-score__words">
            <span className="compare-score__half">{half === null ? ' ' : t.scores.half(spread(half))}</span>
            <span>{messages.grades.names[bandOf(scores.mean).grade - 1]}</span>
          </span>
        </>
      ) : (
        <>
          <span className="compare-score__number compare-score__number--none" aria-hidden="true">
            _._ _
          </span>
          <span className="compare-score__words">
            <span />
            <span className="compare-score__half">
              {run && run.answers.length > 0 ? t.scores.noScore : messages.answers.notYet}
            </span>
          </span>
        </>
      )}
    </div>
  );
}

function Difference() {
  const t = useCompareMessages();
  const { runs } = useStore(both.store);
  const preference = preferenceOf(runs.a, runs.b);
  return (
    <p className="compare-scores__difference">
      <span>{t.scores.difference}</span>
      <strong>{preference ? signed(preference.difference) : '–'}</strong>
    </p>
  );
}

/** The verdict as text for the live region and as a node. */
function useVerdict(): { text: string; node: ReactNode } {
  const t = useCompareMessages();
  const { phase, runs } = useStore(both.store);
  // B may have changed since it was assessed.
  const { b: second, perturbation } = useStore(compare.store);
  const plain = (text: string) => ({ text, node: <span className="compare-scores__aside">{text}</span> });
  if (phase === 'idle' || !runs.a) return plain(t.scores.empty);
  if (phase === 'running') return plain('');
  if (phase === 'stopped') return plain(t.scores.stopped);
  if (phase === 'error') return plain('');
  if (!both.isCurrent('b')) return plain(t.scores.stale);
  const preference = preferenceOf(runs.a, runs.b);
  if (!preference) return plain(t.scores.noVerdict);
  const same = !second && perturbation?.unseen ? ` ${t.scores.same}` : '';
  const text = verdictText(preference, t, second !== null) + same;
  const sure = preference.verdict === 'a' || preference.verdict === 'b';
  return {
    text,
    node: (
      <>
        <Icon name={preference.verdict === 'a' ? 'check' : sure ? 'alert' : 'info'} /> <strong>{text}</strong>
      </>
    ),
  };
}

export function verdictText(
  preference: NonNullable<ReturnType<typeof preferenceOf>>,
  t: CompareMessages,
  second: boolean,
): string {
  const { verdict, won, pairs, difference } = preference;
  switch (verdict) {
    case 'single':
      return t.scores.single(Math.abs(difference).toFixed(2));
    case 'unsure':
      return t.scores.cannot;
    case 'a':
      return (second ? t.scores.preferA : t.scores.preferClean) + t.scores.inPairs(won, pairs);
    case 'b':
      return (second ? t.scores.preferB : t.scores.preferPerturbed) + t.scores.inPairs(pairs - won, pairs);
  }
}

/** Standard deviation, agreement, expected score and unreadable answers, a line for each side. */
function Facts({ a, b }: { readonly a: SideScores | null; readonly b: SideScores | null }) {
  const t = useCompareMessages();
  const { runs } = useStore(both.store);
  const line = (side: SideScores): string => {
    const parts: string[] = [];
    if (side.deviation !== null) parts.push(t.scores.spread(spread(side.deviation)));
    if (side.deviation !== null) parts.push(t.scores.agreement(Math.round(side.agreement * 100)));
    if (side.expected !== null) parts.push(t.scores.expected(side.expected.toFixed(2)));
    if (side.readable.length < side.scores.length)
      parts.push(t.scores.readable(side.readable.length, side.scores.length));
    return parts.join(' · ');
  };
  const preference = preferenceOf(runs.a, runs.b);
  return (
    <div className="compare-scores__facts">
      {preference && preference.low !== null && preference.high !== null && (
        <p>
          {t.scores.difference} {t.scores.interval(signed(preference.low), signed(preference.high))}
        </p>
      )}
      {a && (
        <p>
          <SideLetter name="a" /> {line(a)}
        </p>
      )}
      {b && (
        <p>
          <SideLetter name="b" /> {line(b)}
        </p>
      )}
    </div>
  );
}

export function stepText(step: BothStep | null, t: CompareMessages): string {
  if (!step) return '';
  switch (step.kind) {
    case 'loading':
      return t.scores.loading;
    case 'decode':
      return t.scores.decoding(step.done, step.total);
    case 'encode':
      return t.scores.encoding(step.side.toUpperCase(), step.done, step.total);
    case 'answer':
      return t.scores.running(step.side.toUpperCase(), step.k + 1, step.of);
  }
}

function Progress({ step, done }: { readonly step: BothStep | null; readonly done: number }) {
  const t = useCompareMessages();
  const messages = useMessages();
  const text = stepText(step, t);
  return (
    <div className="compare-progress">
      <p className="compare-progress__text">{text}</p>
      <progress className="compare-progress__bar" value={done} max={1} aria-label={messages.progress.label} />
      <ActionButton action="escape">{messages.actions.stop}</ActionButton>
      <SpokenStage text={step?.kind === 'answer' ? text : ''} />
    </div>
  );
}
