/**
 * Quality over time: a video in segments, each assessed by itself, one at a time, in the order of interest. What was
 * assessed stays, over pauses and other lengths; a segment that failed says why and never has a score.
 */
import { createStore } from 'zustand/vanilla';
import { type CodedErrorData, isAbort } from '../../../core/errors.ts';
import type { QualityTimeline, StoredSegmentResult } from '../../../core/files/quality-timeline.ts';
import {
  nextSegment,
  SEGMENT_SECONDS,
  type Segment,
  type SegmentScore,
  segmentsOf,
} from '../../../core/sampling/timeline-segments.ts';
import type { OpenedVideo } from '../../../workers/media/api.ts';
import type { MediaClient } from '../../../workers/media/client.ts';
import type { LoadedModel } from '../../../workers/model/api.ts';
import { toErrorData } from '../model/model-store.ts';
import type { Answer } from '../run/answer.ts';
import { DecodedFrames } from '../run/decoded-frames.ts';
import { sampledPlan } from '../run/frame-plan.ts';
import { modelFacts, namedAnswer, type SampledFrame } from '../run/result-file.ts';
import { type AnsweringModel, runAssessment } from '../run/run-assessment.ts';
import type { Stage } from '../run/stages.ts';

/** As in the file of a curve, and a small picture from its middle. */
export interface SegmentResult extends Readonly<StoredSegmentResult> {
  readonly thumbnail: Blob | null;
}

/** A curve of an earlier visit or of a file. */
export interface StoredTimeline {
  readonly timeline: QualityTimeline;
  /** One place a segment. */
  readonly thumbnails: readonly (Blob | null)[];
}

type TimelineModel = Pick<QualityTimeline, 'model' | 'profile'>;

export type QualityTimelinePhase = 'idle' | 'running' | 'paused' | 'done';

export interface SegmentProgress {
  /** Place of the segment that is worked on. */
  readonly segment: number;
  readonly stage: Stage | null;
}

export interface QualityTimelineState {
  readonly phase: QualityTimelinePhase;
  readonly file: File | null;
  readonly video: OpenedVideo | null;
  /** Length asked for, in seconds. */
  readonly seconds: number;
  readonly segments: readonly Segment[];
  /** One place a segment; null until it was assessed. */
  readonly results: readonly (SegmentResult | null)[];
  readonly progress: SegmentProgress | null;
  /** The model that all results are of. */
  readonly model: TimelineModel | null;
  /** What stopped the whole of it: results stay, and it can go on. */
  readonly error: CodedErrorData | null;
}

const EMPTY: QualityTimelineState = {
  phase: 'idle',
  file: null,
  video: null,
  seconds: SEGMENT_SECONDS.usual,
  segments: [],
  results: [],
  progress: null,
  model: null,
  error: null,
};

/** These would befall every other segment as well. */
const STOPS_ALL = /^(model\/|run\/(worker|device|memory|no-model)|media\/(changed|codec))/;

export interface QualityTimelineDependencies {
  readonly media: Pick<MediaClient, 'frames'>;
  readonly models: {
    ready(): Promise<LoadedModel>;
    readonly client: AnsweringModel;
  };
  /** Makes the small picture that is kept of a segment. */
  readonly makeThumbnail: (bitmap: ImageBitmap) => Promise<Blob | null>;
}

/** Results of two models never stand in one line. */
const sameModel = (a: QualityTimeline['model'], b: QualityTimeline['model']): boolean =>
  a.manifestSha256 === b.manifestSha256 && a.dtype === b.dtype && a.backend === b.backend;

const keyOf = ({ from, frames }: Segment): string => `${from}+${frames}`;

/** What the planner needs to know: the score, null without one, undefined while it was not looked at. */
export const scoresOf = (results: QualityTimelineState['results']): SegmentScore[] =>
  results.map((result) => (result ? result.score : undefined));

