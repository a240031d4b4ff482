/**
 * The parts of the Assess page in each phase. They are functions and not components: the frame keeps its parts, so the
 * player, the filmstrip and the reasoning keep their DOM when a run ends.
 */
import { type ComponentProps, type ReactNode, Suspense } from 'react';
import type { AssessState } from '../../assessment/assess-store.ts';
import { firstSeed } from '../../assessment/run/answer.ts';
import { STAGES } from '../../assessment/run/stages.ts';
import { assess } from '../../assessment/session.ts';
import { lazyPart } from '../../page/lazy-part.ts';
import { useAddress } from '../../page/router.ts';
import { useNarrow } from '../../ui/useMedia.ts';
import { Actions, TIMES } from './Actions.tsx';
import { DropZone } from './DropZone.tsx';
import { errorRows, type FactRow, FilePanel, factRows, modelText, resultRows } from './FilePanel.tsx';
import { Filmstrip } from './Filmstrip.tsx';
import { GradesPanel } from './GradesPanel.tsx';
import { IntroRow, ModelLine } from './IntroRow.tsx';
import { LinkedVideo } from './LinkedVideo.tsx';
import { linkedVideo } from './linked-video.ts';
import type { AssessMessages } from './messages/useAssessMessages.ts';
import { PlayerError } from './PlayerError.tsx';
import { PlayerView } from './PlayerView.tsx';
import { Recent } from './Recent.tsx';
import { ReopenedView } from './ReopenedView.tsx';
import { RunProgress } from './RunProgress.tsx';
import { langOf, officialReading } from './run-view.ts';
import { ScorePanel, type ScorePanelProps } from './ScorePanel.tsx';
import { isSmallModel, PeopleEstimate, SmallModelNote } from './SmallModelNote.tsx';
import { TimePanel } from './TimePanel.tsx';
import { TracePanel, type TracePanelProps } from './TracePanel.tsx';
import { Transport } from './Transport.tsx';
import type { AssessView } from './useAssessView.ts';

export interface PhaseParts {
  readonly player: ReactNode;
  readonly filmstrip: ReactNode;
  readonly score: ReactNode;
  readonly side: ReactNode;
  readonly below: ReactNode;
  readonly actions: ReactNode;
}

export interface PhaseContext {
  readonly view: AssessView;
  readonly t: AssessMessages;
  /** Opens the dialog about the scale. */
  readonly onAbout: () => void;
  /** Opens the quality timeline; null where a notice has its button, or there is none. */
  readonly onTimeline: (() => void) | null;
}

type Phase = (context: PhaseContext) => PhaseParts;

/** The drop zone, or the question about the video that the page's address names. */
function EmptyPlayer(props: ComponentProps<typeof DropZone>) {
  const video = linkedVideo(useAddress().query);
  return video === null ? <DropZone {...props} /> : <LinkedVideo address={video} />;
}

const empty: Phase = (context) => ({
  player: <EmptyPlayer onSample={context.view.input.sample} lead={lead(context.view)} />,
  filmstrip: null,
  score: score(context, { run: undefined }),
  side: <Introduction levels={context.view.ofLevels} />,
  below: introduction(context.view),
  actions: <ModelLine />,
});

const running: Phase = (context) => {
  const { view, t } = context;
  const { state, loaded, modelLoad, modelName } = view;
  const { requested, answers } = state;
  return {
    player: film(view),
    filmstrip: controls(view),
    score: score(context, { several: requested > 1 }),
    side: trace(view, {
      writing: state.stage === 'generate',
      run: modelName === '' ? undefined : samplingText(view, t),
      ...(requested > 1 && {
        answer: {
          index: Math.min(answers.length, requested - 1),
          count: requested,
          result: null,
          onSelect: null,
        },
      }),
    }),
    below: (
      <RunProgress
        state={state}
        loaded={view.vqa2 ?? loaded}
        loading={modelLoad.progress}
        waiting={modelLoad.phase === 'loading'}
        onUnqueue={assess.dequeue}
        announce={view.announceSentences}
      />
    ),
    actions: null,
  };
};

const stopped: Phase = (context) => {
  const { view, t } = context;
  return {
    player: film(view),
    filmstrip: controls(view),
    score: score(context, { onResume: assess.resume }),
    side: trace(view, { stopped: true }),
    below: facts(view, t),
    actions: resultActions(view, {
      onResume: assess.resume,
      onAgain: view.text !== '' ? () => assess.rerun() : null,
    }),
  };
};

