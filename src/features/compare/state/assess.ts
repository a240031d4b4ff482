/**
 * Both sides assessed, K answers each. B's perturbed frames are A's in another order: their embeddings are cached by
 * pixels, so they are not encoded again.
 */
import { createStore } from 'zustand/vanilla';
import { type CodedErrorData, isAbort } from '../../../../core/errors.ts';
import type { Profile } from '../../../../core/sampling/profiles.ts';
import type { LoadedModel } from '../../../../workers/model/api.ts';
import { type ModelStore, toErrorData } from '../../../assessment/model/model-store.ts';
import { type Reducers, reducerOf, unchanged } from '../../../assessment/reduce.ts';
import type { Answer } from '../../../assessment/run/answer.ts';
import { DecodedFrames } from '../../../assessment/run/decoded-frames.ts';
import { type FramePlan, sampledPlan } from '../../../assessment/run/frame-plan.ts';
import { type RunOptions, runAssessment } from '../../../assessment/run/run-assessment.ts';
import type { RunEvent } from '../../../assessment/run/run-events.ts';
import { CurrentRun, type RunHandle } from '../../../assessment/run/run-handle.ts';
import type { StageSeconds } from '../../../assessment/run/stages.ts';
import { TextThrottle } from '../../../assessment/run/text-throttle.ts';
import type { CompareState, Side, SideName } from './store.ts';

export type { Answer };

/** Seconds of all answers of a side; frames are encoded for the first one only. */
export type SideSeconds = Omit<StageSeconds, 'index'>;

export interface SideRun {
  /** Names file, frames, model and sampling. Answers of another key are out of date. */
  readonly key: string;
  readonly answers: readonly Answer[];
  readonly seconds: SideSeconds;
  /** Frames of the vision branch, and how many of them had cached embeddings. */
  readonly frames: number;
  readonly reused: number;
  /** Frames that were decoded for this side alone. */
  readonly decoded: number;
}

/** The work in progress. */
export type BothStep =
  | { readonly kind: 'loading' }
  | { readonly kind: 'decode'; readonly done: number; readonly total: number }
  | { readonly kind: 'encode'; readonly side: SideName; readonly done: number; readonly total: number }
  | {
      readonly kind: 'answer';
      readonly side: SideName;
      readonly k: number;
      readonly of: number;
      readonly text: string;
    };

export interface BothState {
  readonly phase: 'idle' | 'running' | 'done' | 'stopped' | 'error';
  readonly step: BothStep | null;
  /** The answer that was asked for last. */
  readonly asked: { readonly k: number; readonly of: number };
  /** Part of the whole that is done, 0 … 1. */
  readonly done: number;
  readonly runs: Readonly<Record<SideName, SideRun | null>>;
  readonly model: LoadedModel | null;
  readonly error: CodedErrorData | null;
}

export const EMPTY: BothState = {
  phase: 'idle',
  step: null,
  asked: { k: 0, of: 1 },
  done: 0,
  runs: { a: null, b: null },
  model: null,
  error: null,
};

const NO_SECONDS: SideSeconds = { decode: 0, encodeVision: 0, encodeMotion: 0, prefill: 0, generate: 0 };

/** Frames that the model sees of a side; null when that side cannot be drawn. */
export function seenFrames(name: SideName, state: CompareState, profile: Profile): FramePlan | null {
  const { a, b, perturbation } = state;
  const side = name === 'b' ? b : a;
  if (side) return sampledPlan(profile, { from: 0, frames: side.video.times.length });
  const drawn = name === 'b' ? perturbation?.drawn : null;
  return drawn?.kind === 'perturbed' ? drawn : null;
}

/** Names everything that an answer depends on; equal keys give equal answers. */
export function runKey(
  side: Side,
  plan: FramePlan,
  model: Pick<LoadedModel, 'manifestSha256' | 'dtype' | 'backend'>,
  answers: number,
): string {
  const { name, size, lastModified } = side.file;
  const { manifestSha256, dtype, backend } = model;
  const frames = [plan.vision.join(), plan.motion.join()];
  return [name, size, lastModified, manifestSha256, dtype, backend, answers === 1, ...frames].join('|');
}

