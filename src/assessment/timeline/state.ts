/** The state of a quality timeline, and the changes that each event makes to it. Pure: no clock, worker or storage. */
import type { CodedErrorData } from '../../../core/errors.ts';
import type { QualityTimeline, StoredSegmentResult } from '../../../core/files/quality-timeline.ts';
import {
  SEGMENT_SECONDS,
  type Segment,
  type SegmentScore,
  segmentsOf,
} from '../../../core/sampling/timeline-segments.ts';
import type { OpenedVideo } from '../../../workers/media/api.ts';
import { type Reducers, reducerOf } from '../reduce.ts';
import type { Stage } from '../run/stages.ts';

/** A segment's result as its file has it, and a thumbnail of its middle frame. */
export interface SegmentResult extends Readonly<StoredSegmentResult> {
  readonly thumbnail: Blob | null;
}

/** A quality timeline of an earlier visit or of a file. */
export interface StoredTimeline {
  readonly timeline: QualityTimeline;
  /** One per segment. */
  readonly thumbnails: readonly (Blob | null)[];
}

export type TimelineModel = Pick<QualityTimeline, 'model' | 'profile'>;

export type QualityTimelinePhase = 'idle' | 'running' | 'paused' | 'done';

export interface SegmentProgress {
  /** Index of the segment that is being assessed. */
  readonly segment: number;
  readonly stage: Stage | null;
}

export interface QualityTimelineState {
  readonly phase: QualityTimelinePhase;
  readonly file: File | null;
  readonly video: OpenedVideo | null;
  /** Requested length of a segment, in seconds. */
  readonly seconds: number;
  readonly segments: readonly Segment[];
  /** One per segment; null until it is assessed. */
  readonly results: readonly (SegmentResult | null)[];
  /** All results of this file and model by their frames: another segment length and back again costs nothing. */
  readonly cache: ReadonlyMap<string, SegmentResult>;
  readonly progress: SegmentProgress | null;
  /** The model of all results. */
  readonly model: TimelineModel | null;
  /** An error of the whole run: results stay, and it can be resumed. */
  readonly error: CodedErrorData | null;
}

export const EMPTY: QualityTimelineState = {
  phase: 'idle',
  file: null,
  video: null,
  seconds: SEGMENT_SECONDS.usual,
  segments: [],
  results: [],
  cache: new Map(),
  progress: null,
  model: null,
  error: null,
};

export type TimelineEvent =
  /** A video in place of the present one; `stored` is an earlier timeline of the same video. */
  | {
      readonly kind: 'opened';
      readonly file: File;
      readonly video: OpenedVideo;
      readonly stored: StoredTimeline | null;
    }
  /** A stored timeline without its video. */
  | { readonly kind: 'shown'; readonly stored: StoredTimeline }
  | { readonly kind: 'began' }
  | { readonly kind: 'loaded'; readonly model: TimelineModel }
  | { readonly kind: 'assessing'; readonly segment: number; readonly stage: Stage | null }
  | { readonly kind: 'assessed'; readonly segment: number; readonly result: SegmentResult }
  | { readonly kind: 'finished' }
  | { readonly kind: 'paused'; readonly error: CodedErrorData | null }
  /** Another segment length, in seconds. */
  | { readonly kind: 'cut'; readonly seconds: number }
  /** Segments without a score are to be assessed again. */
  | { readonly kind: 'retried' }
  | { readonly kind: 'cleared' };

export const segmentKey = ({ from, frames }: Segment): string => `${from}+${frames}`;

/** Scores as the order of segments needs them: null without a score, undefined before the assessment. */
export const scoresOf = (results: QualityTimelineState['results']): SegmentScore[] =>
  results.map((result) => (result ? result.score : undefined));

/** Results of two models are not comparable, so they never share a timeline. */
const sameModel = (a: QualityTimeline['model'], b: QualityTimeline['model']): boolean =>
  a.manifestSha256 === b.manifestSha256 && a.dtype === b.dtype && a.backend === b.backend;

const resultsOf = ({ segments, cache }: Pick<QualityTimelineState, 'segments' | 'cache'>) =>
  segments.map((segment) => cache.get(segmentKey(segment)) ?? null);

const settledPhase = (results: QualityTimelineState['results']): QualityTimelinePhase =>
  results.some((result) => result === null) ? 'paused' : 'done';

/** Segments, results and model of a stored timeline. */
function restored({ timeline, thumbnails }: StoredTimeline) {
  const cache = new Map<string, SegmentResult>();
  for (const [at, { result, ...segment }] of timeline.segments.entries())
    if (result) cache.set(segmentKey(segment), { ...result, thumbnail: thumbnails[at] ?? null });
  const { model, profile, segmentSeconds: seconds } = timeline;
  const segments = timeline.segments.map(({ result: _, ...segment }) => segment);
  return { cache, model: { model, profile }, seconds, segments };
}

const segmentsIn = ({ times, facts }: OpenedVideo, seconds: number) =>
  segmentsOf(times, facts.duration, seconds);

const reducers: Reducers<QualityTimelineState, TimelineEvent> = {
  opened: (state, { file, video, stored }) => {
    const before = { ...EMPTY, seconds: state.seconds, ...(stored && restored(stored)), file, video };
    const segments = segmentsIn(video, before.seconds);
    const results = resultsOf({ ...before, segments });
    return { ...before, segments, results, phase: stored ? settledPhase(results) : 'idle' };
  },
  shown: (_, { stored }) => {
    const before = { ...EMPTY, ...restored(stored) };
    const results = resultsOf(before);
    return { ...before, results, phase: settledPhase(results) };
  },
  began: () => ({ phase: 'running', error: null }),
  loaded: (state, { model }) => {
    const cache = state.model && !sameModel(state.model.model, model.model) ? new Map() : state.cache;
    return { model, cache, results: resultsOf({ ...state, cache }) };
  },
  assessing: (_, { segment, stage }) => ({ progress: { segment, stage } }),
  assessed: (state, { segment, result }) => {
    const cache = new Map(state.cache).set(segmentKey(state.segments[segment] as Segment), result);
    return { cache, results: resultsOf({ ...state, cache }) };
  },
  finished: () => ({ phase: 'done', progress: null }),
  paused: (_, { error }) => ({ phase: 'paused', progress: null, error }),
  cut: (state, { seconds }) => {
    // A timeline without its video stays as it was cut.
    if (!state.video) return {};
    const segments = segmentsIn(state.video, seconds);
    const results = resultsOf({ ...state, segments });
    return { seconds, segments, results, phase: state.phase === 'idle' ? 'idle' : settledPhase(results) };
  },
  retried: (state) => {
    const cache = new Map([...state.cache].filter(([, { score }]) => score !== null));
    const results = resultsOf({ ...state, cache });
    return { cache, results, phase: settledPhase(results) };
  },
  cleared: ({ seconds }) => ({ ...EMPTY, seconds }),
};

export const reduceTimeline = reducerOf(reducers);