const done: Phase = (context) => {
  const { view, t } = context;
  return {
    player: film(view),
    filmstrip: controls(view),
    score: score(context, { ...answerProps(view), onAgain: () => assess.rerun() }),
    side: trace(view, rawProps(view)),
    below: facts(view, t, times(view)),
    actions: resultActions(view, {
      onTimes: view.ofLevels ? null : () => assess.rerun({ times: TIMES }),
      onTimeline: view.ofLevels ? null : context.onTimeline,
    }),
  };
};

const reopened: Phase = (context) => {
  const { view, t } = context;
  const { state, player, input } = view;
  return {
    player:
      !player && state.result ? (
        <ReopenedView result={state.result} frames={state.frames} note={input.note} />
      ) : (
        film(view)
      ),
    filmstrip: controls(view),
    score: score(context, answerProps(view)),
    side: trace(view, rawProps(view)),
    below: facts(view, t, times(view)),
    actions: resultActions(view, {
      quiet: !player,
      onTimeline: view.ofLevels ? null : context.onTimeline,
    }),
  };
};

const failed: Phase = (context) => {
  const { view, t } = context;
  const { file, video, error, queue } = view.state;
  const rows = video ? factRows(video.facts, t) : file && error ? errorRows(file, error, t) : [];
  return {
    player: error ? <PlayerError error={error} file={file} facts={rows} /> : film(view),
    filmstrip: controls(view),
    score: score(context),
    side: view.text === '' && !view.state.vqa2 ? <Introduction levels={view.ofLevels} /> : trace(view),
    below: facts(view, t),
    actions: queue.length === 0 ? null : resultActions(view, { quiet: true }),
  };
};

export const PHASES: Readonly<Record<AssessState['phase'], Phase>> = {
  empty,
  running,
  stopped,
  done,
  reopened,
  error: failed,
};

const levelParts = {
  score: lazyPart(() => import('./levels/LevelScorePanel.tsx')),
  side: lazyPart(() => import('./levels/LevelSide.tsx')),
  intro: lazyPart(() => import('./levels/LevelIntro.tsx')),
  introRow: lazyPart(() => import('./levels/LevelIntroRow.tsx')),
  lead: lazyPart(() => import('./levels/LevelLead.tsx')),
};

function lead({ ofLevels }: AssessView): ReactNode {
  if (!ofLevels) return undefined;
  const LevelLead = levelParts.lead();
  return (
    <Suspense fallback={null}>
      <LevelLead />
    </Suspense>
  );
}

function introduction({ ofLevels }: AssessView): ReactNode {
  if (!ofLevels) return <IntroRow />;
  const LevelIntroRow = levelParts.introRow();
  return (
    <Suspense fallback={null}>
      <LevelIntroRow />
    </Suspense>
  );
}

/** Beside an empty page: what the score means, and results of before. */
function Introduction({ levels }: { readonly levels: boolean }) {
  const LevelIntro = levelParts.intro();
  return (
    <>
      {levels ? (
        <Suspense fallback={null}>
          <LevelIntro />
        </Suspense>
      ) : (
        <GradesPanel />
      )}
      <Recent />
    </>
  );
}

function film({ player, sampled }: AssessView): ReactNode {
  return player ? <PlayerView player={player} sampled={sampled} /> : <div className="assess-player" />;
}

/** Transport and filmstrip. */
function controls({ state, player, sampled, loaded, highlight }: AssessView): ReactNode {
  const { frames, video, result } = state;
  return (
    <>
      {player && <Transport player={player} sampled={sampled} />}
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
  );
}

function score({ view, t, onAbout }: PhaseContext, props: Partial<ScorePanelProps> = {}): ReactNode {
  if (view.ofLevels) {
    const LevelScorePanel = levelParts.score();
    return (
      <Suspense fallback={null}>
        <LevelScorePanel view={view} onResume={props.onResume ?? null} resume={t.actions.goOn} />
      </Suspense>
    );
  }
  const { modelName, loaded } = view;
  const manifest = loaded?.manifest ?? null;
  // The model of a reopened result may be another one: its estimate is in the result, or there is none.
  const head = view.state.phase === 'reopened' ? null : (manifest?.humanHead ?? null);
  return (
    <ScorePanel
      state={view.score}
      headingRef={view.heading}
      run={modelName === '' ? undefined : samplingText(view, t)}
      onAbout={onAbout}
      foot={
        <>
          <PeopleEstimate head={head} estimate={view.state.estimate} />
          {isSmallModel(manifest) && <SmallModelNote manifest={manifest} />}
        </>
      }
      {...props}
    />
  );
}

