/** Assess: a video in, reasons and a score out. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { readStrictly } from '../../../core/answer/answer.ts';
import { viewAnswer } from '../../../core/answer/answer-stream.ts';
import type { AssessState } from '../../assessment/assess-store.ts';
import { firstSeed } from '../../assessment/run/answer.ts';
import { assess, models } from '../../assessment/session.ts';
import { passToNextPage, pickFiles, useFileInput } from '../../page/file-input.ts';
import { goTo } from '../../page/router.ts';
import { useSettings } from '../../page/settings.ts';
import { useTab } from '../../page/tab.ts';
import { useKeys } from '../../page/useKeys.ts';
import { SpokenResult } from '../../ui/LiveRegion.tsx';
import type { Messages } from '../../ui/messages/en.ts';
import { useLang, useMessages } from '../../ui/messages/useMessages.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { AboutScale } from './AboutScale.tsx';
import { Actions, TIMES } from './Actions.tsx';
import { AssessFrame } from './AssessFrame.tsx';
import { DropZone } from './DropZone.tsx';
import { errorRows, FilePanel, factRows, modelText, resultRows } from './FilePanel.tsx';
import { Filmstrip } from './Filmstrip.tsx';
import { GradesPanel } from './GradesPanel.tsx';
import { IntroRow, ModelLine } from './IntroRow.tsx';
import { longNotice, Notices, useNotices } from './Notices.tsx';
import { PlayerError } from './PlayerError.tsx';
import { PlayerView } from './PlayerView.tsx';
import { Recent } from './Recent.tsx';
import { ReopenedView } from './ReopenedView.tsx';
import { progressState, RunProgress } from './RunProgress.tsx';
import { clipOf, langOf, officialReading, scoreState, spansOf, wordCount } from './run-view.ts';
import { ScorePanel, type ScoreState, spokenScore } from './ScorePanel.tsx';
import { TimePanel } from './TimePanel.tsx';
import { TracePanel } from './TracePanel.tsx';
import { Transport } from './Transport.tsx';
import { Offer } from './timeline/Offer.tsx';
import { useExports } from './useExports.ts';
import { usePlayer, usePlayerKeys } from './usePlayer.ts';
import { useVideoInput } from './useVideoInput.ts';
import './AssessPage.css';

const LATE_STOP_MS = 1000;

export default function AssessPage() {
  const t = useMessages();
  const { announce } = useSettings();
  const state = useStore(assess.store);
  const model = useStore(models.store);
  const { phase, file, video, frames, view, result, error, queue } = state;
  const score = useMemo(() => scoreState(state), [state]);
  const loaded = state.model ?? model.loaded;
  const input = useVideoInput();
  const player = usePlayer(file, video);
  const [highlight, setHighlight] = useState<readonly number[] | null>(null);
  const [rawOpen, setRawOpen] = useState(false);
  const [about, setAbout] = useState(false);
  /** Which of several answers is shown. */
  const [nth, setNth] = useState(0);
  const playerBox = useRef<HTMLDivElement>(null);
  /** When the present phase began, unless it is a run. */
  const settled = useRef(Number.NEGATIVE_INFINITY);
  const notices = useNotices(state, loaded);
  const long = longNotice(state, t, useLang());
  const exports = useExports({ result, score, player, frames });

  useFileInput(input.receive);
  useEffect(() => {
    if (phase !== 'running') settled.current = performance.now();
  }, [phase]);
  useFocusOnResult(phase, input.byKey);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was highlighted or open belongs to the run before
  useEffect(() => {
    setHighlight(null);
    setRawOpen(false);
    setNth(0);
  }, [file, result?.createdAt]);

  const finished = phase === 'done' || phase === 'reopened';
  const writing = phase === 'running' && state.stage === 'generate';
  const answers = finished ? answersOf(state) : [];
  const several = answers.length > 1;
  const text = several ? viewAnswer(answers[nth] ?? '').thinking : view.thinking;
  const clip = useMemo(() => clipOf({ frames, video, result }), [frames, video, result]);
  const spans = useMemo(() => spansOf(text, clip, phase !== 'running'), [text, clip, phase]);
  const sampled = useMemo(() => frames.map((frame) => frame.index), [frames]);
  const name = file?.name ?? result?.file.name ?? '';
  const modelName = loaded?.manifest.name ?? result?.model.name ?? '';
  const rawText = answers[nth] ?? state.answer?.text ?? '';

  useTab(tabState(phase, score, name, () => progressState(state, loaded, t).done));

  const fullscreen = useCallback(() => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void playerBox.current?.requestFullscreen().catch(() => {});
  }, []);
  const seek = useCallback(
    (k: number) => {
      const index = sampled[k];
      if (index !== undefined) player?.seek(index);
    },
    [player, sampled],
  );
  const next = () => {
    if (queue.length > 0) assess.openNext();
    else pickFiles();
  };

  usePlayerKeys(player, sampled, { onFullscreen: fullscreen, onSaveFrame: exports.saveFrame });
  useKeys({
    escape: () => {
      if (document.fullscreenElement) return false;
      if (phase === 'running') assess.stop();
      else if (phase === 'empty') return false;
      // A stop that comes a moment too late must not take the result away.
      else if (phase !== 'done' || performance.now() - settled.current > LATE_STOP_MS) assess.clear();
    },
    next: () => (phase === 'running' ? false : next()),
    copy: () => (exports.copy ? void exports.copy() : false),
    compare: () => (file && phase !== 'error' ? toCompare(file) : false),
    export: () => {
      const button = document.getElementById('assess-export');
      if (!button) return false;
      button.click();
    },
  });

  const below =
    phase === 'running' ? (
      <RunProgress
        state={state}
        loaded={loaded}
        loading={model.progress}
        waiting={model.phase === 'loading'}
        onStop={assess.stop}
        onUnqueue={assess.dequeue}
        announce={announce === 'sentences'}
      />
    ) : (
      <div className="assess-below">
        {finished && (
          <TimePanel
            stages={state.stages}
            firstWord={state.firstToken}
            report={state.report}
            answer={allTokens(state)}
            model={state.model}
            frames={video?.facts.frames ?? 0}
          />
        )}
        {phase !== 'empty' && (
          <FilePanel
            name={name}
            rows={[
              ...(video ? factRows(video.facts, t) : result ? resultRows(result, t) : []),
              ...(video && state.model
                ? [
                    {
                      label: t.file.model,
                      value: modelText(modelName, state.model.dtype, state.model.backend, t),
                    },
                  ]
                : []),
              ...(!video && file && error ? errorRows(file, error, t) : []),
            ]}
            queue={queue}
            onUnqueue={assess.dequeue}
          />
        )}
      </div>
    );

  return (
    <>
      <h1 className="ui-sr">{t.score.heading}</h1>
      <div className={`assess-page assess-page--${phase}`}>
        <AssessFrame
          player={
            <div className="assess-screen" ref={playerBox}>
              {phase === 'error' && error ? (
                <PlayerError
                  error={error}
                  file={file}
                  facts={video ? factRows(video.facts, t) : file ? errorRows(file, error, t) : []}
                />
              ) : player ? (
                <PlayerView player={player} sampled={sampled} onFullscreen={fullscreen} />
              ) : phase === 'reopened' && result ? (
                <ReopenedView result={result} frames={frames} note={input.note} />
              ) : phase === 'empty' ? (
                <DropZone onSample={input.sample} />
              ) : (
                <div className="assess-stage" />
              )}
            </div>
          }
          filmstrip={
            phase !== 'empty' && (
              <>
                {player && (
                  <Transport
                    player={player}
                    sampled={sampled}
                    onSaveFrame={exports.saveFrame}
                    onFullscreen={fullscreen}
                  />
                )}
                {(frames.length > 0 || player) && (
                  <Filmstrip
                    frames={frames}
                    count={video?.facts.frames ?? result?.file.frames ?? 0}
                    expected={loaded?.profile.frames ?? 12}
                    player={player}
                    highlight={highlight}
                  />
                )}
              </>
            )
          }
          score={
            <ScorePanel
              state={score}
              {...(modelName !== '' &&
                phase !== 'empty' && { run: runText(modelName, state, answers.length, t) })}
              {...(several && { onAnswer: (k: number) => setNth(readableAt(answers, k)) })}
              onAbout={() => setAbout(true)}
              {...(rawText !== '' && finished && { onRaw: () => setRawOpen(true) })}
              {...(phase === 'done' && { onAgain: () => assess.rerun() })}
              {...(phase === 'stopped' && { onResume: assess.resume })}
            />
          }
          side={
            phase === 'empty' || (phase === 'error' && text === '') ? (
              <>
                <GradesPanel />
                <Recent />
              </>
            ) : (
              <TracePanel
                text={text}
                lang={langOf(text)}
                writing={writing}
                spans={spans}
                {...(phase === 'running' &&
                  modelName !== '' && { run: t.trace.run(modelName, t.trace.greedy) })}
                {...(phase === 'stopped' && { stoppedAfter: wordCount(text) })}
                {...(several && { answer: { index: nth, count: answers.length, onSelect: setNth } })}
                frames={highlight}
                onFrames={setHighlight}
                onSeek={seek}
                {...(finished &&
                  rawText !== '' && {
                    raw: {
                      text: rawText,
                      official: officialReading(rawText),
                      open: rawOpen,
                      onOpen: setRawOpen,
                    },
                  })}
                announce={announce === 'sentences'}
              />
            )
          }
          below={
            <>
              {input.message && <Notice>{input.message}</Notice>}
              <Notices notices={notices} />
              {long !== null && (
                <Offer
                  notice={long}
                  file={file}
                  player={phase === 'running' ? null : player}
                  stored={phase === 'reopened' ? state.timeline : null}
                />
              )}
              {phase === 'empty' ? <IntroRow /> : below}
            </>
          }
          actions={
            phase === 'empty' ? (
              <ModelLine />
            ) : phase === 'running' || (phase === 'error' && queue.length === 0) ? null : (
              <Actions
                key={result?.createdAt ?? phase}
                exports={exports.items}
                onCopy={exports.copy}
                onResume={phase === 'stopped' ? assess.resume : null}
                onCompare={file && phase !== 'error' ? () => toCompare(file) : null}
                onTimes={phase === 'done' ? () => assess.rerun({ times: TIMES }) : null}
                onAgain={phase === 'stopped' && text !== '' ? () => assess.rerun() : null}
                waiting={queue.length}
                quiet={phase === 'error' || (phase === 'reopened' && !player)}
                onNext={next}
              />
            )
          }
        />
      </div>
      {announce !== 'off' && (
        <SpokenResult text={phase === 'done' || phase === 'stopped' ? spokenScore(score, t) : ''} />
      )}
      {about && <AboutScale scale={state.model?.manifest.scale ?? null} onClose={() => setAbout(false)} />}
    </>
  );
}