type OfSide<Event> = Event & { readonly side: SideName };

export type BothEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'loaded'; readonly model: LoadedModel }
  /** A side begins, with the frames of its plan; finished answers of the same key stay, up to `answers`. */
  | OfSide<{
      readonly kind: 'side';
      readonly key: string;
      readonly frames: number;
      readonly answers: number;
    }>
  | { readonly kind: 'finished' | 'stopped' }
  | { readonly kind: 'failed'; readonly error: CodedErrorData }
  | { [Kind in RunEvent['kind']]: OfSide<Extract<RunEvent, { readonly kind: Kind }>> }[RunEvent['kind']];

function changeRun(
  { runs }: BothState,
  side: SideName,
  change: (run: SideRun) => Partial<SideRun>,
): Partial<BothState> {
  const run = runs[side];
  return run ? { runs: { ...runs, [side]: { ...run, ...change(run) } } } : {};
}

/** Part of the whole when `answers` of a side are there: A is the first half, B the second. */
const share = (side: SideName, answers: number): number => ((side === 'b' ? 1 : 0) + answers) / 2;

function addAnswer(run: SideRun, answer: Answer): Partial<SideRun> {
  const { seconds, framesReused } = answer.raw;
  const first = run.answers.length === 0;
  return {
    answers: [...run.answers, answer],
    ...(first && { reused: framesReused }),
    seconds: {
      decode: run.seconds.decode,
      encodeVision: first ? seconds.encodeVision : run.seconds.encodeVision,
      encodeMotion: first ? seconds.encodeMotion : run.seconds.encodeMotion,
      prefill: run.seconds.prefill + seconds.prefill,
      generate: run.seconds.generate + seconds.generate,
    },
  };
}

const reducers: Reducers<BothState, BothEvent> = {
  started: () => ({ phase: 'running', step: { kind: 'loading' }, done: 0, error: null }),
  loaded: (_, { model }) => ({ model }),
  side: ({ runs }, { side, key, frames, answers }) => {
    const before = runs[side];
    const run: SideRun =
      before?.key === key
        ? { ...before, answers: before.answers.slice(0, answers) }
        : { key, answers: [], seconds: NO_SECONDS, frames, reused: 0, decoded: 0 };
    return { runs: { ...runs, [side]: run } };
  },
  finished: () => ({ phase: 'done', step: null, done: 1 }),
  stopped: () => ({ phase: 'stopped', step: null }),
  failed: (_, { error }) => ({ phase: 'error', step: null, error }),
  opened: unchanged,
  waited: unchanged,
  planned: unchanged,
  frame: unchanged,
  progress: unchanged,
  stage: ({ asked }, { side, stage }) =>
    stage === 'prefill' ? { step: { kind: 'answer', side, ...asked, text: '' } } : {},
  decoding: (_, { done, total }) => ({ step: { kind: 'decode', done, total } }),
  decoded: (state, { side, report, seconds }) =>
    changeRun(state, side, (run) => ({
      seconds: { ...run.seconds, decode: run.seconds.decode + seconds },
      decoded: run.decoded + (report?.wanted ?? 0),
    })),
  asked: (_, { side, k, of }) => ({ asked: { k, of }, done: share(side, k / of) }),
  // Later answers find every embedding cached.
  encoding: (_, { side, k, done, total }) => (k === 0 ? { step: { kind: 'encode', side, done, total } } : {}),
  text: ({ step }, { text }) =>
    step?.kind === 'answer' ? { step: { ...step, text: step.text + text } } : {},
  answer: (state, { side, k, answer }) => ({
    ...changeRun(state, side, (run) => addAnswer(run, answer)),
    done: share(side, (k + 1) / state.asked.of),
  }),
};

export const reduceBoth = reducerOf(reducers);

export interface AssessBothDependencies {
  readonly media: RunOptions['media'];
  readonly models: Pick<ModelStore, 'ready' | 'client'>;
  readonly state: () => CompareState;
}

