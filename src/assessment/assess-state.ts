/** The state of the Assess page, and the changes that each event makes to it. Pure: no clock, worker or storage. */
import type { StrictReading } from '../../core/answer/answer.ts';
import { type AnswerView, viewAnswer } from '../../core/answer/answer-stream.ts';
import type { HumanEstimate } from '../../core/answer/human-head.ts';
import type { CodedErrorData } from '../../core/errors.ts';
import type { Result } from '../../core/files/result.ts';
import type { ScoreProtocolId } from '../../core/vqa2/protocols.ts';
import type { DecodeReport, DeliveredFrame, OpenedVideo } from '../../workers/media/api.ts';
import type { LoadedModel, LoadedVqa2, RawAnswer } from '../../workers/model/api.ts';
import { type Reducers, reducerOf, unchanged } from './reduce.ts';
import { MAX_TOKENS } from './run/answer.ts';
import type { FileAssessment } from './run/assess-file.ts';
import { NO_VIEW } from './run/growing-answer.ts';
import type { RunEvent } from './run/run-events.ts';
import type { StageTime } from './run/stage-clock.ts';
import { STAGES, type Stage, type StageSeconds } from './run/stages.ts';
import type { StoredTimeline } from './timeline/store.ts';
import type { LevelOutcome } from './vqa2/outcome.ts';
import type { LevelAssessment } from './vqa2/score-video.ts';

/** `reopened`: a result file without its video. */
export type AssessPhase = 'empty' | 'running' | 'stopped' | 'done' | 'error' | 'reopened';

export interface ShownFrame {
  /** Source frame, in the order of the prompt. */
  readonly index: number;
  /** Seconds; NaN until the frame is there. */
  readonly time: number;
  readonly substituted?: number;
  readonly thumbnail: ImageBitmap | null;
  /** Its size in pixels, where that is not the video's. */
  readonly size?: { readonly width: number; readonly height: number };
  /** The browser made its colours; another machine may give others. */
  readonly foreignColour?: true;
  /** Its embedding is there. */
  readonly encoded: boolean;
}

export interface StageState {
  readonly state: 'waiting' | 'running' | 'done' | 'reused';
  readonly seconds: number;
  readonly done: number;
  readonly total: number;
}

export type StageStates = Readonly<Record<Stage, StageState>>;

export interface AssessState {
  readonly phase: AssessPhase;
  readonly file: File | null;
  readonly video: OpenedVideo | null;
  readonly frames: readonly ShownFrame[];
  readonly stages: StageStates;
  readonly stage: Stage | null;
  /** `performance.now` at the start of the run, later by the time that the model was being loaded. */
  readonly startedAt: number;
  /** Seconds from the start to the first token, once it is there. */
  readonly firstToken: number | null;
  readonly view: AnswerView;
  readonly tokens: number;
  /** The first answer, or the only one. */
  readonly answer: RawAnswer | null;
  /** All finished answers, and how many were requested. */
  readonly answers: readonly RawAnswer[];
  readonly requested: number;
  readonly reading: StrictReading | null;
  readonly model: LoadedModel | null;
  /** The model of the run, where it is of VQA², and its finished score. */
  readonly vqa2: LoadedVqa2 | null;
  /** Scoring protocol of that run. */
  readonly protocol: ScoreProtocolId | null;
  readonly levels: LevelOutcome | null;
  readonly report: DecodeReport | null;
  /** The finished result; it may follow the score by the time that the file's hash takes. */
  readonly result: Result | null;
  readonly error: CodedErrorData | null;
  readonly queue: readonly File[];
  /** The estimate of people's score, by the package's head; `none` for a package without one. */
  readonly estimate: 'none' | 'running' | 'unavailable' | HumanEstimate;
  /** Quality timeline that came with a reopened result. */
  readonly timeline: StoredTimeline | null;
  /** Name of the video that was cleared last, while it can be restored. */
  readonly closed: string | null;
}

