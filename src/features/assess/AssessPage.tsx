/** Assess: a video in, reasons and a score out. */
import { useState } from 'react';
import { useStore } from 'zustand';
import { levelBand, levelText } from '../../../core/answer/level-band.ts';
import type { AssessState } from '../../assessment/assess-store.ts';
import { assess, recent } from '../../assessment/session.ts';
import { useTab } from '../../page/tab.ts';
import { useActions } from '../../page/useActions.ts';
import { Button } from '../../ui/Button.tsx';
import { cssVariables } from '../../ui/css-variables.ts';
import { SpokenResult } from '../../ui/LiveRegion.tsx';
import { useLang } from '../../ui/messages/useMessages.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { AboutScale } from './AboutScale.tsx';
import { AssessFrame } from './AssessFrame.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { longNotice, useNotices } from './Notices.tsx';
import { PHASES } from './phases.tsx';
import { progressState } from './RunProgress.tsx';
import { type ScoreState, spokenScore } from './ScorePanel.tsx';
import { type OpenTimeline, useOpenTimeline } from './timeline/useOpenTimeline.tsx';
import { type AssessView, useAssessView } from './useAssessView.ts';
import './AssessPage.css';

export default function AssessPage() {
  const t = useAssessMessages();
  const [about, setAbout] = useState(false);
  const view = useAssessView();
  const { state, score, loaded, name } = view;
  const { phase, video } = state;
  const timeline = useOpenTimeline(state, view.player);
  const long = longNotice(state, t, useLang());
  const parts = PHASES[phase]({
    view,
    t,
    onAbout: () => setAbout(true),
    // The notice of a long clip has the button.
    onTimeline: long === null ? timeline.onOpen : null,
  });
  const level = levelOf(state);
  useTab(
    level && (phase === 'done' || phase === 'reopened')
      ? { kind: 'done', name, ...level }
      : tabState(phase, score, name, () => progressState(state, view.vqa2 ?? loaded, t).done),
  );
  const ratio = video ? video.facts.width / video.facts.height : LANDSCAPE;
  const classes = [
    'assess-page',
    `assess-page--${phase}`,
    ...(phase === 'running' && !video ? ['assess-page--opening'] : []),
    ...(ratio >= 1.2 ? ['assess-page--landscape'] : []),
  ];
  return (
    <>
      <h1 className="ui-sr">{t.score.heading}</h1>
      <div className={classes.join(' ')}>
        <AssessFrame
          {...parts}
          player={
            <div className="assess-screen" ref={view.playerBox} style={cssVariables({ '--ratio': ratio })}>
              {parts.player}
            </div>
          }
          timeline={timeline.panel}
          belowKey={phase === 'running' ? 'progress' : 'facts'}
          notices={
            <PageNotices
              view={view}
              long={timeline.panel ? null : long}
              onOpen={view.ofLevels ? null : timeline.onOpen}
            />
          }
        />
      </div>
      {view.announceResult && !view.ofLevels && (
        <SpokenResult text={phase === 'done' || phase === 'stopped' ? spokenScore(score, t) : ''} />
      )}
      {about && <AboutScale scale={state.model?.manifest.scale ?? null} onClose={() => setAbout(false)} />}
    </>
  );
}

/** Width over height of a field before its video is open. */
const LANDSCAPE = 1.6;

/** Notices about the input, the file and the machine, and the one of a long clip that opens its quality timeline. */
function PageNotices(props: {
  readonly view: AssessView;
  readonly long: string | null;
  readonly onOpen: OpenTimeline['onOpen'];
}) {
  const { state, loaded, input } = props.view;
  const t = useAssessMessages();
  const notices = useNotices(state, props.view.vqa2 ?? loaded);
  const { closed } = state;
  // A result that was deleted since has the key.
  const deleted = useStore(recent.store, ({ removed }) => removed !== null);
  useActions({ undo: closed !== null && !deleted ? assess.restore : null });
  return (
    <>
      {input.message && <Notice>{input.message}</Notice>}
      {closed !== null && (
        <Notice
          actions={
            <Button icon="undo" onClick={assess.restore}>
              {t.assess.undo}
            </Button>
          }
        >
          {t.assess.closed(closed)}
        </Notice>
      )}
      {notices.map((notice) => (
        <Notice key={notice}>{notice}</Notice>
      ))}
      {props.long !== null && (
        <Notice
          actions={
            props.onOpen && (
              <Button icon="chart" onClick={props.onOpen}>
                {t.assess.overTime}
              </Button>
            )
          }
        >
          {props.long}
        </Notice>
      )}
    </>
  );
}

/** Level score for the tab's title; null for a model that answers in words. */
function levelOf({ levels, phase, result }: AssessState) {
  const percent = levels?.levels.percent ?? (phase === 'reopened' ? result?.levels?.percent : undefined);
  return percent === undefined ? null : { score: levelText(percent), band: levelBand(percent) };
}

function tabState(phase: string, score: ScoreState, name: string, done: () => number) {
  if (phase === 'running') return { kind: 'running', name, done: done() } as const;
  if (phase !== 'done' && phase !== 'reopened') return { kind: 'idle' } as const;
  if (score.kind === 'one') return { kind: 'done', name, score: score.written, band: score.band } as const;
  if (score.kind === 'several')
    return { kind: 'done', name, score: score.value.toFixed(2), band: score.band } as const;
  return { kind: 'none', name } as const;
}
