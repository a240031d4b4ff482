/** The Assess page's store: one video at a time, with a queue of three behind it. Its state is in `assess-state.ts`. */
import { createStore } from 'zustand/vanilla';
import { CodedError, isAbort } from '../../core/errors.ts';
import type { Result } from '../../core/files/result.ts';
import type { ScoreProtocolId } from '../../core/vqa2/protocols.ts';
import type { Stall } from '../../core/vqa2/stalls.ts';
import type { CodecSupport } from '../../workers/media/api.ts';
import { isVqa2, type LoadedPackage } from '../../workers/model/api.ts';
import {
  type AssessState,
  type AssessStoreEvent,
  EMPTY,
  reduceAssess,
  type ShownFrame,
} from './assess-state.ts';
import { loadPart } from './build.ts';
import { type ModelStore, toErrorData } from './model/model-store.ts';
import { assessOpened, type FileAssessment, type FrameSource, openFile } from './run/assess-file.ts';
import { DecodedFrames } from './run/decoded-frames.ts';
import { pixelRules } from './run/frame-plan.ts';
import { GrowingAnswer } from './run/growing-answer.ts';
import { estimateOf, wholeFeatures } from './run/human-estimate.ts';
import { buildResult, sampledFrames } from './run/result-file.ts';
import type { RunEvent } from './run/run-events.ts';
import { CurrentRun } from './run/run-handle.ts';
import { StageClock } from './run/stage-clock.ts';
import { rememberStages, rememberTokens, secondsWithout } from './run/stages.ts';
import type { StoredTimeline } from './timeline/store.ts';

export type { AssessPhase, AssessState, ShownFrame, StageState } from './assess-state.ts';

const MAX_QUEUE = 3;
/** Longest video in seconds that one score describes; of a longer one the page says so. */
export const LONG_SECONDS = 60;
/** Shortest video in seconds with a quality timeline: two segments or three. */
export const TIMELINE_SECONDS = 15;

const START = 'assess:start';

/** A measure of the browser's performance panel, which the bench reads. */
const measure = (name: string) => performance.measure(`assess:${name}`, START);

/** Key of this machine's running means: the package and its back end. */
export const stageKey = ({ manifestSha256, backend }: LoadedPackage): string =>
  `${manifestSha256.slice(0, 12)}.${backend}`;

export interface AssessMedia extends FrameSource {
  close(id: number): void;
  codecs?(): Promise<readonly CodecSupport[]>;
}

export interface AssessDependencies {
  readonly media: AssessMedia;
  readonly models: ModelStore;
  readonly hash: (file: Blob) => Promise<string>;
  /** Name and version for result files. */
  readonly app: string;
  /** Called with every finished result, for Recent. */
  readonly onResult?: (result: Result, frames: readonly ShownFrame[]) => void;
}

interface RunChoices {
  readonly prefix?: string;
  readonly software?: boolean;
  /** Number of answers. */
  readonly times?: number;
  /** Scoring protocol of a model of VQA², in place of the package's. */
  readonly protocol?: ScoreProtocolId;
  /** Stalls that its prompt tells, in place of a protocol. */
  readonly stalls?: readonly Stall[];
}

export class AssessStore {
  readonly store = createStore<AssessState>(() => EMPTY);
  readonly #dependencies: AssessDependencies;
  readonly #current = new CurrentRun();
  readonly #clock = new StageClock();
  /** Frames of the present video; a stopped run leaves them for the next one. */
  readonly #decoded = new DecodedFrames();
  /** State that was cleared last: its video stays open. */
  #closed: AssessState | null = null;
  readonly #text = new GrowingAnswer((view, tokens) => this.#dispatch({ kind: 'drawn', view, tokens }));

  constructor(dependencies: AssessDependencies) {
    this.#dependencies = dependencies;
  }

  /** Opens a video in place of the present one; while a run goes on it is queued. */
  open = (file: File): 'started' | 'queued' | 'full' => {
    const { phase, queue } = this.#state;
    if (phase !== 'running') {
      this.#show(file);
      return 'started';
    }
    if (queue.length >= MAX_QUEUE) return 'full';
    this.#dispatch({ kind: 'queued', file });
    return 'queued';
  };

  /** Stops within one token; the text so far stays. */
  stop = (): void => this.#current.abort();

  /** Continues the text of a stopped answer; without text it starts again. */
  resume = (): void => {
    const { file, answer } = this.#state;
    if (file) void this.#run(file, answer?.text ? { prefix: answer.text } : {});
  };