const stagesOf = (state: (stage: Stage) => StageState): StageStates =>
  Object.fromEntries(STAGES.map((stage) => [stage, state(stage)])) as Record<Stage, StageState>;

const NO_STAGES = stagesOf(() => ({ state: 'waiting', seconds: 0, done: 0, total: 0 }));

export const EMPTY: AssessState = {
  phase: 'empty',
  file: null,
  video: null,
  frames: [],
  stages: NO_STAGES,
  stage: null,
  startedAt: 0,
  firstToken: null,
  view: NO_VIEW,
  tokens: 0,
  answer: null,
  answers: [],
  requested: 1,
  reading: null,
  model: null,
  vqa2: null,
  protocol: null,
  levels: null,
  report: null,
  result: null,
  error: null,
  queue: [],
  estimate: 'none',
  timeline: null,
  closed: null,
};

/** The events of a run, those of the store around it, and what the person does with the queue. */
export type AssessStoreEvent =
  | RunEvent
  | {
      readonly kind: 'began';
      readonly file: File;
      readonly startedAt: number;
      readonly view: AnswerView;
      readonly requested: number;
    }
  | { readonly kind: 'left'; readonly time: StageTime }
  | { readonly kind: 'firstToken'; readonly seconds: number }
  | { readonly kind: 'drawn'; readonly view: AnswerView; readonly tokens: number }
  | { readonly kind: 'assessed'; readonly assessment: FileAssessment }
  /** A model of VQA² begins, and has its score. */
  | { readonly kind: 'scoring'; readonly model: LoadedVqa2; readonly protocol: ScoreProtocolId }
  | { readonly kind: 'scored'; readonly assessment: LevelAssessment }
  | { readonly kind: 'result'; readonly result: Result }
  | { readonly kind: 'estimate'; readonly estimate: AssessState['estimate'] }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly error: CodedErrorData }
  | { readonly kind: 'queued' | 'dequeued'; readonly file: File }
  /** A file takes the present one's place. */
  | { readonly kind: 'opening'; readonly file: File }
  | {
      readonly kind: 'reopened';
      readonly result: Result;
      readonly thumbnails: readonly (ImageBitmap | null)[];
      readonly timeline: StoredTimeline | null;
    };

const changeStage = ({ stages }: AssessState, stage: Stage, change: Partial<StageState>) => ({
  stages: { ...stages, [stage]: { ...stages[stage], ...change } },
});

const shown = (frame: ShownFrame, delivered: DeliveredFrame): ShownFrame => ({
  ...frame,
  time: delivered.time,
  thumbnail: delivered.thumbnail ?? null,
  ...(delivered.substituted === undefined ? {} : { substituted: delivered.substituted }),
  ...(delivered.size ? { size: delivered.size } : {}),
  ...(delivered.foreignColour ? { foreignColour: true } : {}),
});

function plan(state: AssessState, indices: readonly number[]): Partial<AssessState> {
  const { frames, video } = state;
  if (frames.length === indices.length && frames.every(({ index }, i) => index === indices[i])) return {};
  const timeOf = (index: number) => video?.times[index] ?? Number.NaN;
  // A frame of the plan before is the same frame of the same video.
  const before = new Map(frames.map((frame) => [frame.index, frame]));
  return {
    frames: indices.map((index) => ({
      index,
      time: timeOf(index),
      thumbnail: null,
      ...before.get(index),
      encoded: false,
    })),
  };
}

const finished = (state: AssessState, seconds: StageSeconds, reused: readonly Stage[]): StageStates =>
  stagesOf((stage) => ({
    ...state.stages[stage],
    state: reused.includes(stage) ? 'reused' : 'done',
    seconds: seconds[stage],
  }));

function assessed(state: AssessState, { answers, reused, seconds, model }: FileAssessment) {
  const [first] = answers;
  return {
    phase: first?.raw.end === 'aborted' ? ('stopped' as const) : ('done' as const),
    stage: null,
    stages: finished(state, seconds, reused),
    view: viewAnswer(first?.raw.text ?? ''),
    answer: first?.raw ?? null,
    answers: answers.map(({ raw }) => raw),
    reading: first?.reading ?? null,
    model,
  };
}

