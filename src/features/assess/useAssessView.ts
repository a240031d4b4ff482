/** Everything that the parts of the Assess page show: state of the run, the player, and the answer that is chosen. */
import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { viewAnswer } from '../../../core/answer/answer-stream.ts';
import type { LoadedPackage, LoadedVqa2 } from '../../../workers/model/api.ts';
import type { AssessState } from '../../assessment/assess-store.ts';
import { assess, models } from '../../assessment/session.ts';
import { passToNextPage, pickFiles, useFileInput } from '../../page/file-input.ts';
import { goTo } from '../../page/router.ts';
import { useSettings } from '../../page/settings.ts';
import { useActions } from '../../page/useActions.ts';
import { useToggleFullscreen } from '../../page/useFullscreen.ts';
import { answerText, finishedAnswers } from './answers-view.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { clipOf, scoreState, spansOf } from './run-view.ts';
import { useExports } from './useExports.ts';
import { usePlayer, usePlayerActions } from './usePlayer.ts';
import { useVideoInput } from './useVideoInput.ts';

export type AssessView = ReturnType<typeof useAssessView>;

/** Milliseconds after the end of a run in which Escape, meant to stop it, does not clear its result. */
const LATE_STOP_MS = 1000;

export function useAssessView() {
  const state = useStore(assess.store);
  const model = useStore(models.store);
  const { announce } = useSettings();
  const { phase, file, video, frames, result } = state;
  const score = useMemo(() => scoreState(state), [state]);
  const loaded = state.model ?? model.loaded;
  const vqa2 = vqa2Of(state, model.vqa2);
  const ofLevels = phase === 'reopened' ? result?.levels !== undefined : vqa2 !== null;
  const input = useVideoInput();
  const player = usePlayer(file, video);
  const sampled = useMemo(() => frames.map((frame) => frame.index), [frames]);
  const exports = useExports({ result, score, player, frames });
  const playerBox = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useShownAnswer(state);

  useFileInput(input.receive);
  useFocusOnResult(phase, input.byKey, heading);
  usePlayerActions(player, sampled, {
    onFullscreen: useToggleFullscreen(playerBox),
    onSaveFrame: exports.saveFrame,
  });
  const seekSampled = useCallback(
    (k: number) => {
      const index = sampled[k];
      if (index !== undefined) player?.seek(index);
    },
    [player, sampled],
  );
  const settledAt = useSettledAt(phase);
  // Compare needs a model that answers in words.
  const compare = file && phase !== 'error' && !ofLevels ? () => toCompare(file) : null;
  useActions({
    escape: phase === 'empty' ? null : stopOrClear(phase, settledAt),
    next: phase === 'running' ? null : next,
    compare,
  });
  return {
    state,
    score,
    loaded,
    /** The model of VQA² of this run, or the one that the next run would take. */
    vqa2,
    /** True where a level score is shown, or will be. */
    ofLevels,
    modelLoad: model,
    modelName: modelNameOf(phase, result, vqa2 ?? loaded),
    name: file?.name ?? result?.file.name ?? '',
    input,
    player,
    sampled,
    exports,
    playerBox,
    heading,
    ...shown,
    seekSampled,
    canCompare: compare !== null,
    announceSentences: announce === 'sentences',
    announceResult: announce !== 'off',
  };
}

/** A run's own model is shown with it; before a run the loaded one. */
function vqa2Of({ model, vqa2, phase }: AssessState, loaded: LoadedVqa2 | null): LoadedVqa2 | null {
  return phase !== 'empty' && (vqa2 || model) ? vqa2 : loaded;
}

function modelNameOf(
  phase: AssessState['phase'],
  result: AssessState['result'],
  loaded: LoadedPackage | null,
): string {
  const named = phase === 'reopened' && result?.levels ? null : loaded;
  return named?.manifest.name ?? result?.model.name ?? '';
}

/** The chosen one of several answers: its text and marks, and the frames that a mark highlights. */
function useShownAnswer(state: AssessState) {
  const t = useAssessMessages();
  const { phase, file, video, frames, view, result, answer } = state;
  const [highlight, setHighlight] = useState<readonly number[] | null>(null);
  const [rawOpen, setRawOpen] = useState(false);
  const [nth, setNth] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the choices belong to one result
  useEffect(() => {
    setHighlight(null);
    setRawOpen(false);
    setNth(0);
  }, [file, result?.createdAt]);
  const answers = useMemo(() => finishedAnswers(state), [state]);
  const one = answers[nth];
  const text = answers.length > 1 ? viewAnswer(one?.text ?? '').thinking : view.thinking;
  const clip = useMemo(() => clipOf({ frames, video, result }), [frames, video, result]);
  const spans = useMemo(() => spansOf(text, clip, phase !== 'running'), [text, clip, phase]);
  return {
    highlight,
    setHighlight,
    rawOpen,
    setRawOpen,
    nth,
    setNth,
    answers,
    /** Score of the chosen answer, or the reason why it has none; null without a finished answer. */
    answerText: one ? answerText(one, t) : null,
    text,
    spans,
    rawText: one?.text ?? answer?.text ?? '',
  };
}

/** Opens the video on the Compare page, beside a perturbed copy of itself. */
function toCompare(file: File): void {
  passToNextPage([file]);
  goTo('compare');
}

function next(): void {
  if (assess.store.getState().queue.length > 0) assess.openNext();
  else pickFiles();
}

/** Stops a run, or clears what is shown. Escape in full screen belongs to the browser. */
const stopOrClear = (phase: AssessState['phase'], settledAt: RefObject<number>) => ({
  isEnabled: () => document.fullscreenElement === null,
  run: () => {
    if (phase === 'running') assess.stop();
    else if (phase !== 'done' || performance.now() - settledAt.current > LATE_STOP_MS) assess.clear();
  },
});

/** Time at which the phase began, unless it is a run. */
function useSettledAt(phase: AssessState['phase']): RefObject<number> {
  const at = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    if (phase !== 'running') at.current = performance.now();
  }, [phase]);
  return at;
}

/** Moves the focus to the score's heading when a run that was started by key is done. */
function useFocusOnResult(
  phase: AssessState['phase'],
  byKey: () => boolean,
  heading: RefObject<HTMLElement | null>,
): void {
  const before = useRef(phase);
  useEffect(() => {
    if (before.current === 'running' && phase === 'done' && byKey()) heading.current?.focus();
    before.current = phase;
  }, [phase, byKey, heading]);
}
