/**
 * The Assess page as data: one video at a time, with a queue of three behind it. Actions start, stop and go on with a
 * run; the page only draws what stands here.
 */
import { createStore } from 'zustand/vanilla';
import type { StrictReading } from '../../core/answer/answer.ts';
import {
  type AnswerStream,
  type AnswerView,
  answerStream,
  viewAnswer,
} from '../../core/answer/answer-stream.ts';
import { CodedError, type CodedErrorData, isAbort } from '../../core/errors.ts';
import type { Result } from '../../core/files/result.ts';
import type { CodecSupport, DecodeReport, DeliveredFrame, OpenedVideo } from '../../workers/media/api.ts';
import type { LoadedModel, RawAnswer } from '../../workers/model/api.ts';
import { loadPart } from './build.ts';
import { type ModelStore, toErrorData } from './model/model-store.ts';
import { type Answer, MAX_TOKENS } from './run/answer.ts';
import { assessFile, type FileAssessment, type FrameSource } from './run/assess-file.ts';
import { DecodedFrames } from './run/decoded-frames.ts';
import { pixelRules } from './run/frame-plan.ts';
import { buildResult } from './run/result-file.ts';
import type { RunEvent } from './run/run-events.ts';
import { rememberStages, rememberTokens, STAGES, type Stage, type StageSeconds } from './run/stages.ts';
import { TextThrottle } from './run/text-throttle.ts';
import type { StoredTimeline } from './timeline/store.ts';

/** `reopened`: a result file without its video. */
export type AssessPhase = 'empty' | 'running' | 'stopped' | 'done' | 'error' | 'reopened';

export interface ShownFrame {
  /** Source frame, in the order of the prompt. */
  readonly index: number;
  /** Seconds; NaN until the frame is there. */
  readonly time: number;
  readonly substituted?: number;
  readonly thumbnail: ImageBitmap | null;
  /** The browser made its colours; another machine may give others. */
  readonly foreignColour?: true;
  /** The vision encoder has seen it. */
  readonly encoded: boolean;
}

export interface StageState {
  readonly state: 'waiting' | 'running' | 'done' | 'reused';
  readonly seconds: number;
  readonly done: number;
  readonly total: number;
}

export interface AssessState {
  readonly phase: AssessPhase;
  readonly file: File | null;
  readonly video: OpenedVideo | null;
  readonly frames: readonly ShownFrame[];
  readonly stages: Readonly<Record<Stage, StageState>>;
  readonly stage: Stage | null;
  /** `performance.now` at the start of the run; the time that went into loading the model is left out. */
  readonly startedAt: number;
  /** Seconds from the start to the first word, once it is there. */
  readonly firstToken: number | null;
  readonly view: AnswerView;
  readonly tokens: number;
  /** The first answer, or the only one. */
  readonly answer: RawAnswer | null;
  /** All finished answers, and how many were asked for. */
  readonly answers: readonly RawAnswer[];
  readonly requested: number;
  readonly reading: StrictReading | null;
  readonly model: LoadedModel | null;
  readonly report: DecodeReport | null;
  /** The finished result; its file hash may arrive a moment after the score. */
  readonly result: Result | null;
  readonly error: CodedErrorData | null;
  readonly queue: readonly File[];
  /** Quality over time that came with a reopened result. */
  readonly timeline: StoredTimeline | null;
}

const NO_VIEW: AnswerView = viewAnswer('');
const MAX_QUEUE = 3;
/** One score says little about a longer video. */
export const LONG_SECONDS = 60;

const START = 'assess:start';

/** Seen in the browser's own performance panel and read by the bench. */
const measure = (name: string) => performance.measure(`assess:${name}`, START);

/** Under which name this machine's running means are kept: the package and where it runs. */
export const stageKey = ({ manifestSha256, backend }: LoadedModel): string =>
  `${manifestSha256.slice(0, 12)}.${backend}`;

const noStages = () =>
  Object.fromEntries(
    STAGES.map((stage) => [stage, { state: 'waiting', seconds: 0, done: 0, total: 0 }]),
  ) as Record<Stage, StageState>;

