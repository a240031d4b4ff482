/** The score: a numeral over its ruler, of the same position and size in every state. */
import type { ReactNode, Ref } from 'react';
import type { Unreadable } from '../../../core/answer/answer.ts';
import type { Percentile } from '../../../core/answer/percentile.ts';
import { spread } from '../../../core/text/format.ts';
import { type Band, BandGlyph } from '../../ui/BandGlyph.tsx';
import { TextButton } from '../../ui/Button.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Numeral } from '../../ui/Numeral.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rich } from '../../ui/Rich.tsx';
import { ACR } from '../../ui/ruler/acr.ts';
import type { Scale } from '../../ui/ruler/geometry.ts';
import { ExpectedMark, type Reading, ScoreRuler } from '../../ui/ruler/ScoreRuler.tsx';
import { Sentences } from '../../ui/Sentences.tsx';
import type { AssessMessages } from './messages/useAssessMessages.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import './ScorePanel.css';

export type ScoreState =
  | { readonly kind: 'empty' }
  /** A run, before the model writes its score. */
  | { readonly kind: 'waiting' }
  /** The digits as the model writes them: `''`, `3`, `3.8`. `wordCount` counts the words before. */
  | { readonly kind: 'writing'; readonly digits: string; readonly wordCount: number }
  | {
      readonly kind: 'one';
      readonly value: number;
      /** The number as the model wrote it; shown instead of `value`, e.g. `3.5`, `0.87`. */
      readonly written: string;
      readonly band: Band;
      readonly percentile?: Percentile;
      /** Mean of the score from the probabilities of its digits. */
      readonly expected?: number;
    }
  | {
      readonly kind: 'several';
      /** Mean of the readable answers. */
      readonly value: number;
      readonly band: Band;
      /** Readable answers in the order they were written. */
      readonly answers: readonly number[];
      /** Answers requested; more than `answers` when some could not be read. */
      readonly requested: number;
      /** 95 % interval of the mean; null when only one answer could be read. */
      readonly interval: readonly [number, number] | null;
      /** Standard deviation of the answers, null for one. */
      readonly deviation: number | null;
      readonly expected?: number;
      readonly percentile?: Percentile;
    }
  /** The answer cannot be read as a score; `answer` is its text, `''` for none. */
  | {
      readonly kind: 'unreadable';
      readonly answer: string;
      readonly reason: Unreadable | 'length' | 'aborted' | null;
    }
  /** The model wrote to its token limit without a score. */
  | { readonly kind: 'length'; readonly tokens: number }
  | { readonly kind: 'stopped'; readonly wordCount: number };

export interface ScorePanelProps {
  readonly state: ScoreState;
  /** The ACR ruler from 1 to 5 unless the model's family brings its own. */
  readonly scale?: Scale;
  /** Model and decoding, for the note: `t.score.greedy('Small')`, `t.score.sampled(…)`. */
  readonly run?: string | undefined;
  /** Several answers are requested: room for their sentences is reserved. */
  readonly several?: boolean | undefined;
  /** The title, which gets the focus when a run that was started by key is done. */
  readonly headingRef?: Ref<HTMLHeadingElement> | undefined;
  readonly onAbout?: (() => void) | undefined;
  readonly onRaw?: (() => void) | undefined;
  readonly onAgain?: (() => void) | undefined;
  readonly onResume?: (() => void) | undefined;
  readonly onAnswer?: ((index: number) => void) | undefined;
  /** Sentence about the model, in every state of the panel. */
  readonly foot?: ReactNode;
  /** Shows the first answer that could not be read. */
  readonly onUnreadable?: (() => void) | undefined;
}

export function ScorePanel(props: ScorePanelProps) {
  const { state, scale = ACR, run } = props;
  const t = useAssessMessages();
  const note =
    state.kind === 'empty' ? t.answers.notYet : state.kind === 'waiting' ? t.score.afterReasoning : run;
  return (
    <Panel title={t.score.title} note={note} headingRef={props.headingRef} foot={props.foot}>
      <div
        className={`assess-score${props.several || state.kind === 'several' ? ' assess-score--several' : ''}`}
      >
        <div className="assess-score__line">
          <ScoreNumeral state={state} />
          <Verdict state={state} />
        </div>
        <ScoreRuler
          scale={scale}
          reading={reading(state)}
          grades={t.grades.names}
          label={rulerLabel(state, scale, t)}
          onAnswer={props.onAnswer}
        />
        <p className="assess-score__sentence">
          <Sentence {...props} />
        </p>
      </div>
    </Panel>
  );
}