const reducers: Reducers<AssessState, AssessStoreEvent> = {
  began: (_, { file, startedAt, view, requested }) => ({
    phase: 'running',
    file,
    stages: NO_STAGES,
    startedAt,
    firstToken: null,
    view,
    tokens: 0,
    answer: null,
    answers: [],
    requested,
    reading: null,
    vqa2: null,
    levels: null,
    result: null,
    error: null,
    estimate: 'none',
  }),
  stage: (state, { stage }) => ({ stage, ...changeStage(state, stage, { state: 'running' }) }),
  left: (state, { time: { stage, seconds } }) => changeStage(state, stage, { state: 'done', seconds }),
  opened: (_, { video }) => ({ video }),
  waited: ({ startedAt }, { seconds }) => ({ startedAt: startedAt + seconds * 1000 }),
  planned: (state, { plan: { vision } }) =>
    plan(
      state,
      vision.filter((index) => index !== null),
    ),
  frame: ({ frames }, { frame }) => ({
    frames: frames.map((one) => (one.index === frame.index ? shown(one, frame) : one)),
  }),
  decoding: (state, { done, total, cached }) =>
    changeStage(state, 'decode', { done: cached + done, total: cached + total }),
  decoded: (_, { report }) => ({ report }),
  // The stages' times stay; the text of the answer before makes room.
  asked: (_, { k }) => (k > 0 ? { view: NO_VIEW, tokens: 0 } : {}),
  encoding: (state, { done, total }) => ({
    ...changeStage(state, 'encodeVision', { done, total }),
    frames: state.frames.map((frame, i) => (i < done ? { ...frame, encoded: true } : frame)),
  }),
  progress: (state, { stage, done, total }) => changeStage(state, stage, { done, total }),
  text: unchanged,
  firstToken: (_, { seconds }) => ({ firstToken: seconds }),
  drawn: (state, { view, tokens }) => ({
    view,
    tokens,
    ...changeStage(state, 'generate', { done: tokens, total: MAX_TOKENS }),
  }),
  answer: ({ answers }, { answer }) => ({ answers: [...answers, answer.raw] }),
  assessed: (state, { assessment }) => assessed(state, assessment),
  scoring: (_, { model, protocol }) => ({ vqa2: model, model: null, protocol }),
  scored: (state, { assessment: { outcome, seconds, reused } }) => ({
    phase: 'done',
    stage: null,
    stages: finished(state, seconds, reused),
    levels: outcome,
  }),
  result: (_, { result }) => ({ result }),
  estimate: (_, { estimate }) => ({ estimate }),
  stopped: () => ({ phase: 'stopped', stage: null }),
  failed: (_, { error }) => ({ phase: 'error', error }),
  queued: ({ queue }, { file }) => ({ queue: [...queue, file] }),
  dequeued: ({ queue }, { file }) => ({ queue: queue.filter((one) => one !== file) }),
  opening: ({ queue }, { file }) => ({ ...EMPTY, queue: queue.filter((one) => one !== file) }),
  reopened: (_, { result, thumbnails, timeline }) => ({
    ...EMPTY,
    phase: 'reopened',
    result,
    estimate: result.humanEstimate ?? 'none',
    timeline,
    stages: stagesOf((stage) => ({
      state: 'done',
      seconds: result.timings[stage] ?? 0,
      done: 0,
      total: 0,
    })),
    view: viewAnswer(result.answers[0]?.text ?? ''),
    tokens: result.answers[0]?.tokens ?? 0,
    frames: result.sampled.map((frame, i) => ({
      ...frame,
      thumbnail: thumbnails[i] ?? null,
      encoded: true,
    })),
  }),
};

export const reduceAssess = reducerOf(reducers);
