/**
 * One assessment from a file to an answer. It knows the order of the work and nothing of the page: what happens is
 * told as events.
 */

import { type SamplePlan, samplePlan } from '../../../core/sampling/frame-sampling.ts';
import type { Profile } from '../../../core/sampling/profiles.ts';
import type {
  DecodeReport,
  DeliveredFrame,
  FrameRequest,
  OpenedVideo,
  PixelRule,
} from '../../../workers/media/api.ts';
import type { MediaClient } from '../../../workers/media/client.ts';
import type {
  AssessEvent,
  AssessRequest,
  LoadedModel,
  ModelFrame,
  RawAnswer,
} from '../../../workers/model/api.ts';
import type { ModelClient } from '../../../workers/model/client.ts';
import type { Stage, StageSeconds } from './stages.ts';

/** What this module needs of the media worker's client. */
export type FrameSource = Pick<MediaClient, 'open' | 'frames'>;

export type RunEvent =
  | { readonly kind: 'opened'; readonly video: OpenedVideo }
  | {
      readonly kind: 'planned';
      readonly sampled: readonly number[];
      readonly wanted: number;
      /** Seconds that the run stood still because the model was still being loaded. */
      readonly waited: number;
    }
  | {
      readonly kind: 'frame';
      readonly frame: DeliveredFrame;
      readonly arrived: number;
      readonly wanted: number;
    }
  | { readonly kind: 'decoded'; readonly report: DecodeReport }
  | { readonly kind: 'model'; readonly event: AssessEvent }
  | { readonly kind: 'stage'; readonly stage: Stage };

export interface RunOptions {
  readonly file: File;
  /** An already opened video is not opened again. */
  readonly video: OpenedVideo | null;
  /** Frames that an earlier run of the same video delivered, by index. */
  readonly kept: ReadonlyMap<number, DeliveredFrame>;
  readonly media: FrameSource;
  readonly client: Pick<ModelClient, 'assess' | 'encodeVision'>;
  /** Resolves when the model is loaded; decoding starts only then, since the profile says which frames. */
  readonly model: Promise<LoadedModel>;
  readonly sampling: AssessRequest['sampling'];
  readonly maxTokens: number;
  readonly prefix?: string;
  readonly software?: boolean;
  /** Which of the frames of the vision branch get a small picture; all unless said. */
  readonly pictured?: (vision: readonly number[]) => readonly number[];
  /** A run of frames that is assessed as if it were the whole video. */
  readonly part?: { readonly from: number; readonly frames: number };
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
}

export interface RunResult {
  readonly video: OpenedVideo;
  readonly answer: RawAnswer;
  readonly seconds: StageSeconds;
  /** Stages that cost nothing because their results were there. */
  readonly reused: readonly Stage[];
  readonly report: DecodeReport | null;
  readonly frames: ReadonlyMap<number, DeliveredFrame>;
}

const THUMBNAIL_HEIGHT = 144;

/** The distinct pixel rules of a profile, and which of them each branch reads. */
export function pixelRules(profile: Profile): { rules: PixelRule[]; vision: number; motion: number } {
  const same =
    profile.vision.pixels === profile.motion.pixels &&
    (profile.vision.pixels === 'squash' ||
      (profile.motion.pixels === 'fragments' && profile.vision.cell === profile.motion.cell));
  const plain = (rule: PixelRule): PixelRule =>
    rule.pixels === 'squash' ? { pixels: 'squash' } : { pixels: 'fragments', cell: rule.cell };
  const vision = plain(profile.vision);
  return same
    ? { rules: [vision], vision: 0, motion: 0 }
    : { rules: [vision, plain(profile.motion)], vision: 0, motion: 1 };
}

/** Equal keys must mean equal pixels: the file (name, size and date stand for its content here), frame, rule and size. */
export function frameKey(file: File, index: number, rule: PixelRule, size: number): string {
  const how = rule.pixels === 'squash' ? 'squash' : `fragments${rule.cell}`;
  return `${file.name}|${file.size}|${file.lastModified}|${index}|${how}|${size}`;
}

/** Source frames that a profile asks for in a run of frames. */
function planOf(profile: Profile, { from, frames }: { from: number; frames: number }): SamplePlan {
  const { vision, motion } = samplePlan(profile, frames);
  const shift = (indices: readonly number[]) => indices.map((index) => index + from);
  return { vision: shift(vision), motion: shift(motion) };
}

