/** One video to its score, by the page's own run. */
import { viewAnswer } from '../core/answer/answer-stream.ts';
import { bandOf } from '../core/answer/grades.ts';
import { distortionsOf, findDistortions } from '../core/answer/lexicon.ts';
import { CodedError } from '../core/errors.ts';
import { segmentsOf } from '../core/sampling/timeline-segments.ts';
import type { MediaNotice } from '../core/text/media-notices.ts';
import { assessFile, type FileAssessment } from '../src/assessment/run/assess-file.ts';
import { DecodedFrames } from '../src/assessment/run/decoded-frames.ts';
import { sampledPlan } from '../src/assessment/run/frame-plan.ts';
import { estimateOf, wholeFeatures } from '../src/assessment/run/human-estimate.ts';
import { meanScore, resultAnswer } from '../src/assessment/run/result-file.ts';
import { type RunOptions, runAssessment, type VideoFile } from '../src/assessment/run/run-assessment.ts';
import type { RunEvent } from '../src/assessment/run/run-events.ts';
import type { VideoFacts } from '../workers/media/api.ts';
import type { ThreadMedia, ThreadModel } from './in-thread.ts';
import type { ModelFacts, ScoreOptions, VideoScore } from './video-score.ts';

export interface Session {
  readonly media: ThreadMedia;
  readonly model: ThreadModel;
}

export const modelFactsOf = ({ facts }: ThreadModel): ModelFacts => ({
  name: facts.manifest.name,
  sha256: facts.manifestSha256,
});

/** Reports a run to the options' callbacks. */
function reporter({ onProgress, onText }: ScoreOptions): (event: RunEvent) => void {
  let text = '';
  return (event) => {
    if (event.kind === 'decoding') onProgress?.({ stage: 'decode', done: event.done, total: event.total });
    else if (event.kind === 'encoding')
      onProgress?.({ stage: 'encode', done: event.done, total: event.total });
    else if (event.kind === 'text') {
      onProgress?.({ stage: 'generate', done: event.tokens });
      text += event.text;
      onText?.(text);
    }
  };
}

type Shared = Pick<RunOptions, 'media' | 'client' | 'frames' | 'signal' | 'thumbnails' | 'onEvent'>;

const scoreOf = ({ answers }: Pick<FileAssessment, 'answers'>) =>
  meanScore(answers.map(({ raw, reading }) => resultAnswer(raw, reading)));

/** Those of the file, and how HDR is taken. */
function noticesOf({ colour: { transfer }, notices }: VideoFacts): readonly MediaNotice[] {
  return transfer === 'sdr' ? notices : [...notices, { code: 'hdr', params: { transfer } }];
}

/** Scores of the parts of a video, each of its own frames. */
async function scoreParts(
  file: File,
  { video, model }: FileAssessment,
  every: number,
  sampled: readonly number[],
  shared: Shared,
): Promise<Pick<VideoScore, 'scores' | 'times' | 'per_frame_scores'>> {
  const segments = segmentsOf(video.times, video.facts.duration, every);
  const scores: (number | null)[] = [];
  for (const segment of segments) {
    shared.frames.clear();
    const plan = sampledPlan(model.profile, segment);
    scores.push(scoreOf(await runAssessment({ file, video }, plan, { ...shared, model, range: segment })));
  }
  const partOf = (frame: number) =>
    segments.findIndex(({ from, frames: length }) => frame >= from && frame < from + length);
  return {
    scores,
    times: segments.map(({ start, end }) => [start, end] as const),
    per_frame_scores: sampled.map((frame) => scores[partOf(frame)] ?? null),
  };
}

/** @throws CodedError `media/strict` for HDR, whose values have no agreed meaning in SDR */
function validateStrict({ colour: { transfer } }: VideoFacts): void {
  if (transfer !== 'sdr') throw new CodedError('media/strict', { transfer });
}

/**
 * Scores a video: text and score of the whole, and of each part where asked for.
 *
 * @throws CodedError `media/*`, `model/*`, `run/*`; AbortError
 */
export async function scoreVideo(file: File, session: Session, options: ScoreOptions): Promise<VideoScore> {
  const begun = performance.now();
  const signal = options.signal ?? new AbortController().signal;
  const video = await session.media.open(file, signal);
  try {
    if (options.strict) validateStrict(video.facts);
    const score = await scoreOpened({ file, video }, session, { ...options, signal });
    signal.throwIfAborted();
    return { ...score, ms: Math.round(performance.now() - begun) };
  } finally {
    session.media.close(video.id);
  }
}

async function scoreOpened(
  { file, video }: VideoFile,
  { media, model }: Session,
  options: ScoreOptions & { readonly signal: AbortSignal },
): Promise<Omit<VideoScore, 'ms'>> {
  const { signal } = options;
  const { facts } = video;
  const frames = new DecodedFrames();
  const shared = { media, client: model.client, frames, signal, thumbnails: () => [], onEvent: () => {} };
  const onEvent = reporter(options);
  const run = await assessFile({ ...shared, onEvent, file, video, model: Promise.resolve(model.facts) });
  const substituted = [...frames.values()].filter((frame) => frame.substituted !== undefined).length;
  const text = run.answers[0]?.raw.text ?? '';
  const score = scoreOf(run);
  const features = options.people ? await wholeFeatures(media, video, frames, signal) : null;
  const human_estimate = estimateOf(model.facts, features)?.humanEstimate ?? null;
  const sampled = sampledPlan(model.facts.profile, { from: 0, frames: facts.frames }).vision;
  const parts = options.every ? await scoreParts(file, run, options.every, sampled, shared) : null;
  return {
    score,
    scale: model.facts.manifest.scale.range,
    band: score === null ? null : bandOf(score).grade,
    text,
    distortions: [...distortionsOf(findDistortions(viewAnswer(text).thinking)).named],
    frame_indices: sampled,
    per_frame_scores: [],
    substituted,
    ...(options.people && { human_estimate }),
    ...parts,
    video: {
      codec: facts.codecName,
      width: facts.width,
      height: facts.height,
      fps: facts.fps,
      frames: facts.frames,
      duration: facts.duration,
    },
    notices: noticesOf(facts),
    model: modelFactsOf(model),
  };
}
