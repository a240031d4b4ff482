/** Reasoning of both sides for one pair of answers; phrases of one side alone are marked. */
import { useMemo } from 'react';
import { useStore } from 'zustand';
import { viewAnswer } from '../../../core/answer/answer-stream.ts';
import { IconButton } from '../../ui/Button.tsx';
import { useMessages } from '../../ui/messages/useMessages.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { comparedPhrases } from './phrase-diff.ts';
import { SideLetter } from './SideLetter.tsx';
import type { Answer } from './state/assess.ts';
import { both } from './state/session.ts';
import type { SideName } from './state/store.ts';
import './Traces.css';
import { useCompareMessages } from './messages/useCompareMessages.ts';

export interface TracesProps {
  /** 0-based index of the answer shown on both sides. */
  readonly chosen: number;
  readonly onChoose: (k: number) => void;
}

/** Language for fonts and line breaking: Chinese where there are Han characters. */
const langOf = (text: string) => (/\p{Script=Han}/u.test(text) ? 'zh' : 'en');

export function Traces({ chosen, onChoose }: TracesProps) {
  const t = useCompareMessages();
  const messages = useMessages();
  const { runs, step } = useStore(both.store);
  const writing = step?.kind === 'answer' ? step : null;
  const count = Math.max(runs.a?.answers.length ?? 0, runs.b?.answers.length ?? 0);
  const textOf = (name: SideName): string | null => {
    const answer = runs[name]?.answers[chosen];
    return answer ? viewAnswer(answer.raw.text).thinking : null;
  };
  const [a, b] = [textOf('a'), textOf('b')];
  if (count === 0 && !writing)
    return (
      <Panel title={t.traces.title}>
        <p className="compare-traces__empty">{t.traces.empty}</p>
      </Panel>
    );
  const same = a !== null && b !== null && a === b;
  return (
    <Panel
      title={t.traces.title}
      note={same ? t.traces.same : t.traces.differs}
      tools={
        count > 1 && (
          <span className="compare-traces__choice">
            <IconButton
              icon="chevronLeft"
              label={messages.answers.previous}
              disabled={chosen === 0}
              onClick={() => onChoose(chosen - 1)}
            />
            {t.traces.answer(chosen + 1, count)}
            <IconButton
              icon="chevronRight"
              label={messages.answers.next}
              disabled={chosen >= count - 1}
              onClick={() => onChoose(chosen + 1)}
            />
          </span>
        )
      }
    >
      <div className="compare-traces">
        {(['a', 'b'] as const).map((name) => (
          <Trace
            key={name}
            name={name}
            text={name === 'a' ? a : b}
            other={name === 'a' ? b : a}
            answer={runs[name]?.answers[chosen] ?? null}
            writing={writing?.side === name && writing.k === chosen ? writing.text : null}
          />
        ))}
      </div>
    </Panel>
  );
}

function Trace(props: {
  readonly name: SideName;
  readonly text: string | null;
  readonly other: string | null;
  readonly answer: Answer | null;
  /** Text generated so far, or null. */
  readonly writing: string | null;
}) {
  const { name, text, other, answer, writing } = props;
  const t = useCompareMessages();
  const grown = writing === null ? '' : viewAnswer(writing).thinking;
  const phrases = useMemo(() => (text === null ? [] : comparedPhrases(text, other)), [text, other]);
  const shown = text ?? grown;
  const reading = answer?.reading;
  return (
    <article className="compare-trace">
      <h3 className="compare-trace__head">
        <SideLetter name={name} />
        {answer && <strong>{reading?.score != null ? reading.written : t.scores.noScore}</strong>}
        {answer && (
          <span className="compare-trace__how">
            {answer.seed === null ? t.traces.greedy : t.traces.seed(answer.seed)}
          </span>
        )}
      </h3>
      <p className="compare-trace__text" lang={langOf(shown)}>
        {text === null
          ? grown
          : phrases.map((phrase) => (
              <span key={phrase.start} className={phrase.differs ? 'compare-trace__differs' : undefined}>
                {phrase.pieces.map((piece, i) => (
                  <span
                    // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one phrase, in their order
                    key={i}
                    className={piece.mark ? `compare-trace__${piece.mark}` : undefined}
                  >
                    {piece.text}
                  </span>
                ))}
              </span>
            ))}
        {writing !== null && <span className="compare-trace__caret" />}
      </p>
    </article>
  );
}
