/** One assessment: the frames of a plan, encoded by the model, and the answers to the prompt about them. */

import type {
  DecodeReport,
  DeliveredFrame,
  FeatureReport,
  FrameRequest,
  OpenedVideo,
} from '../../../workers/media/api.ts';
import type { MediaClient } from '../../../workers/media/client.ts';
import type { AssessEvent, LoadedModel, RawAnswer } from '../../../workers/model/api.ts';
import type { ModelClient } from '../../../workers/model/client.ts';
import {
  type Answer,
  answerSampling,
  answerSeconds,
  MAX_TOKENS,
  readAnswer,
  usableAnswers,
} from './answer.ts';
import type { DecodedFrames } from './decoded-frames.ts';
import { type FramePlan, type FrameRange, framesOf, pixelRules } from './frame-plan.ts';
import { modelFrames } from './model-frames.ts';
import type { RunEvent } from './run-events.ts';
import type { Stage, StageSeconds } from './stages.ts';

/** A file and its index, as the media worker opened it. */
export interface VideoFile {
  readonly file: File;
  readonly video: OpenedVideo;
}

/** The part of the model worker's client that a run calls. */
export type AnsweringModel = Pick<ModelClient, 'assess' | 'encodeVision'>;

export interface RunOptions {
  readonly media: Pick<MediaClient, 'frames'>;
  readonly client: AnsweringModel;
  readonly model: LoadedModel;
  /** Frames that earlier runs of the same video decoded; the run adds its own. */
  readonly frames: DecodedFrames;
  /** Answers wanted, and how many of them an earlier run has finished. Default: one, greedy. */
  readonly answers?: { readonly of: number; readonly finished: number };
  /** Text of an answer that was stopped, to be continued. */
  readonly prefix?: string;
  /** Frames whose quality features the model reads, if it does; default: the whole video. */
  readonly range?: FrameRange;
  /** Decodes with the software decoder. */
  readonly software?: boolean;
  /** Frames of the plan that get a thumbnail; default: those of the vision branch. */
  readonly thumbnails?: (plan: FramePlan) => FramePlan['vision'];
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
}

export interface Assessment {
  /** The finished answers; without one, the answer that was stopped. */
  readonly answers: readonly Answer[];
  /** Quality features that the model has read; null where it reads none. */
  readonly features: FeatureReport | null;
  readonly seconds: StageSeconds;
  /** Stages without cost, whose results an earlier run had left. */
  readonly reused: readonly Stage[];
}

/** Height of a thumbnail in pixels. */
const THUMBNAIL_HEIGHT = 144;

/**
 * Decodes the frames of a plan, encodes them, generates K answers and reads them. Assess, Batch and the quality timeline
 * pass the profile's own plan (`sampledPlan`), Compare passes perturbed ones.
 *
 * @example
 * const plan = sampledPlan(model.profile, { from: 0, frames: video.facts.frames });
 * const { answers } = await runAssessment({ file, video }, plan, { media, client, model, frames, signal, onEvent });
 *
 * @throws CodedError of the media and model workers; AbortError when stopped before the first answer was asked for
 */
export async function runAssessment(
  video: VideoFile,
  plan: FramePlan,
  options: RunOptions,
): Promise<Assessment> {
  options.frames.use(options.model.profile);
  options.onEvent({ kind: 'planned', plan });
  const decoded = await decodeFrames(video, plan, options);
  const generated = await generateAnswers(video, plan, options, decoded);
  const answers = usableAnswers(generated.answers);
  const reused: Stage[] = [...generated.reused];
  if (!decoded.report) reused.unshift('decode');
  const { features, seconds } = decoded;
  return { answers, features, reused, seconds: { index: 0, decode: seconds, ...answerSeconds(answers) } };
}

/** Frames whose quality features a run needs; null for a model that reads none. */
function featureRange({ facts }: OpenedVideo, { model, range }: RunOptions): FrameRange | null {
  return model.manifest.qualityFeatures ? (range ?? { from: 0, frames: facts.frames }) : null;
}

interface Decoded {
  /** Null when every frame was there. */
  readonly report: DecodeReport | null;
  readonly seconds: number;
  /** Vision frames that were sent to the encoder during decoding. */
  readonly encoded: number;
  readonly features: FeatureReport | null;
}

/**
 * Decodes the frames that are missing, and computes the quality features in the same pass. Each vision frame goes to the encoder as it arrives, and the language decoder
 * reads the prompt up to the first frame that is missing: the model works on one core, the video decoder on the others.
 */
