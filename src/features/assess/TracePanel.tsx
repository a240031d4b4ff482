/**
 * The model's reasoning as it is written, with the distortions and times that it names. The text is set in its own
 * language; the marks come from word lists, and the panel says so.
 */
import { useMemo, useRef, useState } from 'react';
import { distortionLabel } from '../../../core/answer/lexicon.ts';
import { completeWordCount } from '../../../core/text/clause.ts';
import type { Lang } from '../../../core/text/lang.ts';
import { Button, IconButton } from '../../ui/Button.tsx';
import { SpokenTrace } from '../../ui/LiveRegion.tsx';
import { useLang } from '../../ui/messages/useMessages.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { NamedRow } from './NamedRow.tsx';
import { RawAnswer, type RawAnswerProps } from './RawAnswer.tsx';
import { TraceText } from './TraceText.tsx';
import './TracePanel.css';
import { namedDistortions, ruledOutDistortions, type TraceSpan } from './trace-segments.ts';
import { useFollow } from './useFollow.ts';

export interface TracePanelProps {
  /** The reasoning so far, tags left out; `''` before the first word. */
  readonly text: string;
  /** Language of the model's text, not of the page. */
  readonly lang: Lang;
  readonly writing: boolean;
  /** Final marks only: a mark that was given once stays. */
  readonly spans: readonly TraceSpan[];
  /** Model and decoding while it writes; afterwards the panel shows the number of words. */
  readonly run?: string | undefined;
  /** The run was stopped. */
  readonly stopped?: boolean;
  /** Sampled frames that are bracketed in the filmstrip, or null. */
  readonly frames: readonly number[] | null;
  /** Hover or focus on a time, or a choice among the named ones; null when it ends. */
  readonly onFrames: (frames: readonly number[] | null) => void;
  /** Click or Enter on a time: seek to its first sampled frame, 0 … N − 1. */
  readonly onSeek: (frame: number) => void;
  /** Shown when the answer is complete. */
  readonly raw?: RawAnswerProps | undefined;
  /** One of several answers. */
  readonly answer?: AnswerChoiceProps | undefined;
  /** Read sentences aloud to screen readers. */
  readonly announce: boolean;
}

export function TracePanel(props: TracePanelProps) {
  const { text, lang, writing, spans, run, frames, onFrames, onSeek, raw, answer } = props;
  const t = useAssessMessages();
  const pageLang = useLang();
  const [chosen, setChosen] = useState<string | null>(null);
  const body = useRef<HTMLDivElement>(null);
  const follow = useFollow(text, writing);
  const named = useMemo(() => namedDistortions(text, spans), [text, spans]);
  const ruledOut = useMemo(() => ruledOutDistortions(spans), [spans]);
  const finished = !writing && text !== '';

  const choose = (id: string) => {
    const entry = named.find((n) => n.id === id);
    if (!entry || chosen === id) {
      setChosen(null);
      onFrames(null);
      return;
    }
    setChosen(id);
    body.current?.querySelector(`[data-start="${entry.starts[0]}"]`)?.scrollIntoView({ block: 'nearest' });
    onFrames(entry.frames.length > 0 ? entry.frames : null);
    if (entry.frames[0] !== undefined) onSeek(entry.frames[0]);
  };

  const note = finished ? t.trace.wordCount(completeWordCount(`${text} `), lang) : run;
  const nothing = raw ? t.trace.none : props.stopped ? t.trace.stopped : t.trace.empty;
  return (
    <Panel
      title={t.trace.title}
      note={note}
      grow
      tools={finished && <CopyTrace text={text} />}
      foot={
        (writing || finished || answer !== undefined) && (
          <NamedRow
            named={named.map((n) => ({ ...n, label: distortionLabel(n.id, pageLang) }))}
            ruledOut={ruledOut.map((id) => distortionLabel(id, pageLang))}
            writing={!finished}
            chosen={chosen}
            onChoose={choose}
            otherLanguage={finished && lang !== pageLang}
          />
        )
      }
    >
      {answer && answer.count > 1 && <AnswerChoice {...answer} />}
      <div className="assess-trace" ref={body}>
        {text === '' && !writing ? (
          <p className="assess-trace__empty">{nothing}</p>
        ) : (
          <TraceText
            text={text}
            lang={lang}
            writing={writing}
            spans={spans}
            chosen={chosen}
            frames={frames}
            end={follow.end}
            onFrames={onFrames}
            onSeek={onSeek}
          />
        )}
        {follow.away && (
          <div className="assess-trace__follow">
            <Button icon="arrowDown" onClick={follow.resume}>
              {t.trace.follow}
            </Button>
          </div>
        )}
      </div>
      {raw && <RawAnswer {...raw} />}
      {props.announce && writing && <SpokenTrace text={text} lang={lang} />}
    </Panel>
  );
}

function CopyTrace({ text }: { readonly text: string }) {
  const t = useAssessMessages();
  const [copied, setCopied] = useState(false);
  return (
    <IconButton
      icon={copied ? 'check' : 'copy'}
      label={copied ? t.trace.copied : t.trace.copy}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
    />
  );
}

export interface AnswerChoiceProps {
  /** 0-based index of the shown answer, and the number of answers that were requested. */
  readonly index: number;
  readonly count: number;
  /** Its score, or the reason why it has none; null while it is being written. */
  readonly result: string | null;
  /** Null while answers are being written. */
  readonly onSelect: ((index: number) => void) | null;
}

/** Buttons to step through several answers. */
function AnswerChoice({ index, count, result, onSelect }: AnswerChoiceProps) {
  const t = useAssessMessages();
  return (
    <div className="assess-trace__answers">
      <IconButton
        icon="previous"
        label={t.answers.previous}
        disabled={index === 0 || !onSelect}
        onClick={() => onSelect?.(index - 1)}
      />
      <span>{t.progress.answers(index + 1, count)}</span>
      <IconButton
        icon="next"
        label={t.answers.next}
        disabled={index === count - 1 || !onSelect}
        onClick={() => onSelect?.(index + 1)}
      />
      {result !== null && <strong>{result}</strong>}
    </div>
  );
}