/** @throws CodedError of the media and model workers; AbortError when stopped before the model was asked */
export async function runAssessment(options: RunOptions): Promise<RunResult> {
  const { file, media, client, signal, onEvent } = options;
  const seconds: StageSeconds = {
    index: 0,
    decode: 0,
    encodeVision: 0,
    encodeMotion: 0,
    prefill: 0,
    generate: 0,
  };
  const reused: Stage[] = [];
  let mark = performance.now();
  const lap = () => {
    const now = performance.now();
    const passed = (now - mark) / 1000;
    mark = now;
    return passed;
  };

  onEvent({ kind: 'stage', stage: 'index' });
  let video = options.video;
  if (video) reused.push('index');
  else {
    video = await media.open(file, signal);
    seconds.index = lap();
  }
  onEvent({ kind: 'opened', video });

  const { profile } = await options.model;
  signal.throwIfAborted();
  const waited = lap();
  const plan = planOf(profile, options.part ?? { from: 0, frames: video.facts.frames });
  const { rules, vision, motion } = pixelRules(profile);
  const wanted = [...new Set([...plan.vision, ...plan.motion])].sort((a, b) => a - b);
  onEvent({ kind: 'planned', sampled: plan.vision, wanted: wanted.length, waited });

  const keyOf = (index: number, rule: number) =>
    frameKey(file, index, rules[rule] as PixelRule, profile.size);
  const promptOrder = plan.vision.map((index) => keyOf(index, vision));
  const picture = (index: number, rule: number): ModelFrame => ({
    key: keyOf(index, rule),
    rgb: (frames.get(index) as DeliveredFrame).rgb[rule] as Uint8Array<ArrayBuffer>,
  });

  const frames = new Map([...options.kept].filter(([index]) => wanted.includes(index)));
  const missing = wanted.filter((index) => !frames.has(index));
  let report: DecodeReport | null = null;
  /** Frames that this run looked at while it decoded: found in the cache later, but no reuse. */
  let ahead = 0;
  if (missing.length === 0) reused.push('decode');
  else {
    onEvent({ kind: 'stage', stage: 'decode' });
    const request: FrameRequest = {
      indices: missing,
      size: profile.size,
      rules,
      thumbnail: THUMBNAIL_HEIGHT,
      // Frames that only the motion branch looks at are shown nowhere.
      thumbnailOf: options.pictured?.(plan.vision) ?? plan.vision,
      ...(options.software ? { software: true } : {}),
    };
    const take = (frame: DeliveredFrame) => {
      frames.set(frame.index, frame);
      onEvent({ kind: 'frame', frame, arrived: frames.size, wanted: wanted.length });
      // The model looks, and reads its prompt so far, on one core while the decoder works on the others. What fails here
      // fails below too.
      if (!plan.vision.includes(frame.index)) return;
      ahead += 1;
      client.encodeVision([picture(frame.index, vision)], promptOrder).catch(() => {});
    };
    report = await media.frames(video.id, request, take, signal);
    onEvent({ kind: 'decoded', report });
    seconds.decode = lap();
  }

  let stage: Stage | null = null;
  const enter = (next: Stage) => {
    if (stage !== next) onEvent({ kind: 'stage', stage: next });
    stage = next;
  };
  enter('encodeVision');
  const answer = await client.assess(
    {
      vision: plan.vision.map((index) => picture(index, vision)),
      motion: plan.motion.map((index) => picture(index, motion)),
      sampling: options.sampling,
      maxTokens: options.maxTokens,
      ...(options.prefix ? { prefix: options.prefix } : {}),
    },
    (event) => {
      onEvent({ kind: 'model', event });
      if (event.stage === 'encodeVision' && event.done === event.total) enter('encodeMotion');
      else if (event.stage === 'encodeMotion') {
        if (event.reused) reused.push('encodeMotion');
        enter('prefill');
      } else if (event.stage === 'generate') enter('generate');
    },
    signal,
  );
  const framesReused = Math.max(0, answer.framesReused - ahead);
  if (framesReused === plan.vision.length) reused.push('encodeVision');
  // What was still waiting to be looked at when decoding ended is time of looking.
  const { encodeVision, encodeMotion, prefill, generate } = answer.seconds;
  const waiting = Math.max(0, lap() - encodeVision - encodeMotion - prefill - generate);
  return {
    video,
    answer: { ...answer, framesReused },
    seconds: { ...seconds, ...answer.seconds, encodeVision: encodeVision + waiting },
    reused,
    report,
    frames,
  };
}