async function decodeFrames(
  { file, video }: VideoFile,
  plan: FramePlan,
  options: RunOptions,
): Promise<Decoded> {
  const { media, client, frames, signal, onEvent } = options;
  const { profile } = options.model;
  const begun = performance.now();
  const wanted = framesOf(plan);
  const missing = wanted.filter((index) => !frames.has(index));
  const cached = wanted.length - missing.length;
  const range = featureRange(video, options);
  const existing = range && (frames.featuresOf(range) ?? null);
  if (missing.length === 0 && (existing || !range)) {
    onEvent({ kind: 'decoded', report: null, seconds: 0 });
    return { report: null, seconds: 0, encoded: 0, features: existing };
  }
  onEvent({ kind: 'stage', stage: 'decode' });
  onEvent({ kind: 'decoding', done: 0, total: missing.length, cached });
  const inputs = modelFrames(file, profile, frames);
  const vision = new Set(plan.vision);
  const promptOrder = plan.vision.map((index) => inputs.vision(index).key);
  let done = 0;
  let encoded = 0;
  const onFrame = (frame: DeliveredFrame) => {
    // The owner of the frames may have gone on to another video.
    if (signal.aborted) return frame.thumbnail?.close();
    frames.add(frame);
    done += 1;
    onEvent({ kind: 'frame', frame });
    onEvent({ kind: 'decoding', done, total: missing.length, cached });
    if (!vision.has(frame.index)) return;
    encoded += 1;
    // A failure of the encoder is reported by `assess`, which encodes the same frame again.
    client.encodeVision([inputs.vision(frame.index)], promptOrder).catch(() => {});
  };
  const request = frameRequest(missing, plan, options);
  const features = range && !existing ? { features: range } : {};
  const report = await media.frames(video.id, { ...request, ...features }, onFrame, signal);
  const seconds = (performance.now() - begun) / 1000;
  if (range && report.features) frames.addFeatures(range, report.features);
  onEvent({ kind: 'decoded', report, seconds });
  return { report, seconds, encoded, features: existing ?? report.features ?? null };
}

function frameRequest(indices: readonly number[], plan: FramePlan, options: RunOptions): FrameRequest {
  const { profile } = options.model;
  const thumbnails = (options.thumbnails?.(plan) ?? plan.vision).filter((index) => index !== null);
  return {
    indices,
    size: profile.size,
    rules: pixelRules(profile).rules,
    thumbnail: thumbnails.length > 0 ? THUMBNAIL_HEIGHT : 0,
    thumbnailOf: thumbnails,
    ...(options.software ? { software: true } : {}),
  };
}

interface Generated {
  readonly answers: readonly Answer[];
  /** Stages of which the first answer found the results cached. */
  readonly reused: readonly Stage[];
}

/** Generates answers until K are there or one is stopped. */
async function generateAnswers(
  { file }: VideoFile,
  plan: FramePlan,
  options: RunOptions,
  { encoded, features }: Decoded,
): Promise<Generated> {
  const { model, frames, prefix, signal, onEvent } = options;
  const { of, finished } = options.answers ?? { of: 1, finished: 0 };
  const inputs = modelFrames(file, model.profile, frames).of(plan);
  const answers: Answer[] = [];
  const reused: Stage[] = [];
  for (let k = finished; k < of; k++) {
    const first = k === finished;
    if (!first && signal.aborted) break;
    onEvent({ kind: 'asked', k, of });
    const sampling = answerSampling(k, of);
    const request = {
      ...inputs,
      ...(features && { features: features.columns }),
      sampling,
      maxTokens: MAX_TOKENS,
      ...(prefix ? { prefix } : {}),
    };
    const { raw, motionReused } = await generateAnswer(request, k, options, first ? encoded : 0);
    if (first && raw.framesReused === plan.vision.length) reused.push('encodeVision');
    if (first && motionReused) reused.push('encodeMotion');
    const seed = sampling.kind === 'sample' ? sampling.seed : null;
    const answer = { raw, reading: readAnswer(raw, model), seed };
    answers.push(answer);
    if (raw.end === 'aborted') break;
    onEvent({ kind: 'answer', k, answer });
  }
  return { answers, reused };
}

/** Encodes what is not cached, prefills the prompt and generates one answer. */
async function generateAnswer(
  request: Parameters<AnsweringModel['assess']>[0],
  k: number,
  { client, signal, onEvent }: RunOptions,
  encoded: number,
): Promise<{ readonly raw: RawAnswer; readonly motionReused: boolean }> {
  const begun = performance.now();
  let stage: Stage | null = null;
  let answered = false;
  let motionReused = false;
  const enter = (next: Stage) => {
    if (stage !== next) onEvent({ kind: 'stage', stage: next });
    stage = next;
  };
  const onModelEvent = (event: AssessEvent) => {
    // Events and the answer come from the worker on two ports, in no order: an event after the answer is out of date.
    if (answered) return;
    if (event.stage === 'encodeVision') {
      onEvent({ kind: 'encoding', k, done: event.done, total: event.total });
      if (event.done === event.total) enter('encodeMotion');
    } else if (event.stage === 'encodeMotion') {
      motionReused = event.reused;
      enter('prefill');
    } else if (event.stage === 'generate') {
      enter('generate');
      onEvent({ kind: 'text', text: event.text, tokens: event.tokens });
    }
  };
  enter('encodeVision');
  const raw = await client.assess(request, onModelEvent, signal);
  answered = true;
  const { encodeVision, encodeMotion, prefill, generate } = raw.seconds;
  const elapsed = (performance.now() - begun) / 1000;
  // Frames that were still waiting for the encoder when decoding ended: their time is the encoder's.
  const waited = encoded > 0 ? Math.max(0, elapsed - encodeVision - encodeMotion - prefill - generate) : 0;
  return {
    raw: {
      ...raw,
      // Frames that this run encoded while it decoded are cached, but not reused.
      framesReused: Math.max(0, raw.framesReused - encoded),
      seconds: { ...raw.seconds, encodeVision: encodeVision + waited },
    },
    motionReused,
  };
}
