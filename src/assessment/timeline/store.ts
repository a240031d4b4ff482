/**
 * The store of the quality timeline: a video in segments, each assessed like a video of its own, one at a time, in the
 * order of interest. Results stay over pauses and other segment lengths; a failed segment has an error and no score.
 */
import { createStore } from 'zustand/vanilla';
import { isAbort } from '../../../core/errors.ts';
import { nextSegment, SEGMENT_SECONDS, type Segment } from '../../../core/sampling/timeline-segments.ts';
import type { OpenedVideo } from '../../../workers/media/api.ts';
import type { MediaClient } from '../../../workers/media/client.ts';
import type { LoadedModel } from '../../../workers/model/api.ts';
import { toErrorData } from '../model/model-store.ts';
import type { Answer } from '../run/answer.ts';
import { DecodedFrames } from '../run/decoded-frames.ts';
import { sampledPlan } from '../run/frame-plan.ts';
import { modelFacts, namedAnswer, type SampledFrame } from '../run/result-file.ts';
import { type AnsweringModel, runAssessment } from '../run/run-assessment.ts';
import { CurrentRun } from '../run/run-handle.ts';
import {
  EMPTY,
  type QualityTimelineState,
  reduceTimeline,
  type SegmentResult,
  type StoredTimeline,
  scoresOf,
  segmentKey,
  type TimelineEvent,
} from './state.ts';

export {
  type QualityTimelinePhase,
  type QualityTimelineState,
  type SegmentProgress,
  type SegmentResult,
  type StoredTimeline,
  scoresOf,
} from './state.ts';

/** Errors that every other segment would meet too: they stop the run. */
const STOPS_ALL = /^(model\/|run\/(worker|device|memory|no-model)|media\/(changed|codec))/;

export interface QualityTimelineDependencies {
  readonly media: Pick<MediaClient, 'frames'>;
  readonly models: {
    ready(): Promise<LoadedModel>;
    readonly client: AnsweringModel;
  };
  /** Makes the thumbnail that is stored with a segment. */
  readonly makeThumbnail: (bitmap: ImageBitmap) => Promise<Blob | null>;
}

/** Decoded frames of one segment at a time; those of a paused one are not decoded again. */
class SegmentFrames {
  readonly #frames = new DecodedFrames();
  #key = '';

  of(segment: Segment): DecodedFrames {
    const key = segmentKey(segment);
    if (key !== this.#key) this.close();
    this.#key = key;
    return this.#frames;
  }

  close(): void {
    this.#frames.close();
  }
}

export class QualityTimelineStore {
  readonly store = createStore<QualityTimelineState>(() => EMPTY);
  readonly #dependencies: QualityTimelineDependencies;
  readonly #current = new CurrentRun();
  readonly #frames = new SegmentFrames();

  constructor(dependencies: QualityTimelineDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Opens a video in place of the present one; the video that is open already stays as it is.
   *
   * @param stored an earlier timeline of the same video: it is shown at once, and what it lacks can be resumed
   */
  open = (file: File, video: OpenedVideo, stored: StoredTimeline | null = null): void => {
    if (this.#state.video === video) return;
    this.clear();
    this.#dispatch({ kind: 'opened', file, video, stored });
  };

  /** Shows a timeline whose video is not there. */
  show = (stored: StoredTimeline): void => {
    this.clear();
    this.#dispatch({ kind: 'shown', stored });
  };

  /** Starts or resumes. Resolves when every segment is assessed, or at a pause. */
  run = async (): Promise<void> => {
    if (!this.#state.video || this.#state.phase === 'running') return;
    const run = this.#current.begin();
    this.#dispatch({ kind: 'began' });
    try {
      const model = await this.#dependencies.models.ready();
      if (!run.isCurrent()) return;
      this.#dispatch({ kind: 'loaded', model: { model: modelFacts(model), profile: model.profile } });
      for (let at = this.#next(); at !== null; at = this.#next()) {
        this.#dispatch({ kind: 'assessing', segment: at, stage: null });
        const result = await this.#assess(at, model, run.signal).catch(failedSegment);
        if (!run.isCurrent()) return;
        this.#frames.close();
        this.#dispatch({ kind: 'assessed', segment: at, result });
      }
      this.#dispatch({ kind: 'finished' });
    } catch (error) {
      if (run.isCurrent())
        this.#dispatch({ kind: 'paused', error: isAbort(error) ? null : toErrorData(error) });
    } finally {
      run.end();
    }
  };

  /** Stops within one token; the segment in progress is assessed again later, from the frames that are decoded. */
  pause = (): void => {
    if (this.#state.phase !== 'running') return;
    this.#current.cancel();
    this.#dispatch({ kind: 'paused', error: null });
  };

  /** Another segment length. Segments that were assessed before are not assessed again. */
  setSeconds = (seconds: number): void => {
    const { least, most } = SEGMENT_SECONDS;
    const to = Math.min(most, Math.max(least, Math.round(seconds)));
    if (to === this.#state.seconds) return;
    const { phase } = this.#state;
    this.pause();
    this.#dispatch({ kind: 'cut', seconds: to });
    if (phase === 'running') void this.run();
  };

  /** Assesses the segments without a score again. */
  retryFailed = (): void => {
    this.pause();
    this.#dispatch({ kind: 'retried' });
    void this.run();
  };

  clear = (): void => {
    this.pause();
    this.#frames.close();
    this.#dispatch({ kind: 'cleared' });
  };

  get #state(): QualityTimelineState {
    return this.store.getState();
  }

  #dispatch(event: TimelineEvent): void {
    this.store.setState(reduceTimeline(this.#state, event));
  }

  #next(): number | null {
    return nextSegment(scoresOf(this.#state.results));
  }

  async #assess(at: number, model: LoadedModel, signal: AbortSignal): Promise<SegmentResult> {
    const { media, models, makeThumbnail } = this.#dependencies;
    const { file, video, segments } = this.#state;
    const segment = segments[at];
    if (!file || !video || !segment) throw new DOMException('no video', 'AbortError');
    const begun = performance.now();
    const frames = this.#frames.of(segment);
    const plan = sampledPlan(model.profile, segment);
    const { answers } = await runAssessment({ file, video }, plan, {
      media,
      client: models.client,
      model,
      frames,
      range: segment,
      signal,
      onEvent: (event) => {
        if (event.kind === 'stage' && !signal.aborted)
          this.#dispatch({ kind: 'assessing', segment: at, stage: event.stage });
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
}

/** Result of a segment that could not be assessed; an error that every segment would meet is thrown again. */
function failedSegment(thrown: unknown): SegmentResult {
  const { code, params, message } = toErrorData(thrown);
  if (isAbort(thrown) || STOPS_ALL.test(code)) throw thrown;
  const error = { code, params: { ...params }, message };
  return { score: null, error, text: '', tokens: 0, named: [], sampled: [], seconds: 0, thumbnail: null };
}

export const createQualityTimelineStore = (dependencies: QualityTimelineDependencies): QualityTimelineStore =>
  new QualityTimelineStore(dependencies);