function ScoreNumeral({ state }: { readonly state: ScoreState }) {
  const t = useAssessMessages();
  switch (state.kind) {
    case 'one':
      return <Numeral text={state.written} done />;
    case 'several':
      return (
        <>
          <Numeral text={state.value.toFixed(2)} done />
          {state.interval && <HalfWidth interval={state.interval} />}
        </>
      );
    case 'writing':
      return <Numeral text={state.digits} done={false} />;
    default:
      return (
        <>
          <span className="ui-sr">{t.score.unknown}</span>
          <Numeral text="" done={false} />
        </>
      );
  }
}

function HalfWidth({ interval: [low, high] }: { readonly interval: readonly [number, number] }) {
  const t = useAssessMessages();
  const half = spread((high - low) / 2);
  return (
    <span className="assess-score__half">
      <span aria-hidden="true">± {half}</span>
      <span className="ui-sr">{t.score.plusMinus(half)}</span>
    </span>
  );
}

/** Name of the grade, or the reason for its absence. */
function Verdict({ state }: { readonly state: ScoreState }) {
  const t = useAssessMessages();
  if (state.kind === 'one' || state.kind === 'several')
    return (
      <div className="assess-score__verdict">
        <p className="assess-score__grade">
          <BandGlyph band={state.band} size={18} />
          {t.grades.names[state.band - 1]}
        </p>
        <p className="assess-score__means">{t.grades.sentences[state.band - 1]}</p>
      </div>
    );
  const why = noScore(state, t);
  if (why === null) return null;
  return (
    <div className="assess-score__verdict">
      <p className="assess-score__grade">
        <Icon name="alert" size={18} />
        {t.answers.noScore}
      </p>
      <p className="assess-score__means">{why}</p>
    </div>
  );
}

/** Reason for the missing score in a sentence; null while there may be one. */
export function noScore(state: ScoreState, t: AssessMessages): string | null {
  switch (state.kind) {
    case 'unreadable':
      if (state.reason === 'several-answers') return t.score.severalAnswers;
      if (state.answer === '') return t.score.noAnswer;
      return state.reason === 'out-of-range'
        ? t.score.outOfRange(state.answer)
        : t.score.notNumber(state.answer);
    case 'length':
      return t.score.tooLong(state.tokens);
    case 'stopped':
      return t.score.stopped(state.wordCount);
    default:
      return null;
  }
}

function reading(state: ScoreState): Reading {
  switch (state.kind) {
    // The mark of the probability-weighted score is named in the sentence of several answers only.
    case 'one':
      return { kind: 'one', value: state.value, band: state.band };
    case 'several':
      return state;
    case 'unreadable':
    case 'length':
    case 'stopped':
      return { kind: 'none' };
    default:
      return { kind: 'empty' };
  }
}

function rulerLabel(state: ScoreState, { low, high }: Scale, t: AssessMessages): string {
  switch (state.kind) {
    case 'one':
      return t.score.ruler(state.written, low, high, t.grades.names[state.band - 1]!);
    case 'several': {
      const value = state.value.toFixed(2);
      const grade = t.grades.names[state.band - 1]!;
      if (!state.interval) return t.score.ruler(value, low, high, grade);
      const [from, to] = state.interval.map((end) => end.toFixed(2)) as [string, string];
      return t.score.rulerSeveral(value, low, high, grade, from, to, state.answers.length);
    }
    case 'unreadable':
    case 'length':
    case 'stopped':
      return t.score.rulerNone(low, high);
    default:
      return t.score.rulerEmpty(low, high);
  }
}

