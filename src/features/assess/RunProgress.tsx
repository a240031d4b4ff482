/** Progress of a run: one bar while the model loads, then one segment per stage. */
import { isVqa2, type LoadedPackage, type LoadProgress } from '../../../workers/model/api.ts';
import { type AssessState, stageKey } from '../../assessment/assess-store.ts';
import { expectedTokens, secondsLeft, stageShares } from '../../assessment/run/stages.ts';
import { ActionButton } from '../../page/ActionButton.tsx';
import { SpokenStage } from '../../ui/LiveRegion.tsx';
import { ProgressBar, progressOf } from '../../ui/ProgressBar.tsx';
import { Queue } from './FilePanel.tsx';
import type { AssessMessages } from './messages/useAssessMessages.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { barStages, wordCount } from './run-view.ts';
import './RunProgress.css';

/** Text of the present stage. */
export function stageText({ stage, stages, view }: AssessState, t: AssessMessages): string {
  if (stage === null) return t.progress.index;
  const { done, total } = stages[stage];
  switch (stage) {
    case 'decode':
      return total > 0 ? t.progress.decode(Math.min(done + 1, total), total) : t.progress.stages.decode;
    case 'encodeVision':
      return total > 0
        ? t.progress.encodeVision(Math.min(done + 1, total), total)
        : t.progress.stages.encodeVision;
    case 'generate':
      return t.progress.generate(wordCount(view.thinking));
    default:
      return t.progress[stage];
  }
}

/** Stage of a load, and its bytes; a self-test has none. */
export function loadDetail({ stage, loadedBytes, totalBytes }: LoadProgress, t: AssessMessages): string {
  const { loadStages, loadingBytes } = t.progress;
  if (stage === 'test' || totalBytes === 0) return loadStages[stage];
  return t.units.facts([loadStages[stage], loadingBytes(loadedBytes, totalBytes)]);
}

/** Segments of the bar and the finished part of the whole, 0 … 1. */
export function progressState(state: AssessState, loaded: LoadedPackage | null, t: AssessMessages) {
  const key = loaded ? stageKey(loaded) : '';
  const bar = barStages(
    state.stages,
    stageShares(key, loaded?.backend ?? 'wasm'),
    expectedTokens(key),
    (stage) => t.progress.stages[stage],
    (stage) => (stage.state === 'reused' ? t.progress.reused : t.units.seconds(stage.seconds)),
    !loaded || !isVqa2(loaded),
  );
  return { bar, done: progressOf(bar) };
}

function rate({ startedAt, firstToken, tokens }: AssessState): number | null {
  if (firstToken === null || tokens < 8) return null;
  const seconds = (performance.now() - startedAt) / 1000 - firstToken;
  return seconds > 0.2 ? (tokens - 1) / seconds : null;
}

export interface RunProgressProps {
  readonly state: AssessState;
  readonly loaded: LoadedPackage | null;
  /** Bytes of the model while it loads, else null. */
  readonly loading: LoadProgress | null;
  readonly waiting: boolean;
  readonly onUnqueue: (file: File) => void;
  readonly announce: boolean;
}

export function RunProgress(props: RunProgressProps) {
  const { state, loaded, loading, waiting, onUnqueue, announce } = props;
  const t = useAssessMessages();
  const stop = <ActionButton action="escape">{t.actions.stop}</ActionButton>;
  // The index is read while the model loads; after it the run waits for the model.
  const cold = waiting && state.video !== null;
  const { bar, done } = progressState(state, loaded, t);
  const nth = state.requested > 1 ? [t.progress.answers(state.answers.length + 1, state.requested)] : [];
  const title = cold ? t.progress.loading : t.units.facts([...nth, stageText(state, t)]);
  const left = secondsLeft(done, (performance.now() - state.startedAt) / 1000);
  const perSecond = state.stage === 'generate' ? rate(state) : null;
  const details = [
    ...(perSecond === null ? [] : [t.progress.rate(perSecond.toFixed(0))]),
    ...(left === null ? [] : [t.progress.left(left)]),
  ];
  return (
    <div className="assess-progress">
      {cold ? (
        <ProgressBar
          label={t.progress.loading}
          title={t.progress.loading}
          detail={loading ? loadDetail(loading, t) : undefined}
          segments={[
            {
              id: 'model',
              label: t.progress.loading,
              share: 1,
              state: 'running',
              fraction: loading && loading.totalBytes > 0 ? loading.loadedBytes / loading.totalBytes : 0,
            },
          ]}
          action={stop}
        />
      ) : (
        <ProgressBar
          label={t.progress.label}
          title={title}
          detail={t.units.facts(details)}
          segments={bar}
          captions
          action={stop}
        />
      )}
      {state.queue.length > 0 && <Queue queue={state.queue} onUnqueue={onUnqueue} />}
      {announce && <SpokenStage text={cold ? title : state.stage ? t.progress.stages[state.stage] : title} />}
    </div>
  );
}