export class AssessBoth {
  readonly store = createStore<BothState>(() => EMPTY);
  readonly #media: RunOptions['media'];
  readonly #models: AssessBothDependencies['models'];
  readonly #compare: () => CompareState;
  readonly #current = new CurrentRun();
  /** Decoded frames by video. */
  readonly #frames = new Map<number, DecodedFrames>();

  constructor({ media, models, state }: AssessBothDependencies) {
    this.#media = media;
    this.#models = models;
    this.#compare = state;
  }

  /** Assesses both sides; finished answers that are still valid stay. */
  run = async (): Promise<void> => {
    const run = this.#current.begin();
    const { answers } = this.#compare().settings;
    this.#dispatch({ kind: 'started' });
    try {
      const model = await this.#models.ready();
      run.signal.throwIfAborted();
      this.#dispatch({ kind: 'loaded', model });
      await this.#assessSide('a', model, answers, run);
      await this.#assessSide('b', model, answers, run);
      if (run.isCurrent()) this.#dispatch({ kind: 'finished' });
    } catch (error) {
      if (!run.isCurrent()) return;
      this.#dispatch(isAbort(error) ? { kind: 'stopped' } : { kind: 'failed', error: toErrorData(error) });
    } finally {
      run.end();
    }
  };

  stop = (): void => this.#current.abort();

  /** True when a side's answers are those of what it shows now. */
  isCurrent = (name: SideName): boolean => {
    const { runs, model } = this.store.getState();
    const run = runs[name];
    const side = this.#sideOf(name);
    const compare = this.#compare();
    const plan = model && seenFrames(name, compare, model.profile);
    return Boolean(
      run && side && plan && model && run.key === runKey(side, plan, model, compare.settings.answers),
    );
  };

  /** Drops answers and frames; for other videos. */
  clear = (): void => {
    this.#current.cancel();
    this.#frames.clear();
    this.store.setState(EMPTY);
  };

  #dispatch(event: BothEvent): void {
    this.store.setState(reduceBoth(this.store.getState(), event));
  }

  #sideOf(name: SideName): Side | null {
    const { a, b } = this.#compare();
    return name === 'b' ? (b ?? a) : a;
  }

  #framesOf(video: number): DecodedFrames {
    const decoded = this.#frames.get(video) ?? new DecodedFrames();
    this.#frames.set(video, decoded);
    return decoded;
  }

  /** Decodes while the proxy frame stores are on hold: their decoders would take the processor that this needs. */
  #decodeAlone: RunOptions['media']['frames'] = async (...request) => {
    const hold = (on: boolean) => {
      for (const name of ['a', 'b'] as const) this.#sideOf(name)?.frames.hold(on);
    };
    hold(true);
    try {
      return await this.#media.frames(...request);
    } finally {
      hold(false);
    }
  };

  async #assessSide(name: SideName, model: LoadedModel, answers: number, run: RunHandle): Promise<void> {
    const side = this.#sideOf(name);
    const plan = seenFrames(name, this.#compare(), model.profile);
    if (!side || !plan) return;
    const key = runKey(side, plan, model, answers);
    this.#dispatch({ kind: 'side', side: name, key, frames: plan.vision.length, answers });
    const finished = this.store.getState().runs[name]?.answers.length ?? 0;
    if (finished >= answers) return;
    const dispatch = (event: RunEvent) => {
      if (run.isCurrent()) this.#dispatch({ ...event, side: name });
    };
    const text = new TextThrottle((more, tokens) => dispatch({ kind: 'text', text: more, tokens }));
    try {
      await runAssessment(side, plan, {
        media: { frames: this.#decodeAlone },
        client: this.#models.client,
        model,
        frames: this.#framesOf(side.video.id),
        answers: { of: answers, finished },
        thumbnails: () => [],
        signal: run.signal,
        onEvent(event) {
          if (event.kind === 'asked') text.reset();
          if (event.kind === 'text') text.add(event.text, event.tokens);
          else dispatch(event);
        },
      });
    } finally {
      text.reset();
    }
    // An answer that was stopped is not kept.
    run.signal.throwIfAborted();
  }
}

export const createAssessBoth = (dependencies: AssessBothDependencies): AssessBoth =>
  new AssessBoth(dependencies);