const EMPTY: AssessState = {
  phase: 'empty',
  file: null,
  video: null,
  frames: [],
  stages: noStages(),
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
  report: null,
  result: null,
  error: null,
  queue: [],
  timeline: null,
};

export interface MediaClient extends FrameSource {
  close(id: number): void;
  codecs?(): Promise<readonly CodecSupport[]>;
}

export interface AssessDependencies {
  readonly media: MediaClient;
  readonly models: ModelStore;
  readonly hash: (file: Blob) => Promise<string>;
  /** Name and version for result files. */
  readonly app: string;
  /** Called with every finished result, for Recent. */
  readonly onResult?: (result: Result, frames: readonly ShownFrame[]) => void;
}

export function createAssessStore({ media, models, hash, app, onResult }: AssessDependencies) {
  const store = createStore<AssessState>(() => EMPTY);
  const get = store.getState;
  const set = (change: Partial<AssessState>) => store.setState(change);
  let controller: AbortController | null = null;
  /** Frames of the present video; a stopped run leaves them for the next one. */
  let decoded = new DecodedFrames();
  let stream: AnswerStream = answerStream();
  const text = new TextThrottle((more, tokens) => {
    set({ view: stream.feed(more), tokens });
    setStage('generate', { done: tokens, total: MAX_TOKENS });
  });
  let running: { stage: Stage; at: number } | null = null;

  function setStage(stage: Stage, change: Partial<StageState>): void {
    const { stages } = get();
    set({ stages: { ...stages, [stage]: { ...stages[stage], ...change } } });
  }

  function leaveStage(): void {
    if (!running) return;
    setStage(running.stage, { state: 'done', seconds: (performance.now() - running.at) / 1000 });
    running = null;
  }

  function enterStage(stage: Stage): void {
    leaveStage();
    running = { stage, at: performance.now() };
    setStage(stage, { state: 'running' });
    set({ stage });
  }

  function showFrame(frame: DeliveredFrame): void {
    set({
      frames: get().frames.map((shown) =>
        shown.index === frame.index
          ? {
              ...shown,
              time: frame.time,
              thumbnail: frame.thumbnail ?? null,
              ...(frame.substituted === undefined ? {} : { substituted: frame.substituted }),
              ...(frame.foreignColour ? { foreignColour: true } : {}),
            }
          : shown,
      ),
    });
  }

  function onEvent(event: RunEvent): void {
    if (event.kind === 'stage') enterStage(event.stage);
    else if (event.kind === 'opened') set({ video: event.video });
    else if (event.kind === 'waited') set({ startedAt: get().startedAt + event.seconds * 1000 });
    else if (event.kind === 'planned') plan(event.plan.vision.filter((index) => index !== null));
    else if (event.kind === 'frame') showFrame(event.frame);
    else if (event.kind === 'decoding') {
      const { done, total, cached } = event;
      setStage('decode', { done: cached + done, total: cached + total });
    } else if (event.kind === 'decoded') set({ report: event.report });
    else if (event.kind === 'asked' && event.k > 0) clearText();
    else if (event.kind === 'encoding') {
      const { done, total } = event;
      setStage('encodeVision', { done, total });
      set({ frames: get().frames.map((frame, i) => (i < done ? { ...frame, encoded: true } : frame)) });
    } else if (event.kind === 'text') {
      const { startedAt, firstToken } = get();
      if (firstToken === null) {
        measure('first-word');
        set({ firstToken: (performance.now() - startedAt) / 1000 });
      }
      text.add(event.text, event.tokens);
    } else if (event.kind === 'answer') set({ answers: [...get().answers, event.answer.raw] });
  }

  function plan(sampled: readonly number[]): void {
    const { frames, video } = get();
    if (frames.length === sampled.length && frames.every((f, i) => f.index === sampled[i])) return;
    set({
      frames: sampled.map((index) => ({
        index,
        time: video?.times[index] ?? Number.NaN,
        thumbnail: null,
        encoded: false,
      })),
    });
    for (const frame of decoded.values()) showFrame(frame);
  }

  async function finish(file: File, run: FileAssessment): Promise<void> {
    text.reset();
    const { model, video, seconds } = run;
    const answers = run.answers.map(({ raw }) => raw);
    const { raw: answer, reading } = run.answers[0] as Answer;
    const stages = noStages();
    for (const stage of STAGES) {
      const reused = run.reused.includes(stage);
      stages[stage] = {
        ...get().stages[stage],
        state: reused ? 'reused' : 'done',
        seconds: seconds[stage],
      };
    }
    const stopped = answer.end === 'aborted';
    if (!stopped) measure('done');
    set({
      phase: stopped ? 'stopped' : 'done',
      stage: null,
      stages,
      view: viewAnswer(answer.text),
      answer,
      answers,
      reading,
      model,
    });
    if (stopped) return;
    const measured: Partial<StageSeconds> = {};
    for (const stage of STAGES) if (!run.reused.includes(stage)) measured[stage] = seconds[stage];
    const key = stageKey(model);
    // The bar's shares and the usual length are those of one greedy answer.
    if (answers.length === 1) rememberStages(key, measured);
    if (answers.length === 1 && answer.end === 'eos') rememberTokens(key, answer.tokens);
    const sha256 = await hash(file).catch(() => null);
    if (sha256 === null || get().file !== file || get().answer !== answer) return;
    const sampled = get().frames.map(({ index, time, substituted }) => ({
      index,
      time,
      ...(substituted === undefined ? {} : { substituted }),
    }));
    const createdAt = new Date();
    const result = buildResult({
      app,
      createdAt,
      video,
      sha256,
      model,
      sampled,
      answers: run.answers,
      seconds,
    });
    set({ result });
    onResult?.(result, get().frames);
  }

  /** Text and words of the answer before make room for the next one; what the stages took stays. */
  function clearText(): void {
    text.reset();
    stream = answerStream();
    set({ view: NO_VIEW, tokens: 0 });
  }

  async function run(
    file: File,
    { times = 1, ...options }: { prefix?: string; software?: boolean; times?: number } = {},
  ): Promise<void> {
    controller?.abort();
    const mine = new AbortController();
    controller = mine;
    text.reset();
    stream = answerStream();
    const view = options.prefix ? stream.feed(options.prefix) : NO_VIEW;
    running = null;
    performance.mark(START);
    set({
      phase: 'running',
      file,
      stages: noStages(),
      startedAt: performance.now(),
      firstToken: null,
      view,
      tokens: 0,
      answer: null,
      answers: [],
      requested: times,
      reading: null,
      result: null,
      error: null,
    });
    const current = () => controller === mine;
    try {
      const assessment = await assessFile({
        file,
        video: get().video,
        frames: decoded,
        media,
        client: models.client,
        model: models.ready(),
        answers: { of: times, finished: 0 },
        ...options,
        signal: mine.signal,
        onEvent: (event) => {
          if (current() && get().phase === 'running') onEvent(event);
        },
      });
      if (current()) await finish(file, assessment);
    } catch (error) {
      if (!current()) return;
      leaveStage();
      if (isAbort(error)) set({ phase: 'stopped', stage: null });
      else set({ phase: 'error', error: toErrorData(error) });
    } finally {
      if (current()) {
        controller = null;
        next();
      }
    }
  }

  function next(): void {
    const [first, ...queue] = get().queue;
    // After a stop or an error the reader decides; a result has its place in Recent.
    if (!first || get().phase !== 'done') return;
    set({ queue });
    show(first);
  }

  /** Lets go of the present video; what it showed stays until the next one is set. */
  function forget(): void {
    const { video, frames } = get();
    if (video) media.close(video.id);
    for (const frame of frames) frame.thumbnail?.close();
    decoded.close();
    decoded = new DecodedFrames();
  }

  function show(file: File): void {
    forget();
    store.setState({ ...EMPTY, queue: get().queue });
    void run(file);
  }

  return {
    store,
    /** Takes a video in place of the present one; while one runs it waits in line. */
    open(file: File): 'started' | 'queued' | 'full' {
      if (get().phase !== 'running') {
        show(file);
        return 'started';
      }
      if (get().queue.length >= MAX_QUEUE) return 'full';
      set({ queue: [...get().queue, file] });
      return 'queued';
    },
    /** Stops within one token; what was written stays. */
    stop: () => controller?.abort(),
    /** Goes on writing after a stop, or starts again where nothing was written. */
    resume(): void {
      const { file, answer } = get();
      if (file) void run(file, answer?.text ? { prefix: answer.text } : {});
    },
    rerun(options: { software?: boolean; times?: number } = {}): void {
      const { file } = get();
      if (!file) return;
      if (options.software) decoded = new DecodedFrames();
      void run(file, options);
    },
    clear(): void {
      controller?.abort();
      controller = null;
      forget();
      store.setState(EMPTY);
    },
    /**
     * Shows a saved result, or a saved curve with its result. The video may be dropped afterwards to play it.
     *
     * @throws CodedError `result/version`, `result/file`
     */
    async reopen(file: File): Promise<Result> {
      let json: unknown;
      try {
        json = JSON.parse(await file.text());
      } catch {
        throw new CodedError('result/file', { field: file.name, problem: 'is not JSON' });
      }
      // The schema library is only needed here.
      const { isQualityTimeline, readQualityTimeline } = await loadPart(
        () => import('../../core/files/quality-timeline.ts'),
      );
      if (isQualityTimeline(json)) {
        const curve = readQualityTimeline(json);
        showResult(curve.result, [], { timeline: curve, thumbnails: [] });
        return curve.result;
      }
      const { readResult } = await loadPart(() => import('../../core/files/result.ts'));
      const result = readResult(json);
      showResult(result);
      return result;
    },
    showResult,
    /** Shows what went wrong outside a run: a file that is no result, an export that failed. */
    fail(error: unknown): void {
      if (!isAbort(error)) set({ phase: 'error', error: toErrorData(error) });
    },
    /** Takes a waiting video out of the line. */
    dequeue(file: File): void {
      set({ queue: get().queue.filter((waiting) => waiting !== file) });
    },
    /** Shows the first of the line in place of the present one. */
    openNext(): void {
      const [first, ...queue] = get().queue;
      if (!first || get().phase === 'running') return;
      set({ queue });
      show(first);
    },
    /** The picture of a source frame as the vision encoder got it: [size, size, 3] uint8; null when it is not kept. */
    modelInput(index: number): { readonly rgb: Uint8Array; readonly size: number } | null {
      const model = get().model ?? models.store.getState().loaded;
      const frame = decoded.get(index);
      const rgb = model && frame?.rgb[pixelRules(model.profile).vision];
      return rgb ? { rgb, size: model.profile.size } : null;
    },
    /** Gives the video back to a reopened result, after its hash was found equal. */
    async attachVideo(file: File): Promise<boolean> {
      const { result } = get();
      if (!result || (await hash(file)) !== result.file.sha256 || get().result !== result) return false;
      set({ file });
      set({ video: await media.open(file).catch(() => null) });
      return true;
    },
  };

  function showResult(
    result: Result,
    thumbnails: readonly (ImageBitmap | null)[] = [],
    curve: StoredTimeline | null = null,
  ): void {
    controller?.abort();
    controller = null;
    forget();
    const text = result.answers[0]?.text ?? '';
    const stages = noStages();
    for (const stage of STAGES) {
      stages[stage] = { state: 'done', seconds: result.timings[stage] ?? 0, done: 0, total: 0 };
    }
    store.setState({
      ...EMPTY,
      phase: 'reopened',
      result,
      timeline: curve,
      stages,
      view: viewAnswer(text),
      tokens: result.answers[0]?.tokens ?? 0,
      frames: result.sampled.map((frame, i) => ({
        ...frame,
        thumbnail: thumbnails[i] ?? null,
        encoded: true,
      })),
    });
  }
}

export type AssessStore = ReturnType<typeof createAssessStore>;
