/** The Assess page laid out with invented contents and an empty stage: `?page=empty`, `?page=writing`, `?page=done`. */
import { useEffect, useMemo, useState } from 'react';
import { AssessFrame } from '../../src/features/assess/AssessFrame.tsx';
import { GradesPanel } from '../../src/features/assess/GradesPanel.tsx';
import { useAssessMessages } from '../../src/features/assess/messages/useAssessMessages.ts';
import { RecentPanel } from '../../src/features/assess/RecentPanel.tsx';
import { ScorePanel } from '../../src/features/assess/ScorePanel.tsx';
import { TracePanel } from '../../src/features/assess/TracePanel.tsx';
import { Button } from '../../src/ui/Button.tsx';
import { useLang } from '../../src/ui/messages/useMessages.tsx';
import { ProgressBar } from '../../src/ui/ProgressBar.tsx';
import { RECENT, SCORES, segments, trace } from './samples.ts';

const none = () => {};

/** A model may write anything. */
const HOSTILE = { text: '<img src=x onerror="document.title=1"> <b>bold</b>', spans: [] };

/** A text that grows by itself, for the rule of following. */
export function Growing() {
  const whole = useMemo(() => trace('en').text.repeat(8), []);
  const [length, setLength] = useState(1500);
  useEffect(() => {
    const timer = setInterval(() => setLength((n) => Math.min(whole.length, n + 12)), 30);
    return () => clearInterval(timer);
  }, [whole]);
  return (
    <TracePanel
      text={whole.slice(0, length)}
      lang="en"
      writing
      spans={[]}
      frames={null}
      onFrames={none}
      onSeek={none}
      announce
    />
  );
}

export function LaidOut({ kind }: { readonly kind: string }) {
  const t = useAssessMessages();
  const lang = useLang();
  const [frames, setFrames] = useState<readonly number[] | null>(kind === 'done' ? [5] : null);
  const [raw, setRaw] = useState(false);
  const writing = kind === 'writing';
  const { text, spans } = kind === 'hostile' ? HOSTILE : trace(lang, writing ? 430 : undefined);
  const scores = Object.fromEntries(SCORES);
  const score = kind === 'empty' ? scores.empty : writing ? scores.waiting : scores['done, own scale'];
  return (
    <AssessFrame
      player={<div className="gallery__stage" />}
      filmstrip={kind !== 'empty' && <div className="gallery__strip" />}
      score={<ScorePanel state={score!} run={t.score.greedy('Small')} onAbout={none} />}
      side={
        kind === 'empty' ? (
          <>
            <GradesPanel />
            <RecentPanel items={RECENT} onOpen={none} onRemove={none} />
          </>
        ) : (
          <TracePanel
            text={text}
            lang={lang}
            writing={writing}
            spans={spans}
            run="Small · greedy"
            frames={frames}
            onFrames={setFrames}
            onSeek={none}
            announce={false}
            {...(!writing && {
              raw: { text, official: { value: '3.87', isDefault: false }, open: raw, onOpen: setRaw },
            })}
          />
        )
      }
      below={
        writing && (
          <div className="gallery__box">
            <ProgressBar
              label={t.progress.label}
              title={t.progress.generate(58)}
              detail={`${t.progress.rate('31')} · ${t.progress.left(4)}`}
              segments={segments(t, 5, 0.62)}
              captions
              action={<Button kbd="Esc">{t.actions.stop}</Button>}
            />
          </div>
        )
      }
      actions={
        kind === 'done' && (
          <>
            <Button look="primary">{t.actions.next}</Button>
            <Button>{t.actions.assessTimes(8)}</Button>
            <Button icon="copy">{t.actions.copyText}</Button>
          </>
        )
      }
    />
  );
}