  rerun = (choices: Omit<RunChoices, 'prefix'> = {}): void => {
    const { file } = this.#state;
    if (!file) return;
    if (choices.software) this.#decoded.clear();
    void this.#run(file, choices);
  };

  /** Shows the empty page. A result can be restored until the next video or result is opened. */
  clear = (): void => {
    this.#current.cancel();
    const state = this.#state;
    const name = state.file?.name ?? state.result?.file.name;
    if (!/^(done|stopped|reopened)$/.test(state.phase) || name === undefined) {
      this.#release();
      this.store.setState(EMPTY);
      return;
    }
    this.#closed = state;
    this.store.setState({ ...EMPTY, closed: name });
  };

  /** Shows again what was cleared last. @returns false when there is nothing to restore */
  restore = (): boolean => {
    if (!this.#closed) return false;
    this.store.setState(this.#closed);
    this.#closed = null;
    return true;
  };

  /**
   * Shows a saved result, or a saved quality timeline with its result. The video can be attached afterwards.
   *
   * @throws CodedError `result/version`, `result/file`
   */
  reopen = async (file: File): Promise<Result> => {
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
      const timeline = readQualityTimeline(json);
      this.showResult(timeline.result, [], { timeline, thumbnails: [] });
      return timeline.result;
    }
    const { readResult } = await loadPart(() => import('../../core/files/result.ts'));
    const result = readResult(json);
    this.showResult(result);
    return result;
  };

  showResult = (
    result: Result,
    thumbnails: readonly (ImageBitmap | null)[] = [],
    timeline: StoredTimeline | null = null,
  ): void => {
    this.#current.cancel();
    this.#release();
    this.#dispatch({ kind: 'reopened', result, thumbnails, timeline });
  };

  /** Shows an error from outside of a run: a file that is no result, an export that failed. */
  fail = (error: unknown): void => {
    if (!isAbort(error)) this.#dispatch({ kind: 'failed', error: toErrorData(error) });
  };

  dequeue = (file: File): void => this.#dispatch({ kind: 'dequeued', file });

  /** Opens the first file of the queue in place of the present one. */
  openNext = (): void => {
    const { phase, queue } = this.#state;
    if (queue[0] && phase !== 'running') this.#show(queue[0]);
  };

  /** Vision input of a source frame: [size, size, 3] uint8; null when it is not decoded. */
  modelInput = (index: number): { readonly rgb: Uint8Array; readonly size: number } | null => {
    const model = this.#state.model ?? this.#dependencies.models.store.getState().loaded;
    const rgb = model && this.#decoded.get(index)?.rgb[pixelRules(model.profile).vision];
    return rgb ? { rgb, size: model.profile.size } : null;
  };

  /** Attaches the video to its reopened result. @returns false for a file with another hash */
  attachVideo = async (file: File): Promise<boolean> => {
    const { media, hash } = this.#dependencies;
    const { result } = this.#state;
    if (!result || (await hash(file)) !== result.file.sha256 || this.#state.result !== result) return false;
    this.store.setState({ file });
    this.store.setState({ video: await media.open(file).catch(() => null) });
    return true;
  };

  get #state(): AssessState {
    return this.store.getState();
  }

  #dispatch(event: AssessStoreEvent): void {
    this.store.setState(reduceAssess(this.#state, event));
  }

  async #run(file: File, { times = 1, ...choices }: RunChoices): Promise<void> {
    const { media, models } = this.#dependencies;
    const run = this.#current.begin();
    const view = this.#text.begin(choices.prefix);
    this.#clock.leave();
    performance.mark(START);
    this.#dispatch({ kind: 'began', file, startedAt: performance.now(), view, requested: times });
    try {
      const { signal } = run;
      const onEvent = (event: RunEvent) => {
        if (run.isCurrent() && this.#state.phase === 'running') this.#onEvent(event);
      };
      const shared = { file, video: this.#state.video, media, signal, onEvent };
      const opened = await openFile({ ...shared, model: models.readyPackage() });
      const { model } = opened;
      if (isVqa2(model)) {
        const { scoreRun } = await loadPart(() => import('./vqa2/score-run.ts'));
        await scoreRun(
          { ...opened, model },
          { ...shared, ...choices, run },
          {
            ...this.#dependencies,
            state: () => this.#state,
            dispatch: (event) => this.#dispatch(event),
            leaveStage: () => this.#leaveStage(),
          },
        );
        return;
      }
      const assessment = await assessOpened(
        { ...opened, model },
        {
          ...shared,
          frames: this.#decoded,
          client: models.client,
          answers: { of: times, finished: 0 },
          ...choices,
        },
      );
      if (!run.isCurrent()) return;
      await this.#finish(file, assessment);
      await this.#estimate(assessment, run.signal);
    } catch (error) {
      if (!run.isCurrent()) return;
      this.#text.stop();
      this.#leaveStage();
      this.#dispatch(isAbort(error) ? { kind: 'stopped' } : { kind: 'failed', error: toErrorData(error) });
    } finally {
      if (run.isCurrent()) {
        run.end();
        // After a stop or an error the person decides; a result is in Recent.
        if (this.#state.phase === 'done') this.openNext();
      }
    }
  }

  #onEvent(event: RunEvent): void {
    if (event.kind === 'stage') {
      this.#leaveStage(event.stage);
      this.#dispatch(event);
    } else if (event.kind === 'planned') {
      const { frames } = this.#state;
      this.#dispatch(event);
      // The plan's frames are new to the page, but an earlier run may have decoded them.
      if (this.#state.frames !== frames)
        for (const frame of this.#decoded.values()) this.#dispatch({ kind: 'frame', frame });
    } else if (event.kind === 'text') {
      const { startedAt, firstToken } = this.#state;
      if (firstToken === null) {
        measure('first-token');
        this.#dispatch({ kind: 'firstToken', seconds: (performance.now() - startedAt) / 1000 });
      }
      this.#text.add(event.text, event.tokens);
    } else {
      if (event.kind === 'asked' && event.k > 0) this.#text.begin();
      this.#dispatch(event);
    }
  }

  #leaveStage(next: Parameters<StageClock['enter']>[0] | null = null): void {
    const time = next === null ? this.#clock.leave() : this.#clock.enter(next);
    if (time) this.#dispatch({ kind: 'left', time });
  }

  async #finish(file: File, assessment: FileAssessment): Promise<void> {
    this.#text.stop();
    this.#dispatch({ kind: 'assessed', assessment });
    const { answer } = this.#state;
    if (this.#state.phase === 'stopped') return;
    measure('done');
    remember(assessment);
    const { app, hash, onResult } = this.#dependencies;
    const sha256 = await hash(file).catch(() => null);
    if (sha256 === null || this.#state.file !== file || this.#state.answer !== answer) return;
    const sampled = sampledFrames(this.#state.frames);
    const result = buildResult({ ...assessment, app, createdAt: new Date(), sha256, sampled });
    this.#dispatch({ kind: 'result', result });
    onResult?.(result, this.#state.frames);
  }

  /** Estimates people's score once the result is there, and adds it to the result: nothing waits for it. */
  async #estimate({ video, model }: FileAssessment, signal: AbortSignal): Promise<void> {
    const { result } = this.#state;
    if (!result || !model.humanHead) return;
    this.#dispatch({ kind: 'estimate', estimate: 'running' });
    const { media, onResult } = this.#dependencies;
    try {
      const stored = await estimateOf(model, await wholeFeatures(media, video, this.#decoded, signal));
      if (this.#state.result !== result) return;
      this.#dispatch({ kind: 'estimate', estimate: stored?.humanEstimate ?? 'unavailable' });
      if (!stored) return;
      const complete = { ...result, ...stored };
      this.#dispatch({ kind: 'result', result: complete });
      onResult?.(complete, this.#state.frames);
    } catch (error) {
      if (!isAbort(error) && this.#state.result === result)
        this.#dispatch({ kind: 'estimate', estimate: 'unavailable' });
    }
  }

  /** Closes the present video, or the cleared one; what it showed stays until the next one is shown. */
  #release(): void {
    const { video, frames } = this.#closed ?? this.#state;
    this.#closed = null;
    if (video) this.#dependencies.media.close(video.id);
    for (const frame of frames) frame.thumbnail?.close();
    this.#decoded.close();
  }

  #show(file: File): void {
    this.#release();
    this.#dispatch({ kind: 'opening', file });
    void this.#run(file, {});
  }
}

/** Adds a run to the means of this machine: one greedy answer only, whose length and shares are the usual ones. */
function remember({ answers, reused, seconds, model }: FileAssessment): void {
  const [only, other] = answers;
  if (!only || other) return;
  rememberStages(stageKey(model), secondsWithout(seconds, reused));
  if (only.raw.end === 'eos') rememberTokens(stageKey(model), only.raw.tokens);
}

export const createAssessStore = (dependencies: AssessDependencies): AssessStore =>
  new AssessStore(dependencies);