export function createQualityTimelineStore({ media, models, makeThumbnail }: QualityTimelineDependencies) {
  const store = createStore<QualityTimelineState>(() => EMPTY);
  const get = store.getState;
  const set = (change: Partial<QualityTimelineState>) => store.setState(change);
  let controller: AbortController | null = null;
  /** All results of this file and model by their frames: another length and back again costs nothing. */
  const cachedResults = new Map<string, SegmentResult>();
  /** Frames of the segment that was assessed last; those of a paused one are decoded once. */
  let decoded = { key: '', frames: new DecodedFrames() };

  function cut(seconds: number): void {
    const { video } = get();
    // A curve whose video is not there stays as it was cut.
    if (video) set({ seconds, segments: segmentsOf(video.times, video.facts.duration, seconds) });
    show();
  }

  /** Everything that a kept curve knows. Another length than it has is cut anew, from the video. */
  function take({ timeline: curve, thumbnails: pictures }: StoredTimeline): void {
    for (const [at, { result, ...segment }] of curve.segments.entries())
      if (result) cachedResults.set(keyOf(segment), { ...result, thumbnail: pictures[at] ?? null });
    const { model, profile, segmentSeconds: seconds } = curve;
    set({
      model: { model, profile },
      seconds,
      segments: curve.segments.map(({ result: _, ...segment }) => segment),
    });
  }

  const settled = (): QualityTimelinePhase =>
    get().results.some((result) => result === null) ? 'paused' : 'done';

  function show(): void {
    set({ results: get().segments.map((segment) => cachedResults.get(keyOf(segment)) ?? null) });
  }

  function framesOf(segment: Segment): DecodedFrames {
    const key = keyOf(segment);
    if (decoded.key !== key) {
      decoded.frames.close();
      decoded = { key, frames: new DecodedFrames() };
    }
    return decoded.frames;
  }

  async function assess(
    segment: Segment,
    at: number,
    model: LoadedModel,
    signal: AbortSignal,
  ): Promise<SegmentResult> {
    const { file, video } = get();
    if (!file || !video) throw new DOMException('no video', 'AbortError');
    const begun = performance.now();
    const frames = framesOf(segment);
    const plan = sampledPlan(model.profile, segment);
    const { answers } = await runAssessment({ file, video }, plan, {
      media,
      client: models.client,
      model,
      frames,
      signal,
      onEvent: (event) => {
        if (event.kind === 'stage' && !signal.aborted) set({ progress: { segment: at, stage: event.stage } });
      },
    });
    signal.throwIfAborted();
    const answer = answers[0] as Answer;
    if (answer.raw.end === 'aborted') throw new DOMException('stopped', 'AbortError');
    const sampled = plan.vision.map((index): SampledFrame => {
      const frame = frames.get(index);
      return {
        index,
        time: frame?.time ?? video.times[index] ?? segment.start,
        ...(frame?.substituted === undefined ? {} : { substituted: frame.substituted }),
      };
    });
    const bitmap = frames.get(plan.vision[plan.vision.length >> 1] ?? -1)?.thumbnail;
    return {
      ...namedAnswer(answer),
      sampled,
      seconds: (performance.now() - begun) / 1000,
      thumbnail: bitmap ? await makeThumbnail(bitmap) : null,
    };
  }

  async function run(): Promise<void> {
    if (!get().video || get().phase === 'running') return;
    const mine = new AbortController();
    controller = mine;
    const current = () => controller === mine;
    set({ phase: 'running', error: null });
    try {
      const model = await models.ready();
      if (!current()) return;
      const before = get().model;
      const now = { model: modelFacts(model), profile: model.profile };
      if (before && !sameModel(before.model, now.model)) cachedResults.clear();
      set({ model: now });
      show();
      for (let at = nextSegment(scoresOf(get().results)); at !== null; ) {
        const segment = get().segments[at] as Segment;
        set({ progress: { segment: at, stage: null } });
        const result = await assess(segment, at, model, mine.signal).catch((error: unknown) => failed(error));
        if (!current()) return;
        cachedResults.set(keyOf(segment), result);
        decoded.frames.close();
        show();
        at = nextSegment(scoresOf(get().results));
      }
      set({ phase: 'done', progress: null });
    } catch (error) {
      if (current())
        set({ phase: 'paused', progress: null, error: isAbort(error) ? null : toErrorData(error) });
    } finally {
      if (current()) controller = null;
    }
  }

  /** A segment that could not be assessed; what would befall all others too is thrown on. */
  function failed(thrown: unknown): SegmentResult {
    const { code, params, message } = toErrorData(thrown);
    if (isAbort(thrown) || STOPS_ALL.test(code)) throw thrown;
    const error = { code, params: { ...params }, message };
    return { score: null, error, text: '', tokens: 0, named: [], sampled: [], seconds: 0, thumbnail: null };
  }

  function pause(): void {
    if (get().phase !== 'running') return;
    controller?.abort();
    controller = null;
    set({ phase: 'paused', progress: null });
  }

  function clear(): void {
    pause();
    decoded.frames.close();
    cachedResults.clear();
    store.setState({ ...EMPTY, seconds: get().seconds });
  }

  /** Runs on where it ran, rests where it rested. */
  function changed(work: () => void): void {
    const ran = get().phase === 'running';
    pause();
    work();
    if (ran) void run();
    else if (get().phase !== 'idle') set({ phase: settled() });
  }

  return {
    store,
    /**
     * Takes a video that is open already; another one than before lets go of what was known.
     *
     * @param stored of the same video: it stands there at once, and what it lacks waits to be told to go on
     */
    open(file: File, video: OpenedVideo, stored: StoredTimeline | null = null): void {
      if (get().video === video) return;
      clear();
      set({ file, video });
      if (stored) take(stored);
      cut(get().seconds);
      if (stored) set({ phase: settled() });
    },
    /** Shows a curve whose video is not there. */
    show(stored: StoredTimeline): void {
      clear();
      take(stored);
      show();
      set({ phase: settled() });
    },
    /** Starts, or goes on. Resolves when nothing is left or it was paused. */
    run,
    /** Stops within one token; the segment it was at is assessed anew, from the frames that were decoded. */
    pause,
    /** Another length of segments. Segments that were assessed before are not assessed again. */
    setSeconds(seconds: number): void {
      const { least, most } = SEGMENT_SECONDS;
      const to = Math.min(most, Math.max(least, Math.round(seconds)));
      if (to !== get().seconds) changed(() => cut(to));
    },
    /** Forgets the results without a score and assesses those segments anew. */
    retryFailed(): void {
      for (const [key, { score }] of cachedResults) if (score === null) cachedResults.delete(key);
      changed(show);
      void run();
    },
    clear,
  };
}

export type QualityTimelineStore = ReturnType<typeof createQualityTimelineStore>;