/** The sentence under the ruler; two lines are reserved for it. */
function Sentence({
  state,
  scale = ACR,
  onAbout,
  onRaw,
  onAgain,
  onResume: onGoOn,
  onUnreadable,
}: ScorePanelProps): ReactNode {
  const t = useAssessMessages();
  switch (state.kind) {
    case 'empty':
      return <span className="assess-score__aside">{t.score.emptyLine}</span>;
    case 'waiting':
      return <span className="assess-score__aside">{t.score.afterReasoningLine}</span>;
    case 'writing':
      return <span className="assess-score__aside">{t.score.writing(state.wordCount)}</span>;
    case 'one':
      return (
        <Sentences>
          <OffScale value={state.value} scale={scale} />
          {state.percentile && <Above percentile={state.percentile} />}
          {onAbout && <TextButton onClick={onAbout}>{t.score.about}</TextButton>}
        </Sentences>
      );
    case 'several':
      return (
        <Sentences>
          <Spread state={state} onUnreadable={onUnreadable} />
          {state.percentile && <Above percentile={state.percentile} />}
          {onAbout && <TextButton onClick={onAbout}>{t.score.about}</TextButton>}
        </Sentences>
      );
    case 'stopped':
      return (
        <Sentences>
          {state.wordCount > 0 && <span>{t.score.goesOn}</span>}
          {onGoOn && <TextButton onClick={onGoOn}>{t.actions.goOn}</TextButton>}
          {onRaw && <TextButton onClick={onRaw}>{t.score.showRaw}</TextButton>}
        </Sentences>
      );
    case 'unreadable':
    case 'length':
      return (
        <Sentences>
          <span>{t.score.guessed}</span>
          {onRaw && <TextButton onClick={onRaw}>{t.score.showRaw}</TextButton>}
          {onAgain && <TextButton onClick={onAgain}>{t.actions.tryAgain}</TextButton>}
        </Sentences>
      );
  }
}

function OffScale({ value, scale }: { readonly value: number; readonly scale: Scale }) {
  const t = useAssessMessages();
  if (value >= scale.low && value <= scale.high) return null;
  return (
    <Sentences>
      <span>{value < scale.low ? t.score.below(scale.low) : t.score.above(scale.high)}</span>
      <span className="assess-score__aside">{t.score.asWritten}</span>
    </Sentences>
  );
}

function Spread(props: {
  readonly state: Extract<ScoreState, { kind: 'several' }>;
  readonly onUnreadable: (() => void) | undefined;
}) {
  const { state, onUnreadable } = props;
  const t = useAssessMessages();
  const others = state.requested - state.answers.length;
  return (
    <Sentences>
      {state.deviation !== null && <span>{t.score.spread(spread(state.deviation))}</span>}
      {state.expected !== undefined && (
        <span>
          <ExpectedMark /> {t.score.expected(state.expected.toFixed(2))}
        </span>
      )}
      {others > 0 && <span>{t.score.readable(state.answers.length, others)}</span>}
      {others > 0 && onUnreadable && <TextButton onClick={onUnreadable}>{t.score.showUnreadable}</TextButton>}
    </Sentences>
  );
}

function Above({ percentile: p }: { readonly percentile: Percentile }) {
  const t = useAssessMessages();
  const heldOut = p.kind === 'own';
  const percent = Math.floor(p.percent);
  return (
    <Sentences>
      <span>
        <Rich
          text={heldOut ? t.score.aboveHeldOut(percent, p.n) : t.score.aboveHuman(percent, p.population)}
        />
      </span>
      <span className="assess-score__aside">{heldOut ? t.score.modelScale : t.score.human(p.n)}</span>
    </Sentences>
  );
}

/** Text for screen readers when the result is there. */
export function spokenScore(state: ScoreState, t: AssessMessages): string {
  if (state.kind !== 'one' && state.kind !== 'several') {
    const why = noScore(state, t);
    return why === null ? '' : `${t.score.spokenNone} ${why}`;
  }
  const value = state.kind === 'one' ? state.written : state.value.toFixed(2);
  const sentence = t.score.spoken(value, t.grades.names[state.band - 1]!);
  const p = state.percentile;
  if (p === undefined) return sentence;
  const percent = Math.floor(p.percent);
  const above =
    p.kind === 'own' ? t.score.spokenHeldOut(percent, p.n) : t.score.spokenHuman(percent, p.population, p.n);
  return `${sentence} ${above}`;
}