/** Whole texts of the finished answers. */
function answersOf({ answers, result }: AssessState): readonly string[] {
  return answers.length > 0
    ? answers.map(({ text }) => text)
    : (result?.answers.map(({ text }) => text) ?? []);
}

/** The first answer with the tokens of all: the seconds of writing are those of all. */
function allTokens({ answer, answers }: AssessState): AssessState['answer'] {
  return answer && { ...answer, tokens: answers.reduce((sum, { tokens }) => sum + tokens, 0) };
}

/** The ruler counts the answers that could be read; this is the place among all. */
function readableAt(answers: readonly string[], k: number): number {
  const readable = answers.flatMap((text, i) => (readStrictly(text, [0, 5]).score === null ? [] : [i]));
  return readable[k] ?? 0;
}

/** How the answers are drawn: greedily, or several with seeds. */
function runText(model: string, { phase, requested }: AssessState, finished: number, t: Messages): string {
  const count = phase === 'running' ? requested : finished;
  return count > 1 ? t.score.sampled(model, count, firstSeed(count) ?? 0) : t.score.greedy(model);
}

/** Opens the video on the Compare page, beside a damaged copy of itself. */
function toCompare(file: File): void {
  passToNextPage([file]);
  goTo('compare');
}

function tabState(phase: string, score: ScoreState, name: string, done: () => number) {
  if (phase === 'running') return { kind: 'running', name, done: done() } as const;
  if (phase !== 'done' && phase !== 'reopened') return { kind: 'idle' } as const;
  if (score.kind === 'one') return { kind: 'done', name, score: score.written, band: score.band } as const;
  if (score.kind === 'several')
    return { kind: 'done', name, score: score.value.toFixed(2), band: score.band } as const;
  return { kind: 'none', name } as const;
}

/** The focus goes to the score's heading when a result was asked for by key, never otherwise. */
function useFocusOnResult(phase: string, byKey: () => boolean): void {
  const before = useRef(phase);
  useEffect(() => {
    if (before.current === 'running' && phase === 'done' && byKey())
      document.querySelector<HTMLElement>('.assess-frame__score h2')?.focus();
    before.current = phase;
  }, [phase, byKey]);
}
