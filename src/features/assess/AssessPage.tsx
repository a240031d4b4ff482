/** Assess: a video in, reasons and a score out. */
import { useState } from 'react';
import { useTab } from '../../page/tab.ts';
import { SpokenResult } from '../../ui/LiveRegion.tsx';
import { useLang } from '../../ui/messages/useMessages.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { AboutScale } from './AboutScale.tsx';
import { AssessFrame } from './AssessFrame.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { longNotice, Notices, useNotices } from './Notices.tsx';
import { PHASES } from './phases.tsx';
import { progressState } from './RunProgress.tsx';
import { type ScoreState, spokenScore } from './ScorePanel.tsx';
import { Offer } from './timeline/Offer.tsx';
import { type AssessView, useAssessView } from './useAssessView.ts';
import './AssessPage.css';

export default function AssessPage() {
  const t = useAssessMessages();
  const [about, setAbout] = useState(false);
  const view = useAssessView();
  const { state, score, loaded, name } = view;
  const { phase } = state;
  const parts = PHASES[phase]({ view, t, onAbout: () => setAbout(true) });
  useTab(tabState(phase, score, name, () => progressState(state, loaded, t).done));
  return (
    <>
      <h1 className="ui-sr">{t.score.heading}</h1>
      <div className={`assess-page assess-page--${phase}`}>
        <AssessFrame
          {...parts}
          player={
            <div className="assess-screen" ref={view.playerBox}>
              {parts.player}
            </div>
          }
          below={
            <>
              <PageNotices view={view} />
              {parts.below}
            </>
          }
        />
      </div>
      {view.announceResult && (
        <SpokenResult text={phase === 'done' || phase === 'stopped' ? spokenScore(score, t) : ''} />
      )}
      {about && <AboutScale scale={state.model?.manifest.scale ?? null} onClose={() => setAbout(false)} />}
    </>
  );
}

/** AssessMessages about the input, the file and the machine, and the quality timeline of a long clip. */
function PageNotices({ view: { state, loaded, input, player } }: { readonly view: AssessView }) {
  const t = useAssessMessages();
  const notices = useNotices(state, loaded);
  const long = longNotice(state, t, useLang());
  return (
    <>
      {input.message && <Notice>{input.message}</Notice>}
      <Notices notices={notices} />
      {long !== null && (
        <Offer
          notice={long}
          file={state.file}
          player={state.phase === 'running' ? null : player}
          stored={state.phase === 'reopened' ? state.timeline : null}
        />
      )}
    </>
  );
}

function tabState(phase: string, score: ScoreState, name: string, done: () => number) {
  if (phase === 'running') return { kind: 'running', name, done: done() } as const;
  if (phase !== 'done' && phase !== 'reopened') return { kind: 'idle' } as const;
  if (score.kind === 'one') return { kind: 'done', name, score: score.written, band: score.band } as const;
  if (score.kind === 'several')
    return { kind: 'done', name, score: score.value.toFixed(2), band: score.band } as const;
  return { kind: 'none', name } as const;
}