/** The way from the score panel to the single answers. */
function answerProps({ answers, rawText, setNth, setRawOpen }: AssessView): Partial<ScorePanelProps> {
  const unreadable = answers.findIndex(({ score }) => score === null);
  return {
    onAnswer: answers.length > 1 ? (k) => setNth(readableAt(answers, k)) : undefined,
    onUnreadable: answers.length > 1 && unreadable >= 0 ? () => setNth(unreadable) : undefined,
    onRaw: rawText === '' ? undefined : () => setRawOpen(true),
  };
}

function trace(view: AssessView, props: Partial<TracePanelProps> = {}): ReactNode {
  if (view.ofLevels) {
    const LevelSide = levelParts.side();
    return (
      <Suspense fallback={null}>
        <LevelSide view={view} />
      </Suspense>
    );
  }
  const { text, spans, answers, answerText, nth, setNth, highlight, setHighlight, seekSampled } = view;
  return (
    <TracePanel
      text={text}
      lang={langOf(text)}
      writing={false}
      spans={spans}
      answer={
        answers.length > 1
          ? { index: nth, count: answers.length, result: answerText, onSelect: setNth }
          : undefined
      }
      frames={highlight}
      onFrames={setHighlight}
      onSeek={seekSampled}
      announce={view.announceSentences}
      {...props}
    />
  );
}

function rawProps({ rawText, rawOpen, setRawOpen }: AssessView): Partial<TracePanelProps> {
  if (rawText === '') return {};
  return {
    raw: { text: rawText, official: officialReading(rawText), open: rawOpen, onOpen: setRawOpen },
  };
}

/** The facts of the file, after `above`. */
function facts(
  { state, name, modelName }: AssessView,
  t: AssessMessages,
  above: ReactNode = null,
): ReactNode {
  const { file, video, result, error, queue } = state;
  const model = state.vqa2 ?? state.model;
  const rows: FactRow[] = video ? factRows(video.facts, t) : result ? resultRows(result, t) : [];
  if (video && model)
    rows.push({ label: t.file.model, value: modelText(modelName, model.dtype, model.backend, t) });
  if (!video && file && error) rows.push(...errorRows(file, error, t));
  const seconds = above === null ? 0 : STAGES.reduce((sum, stage) => sum + state.stages[stage].seconds, 0);
  return (
    <Facts summary={seconds > 0 ? t.assess.details(t.units.seconds(seconds)) : t.assess.detailsFile}>
      {above}
      <FilePanel name={name} rows={rows} queue={queue} onUnqueue={assess.dequeue} />
    </Facts>
  );
}

/** Time and file side by side; on a phone closed, under one line. */
function Facts({ summary, children }: { readonly summary: string; readonly children: ReactNode }) {
  const parts = <div className="assess-below">{children}</div>;
  return useNarrow() ? (
    <details className="assess-details">
      <summary>{summary}</summary>
      {parts}
    </details>
  ) : (
    parts
  );
}

function times({ state, ofLevels }: AssessView): ReactNode {
  return (
    <TimePanel
      stages={state.stages}
      firstWord={state.firstToken}
      report={state.report}
      answer={allTokens(state)}
      model={state.model}
      frames={state.video?.facts.frames ?? 0}
      writes={!ofLevels}
    />
  );
}

type Ways = Partial<
  Pick<Parameters<typeof Actions>[0], 'onResume' | 'onAgain' | 'onTimes' | 'onTimeline' | 'quiet'>
>;

function resultActions({ state, exports, canCompare }: AssessView, ways: Ways): ReactNode {
  return (
    <Actions
      key={state.result?.createdAt ?? state.phase}
      exports={exports.items}
      onCopy={exports.copy}
      canCompare={canCompare}
      waiting={state.queue.length}
      {...ways}
    />
  );
}

/** The first answer with the tokens of all: the measured seconds are those of all. */
function allTokens({ answer, answers }: AssessState): AssessState['answer'] {
  return answer && { ...answer, tokens: answers.reduce((sum, { tokens }) => sum + tokens, 0) };
}

/** Index among all answers of the k-th one that could be read. */
function readableAt(answers: AssessView['answers'], k: number): number {
  const readable = answers.flatMap(({ score }, i) => (score === null ? [] : [i]));
  return readable[k] ?? 0;
}

/** Model and decoding: greedy, or several answers with their first seed. */
function samplingText({ state, modelName, answers }: AssessView, t: AssessMessages): string {
  const count = state.phase === 'running' ? state.requested : answers.length;
  return count > 1 ? t.score.sampled(modelName, count, firstSeed(count) ?? 0) : t.score.greedy(modelName);
}
