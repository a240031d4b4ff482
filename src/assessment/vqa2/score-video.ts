/** Level score of one opened video by a VQA² package: frames, features and one prefill. No text is generated. */
import { CodedError } from '../../../core/errors.ts';
import {
  protocolScore,
  type ScoreProtocolId,
  scoreProtocols,
  scoreText,
} from '../../../core/vqa2/protocols.ts';
import { denseStep, type ScorePlan, scorePlan } from '../../../core/vqa2/score-plan.ts';
import { type Stall, stallPlan, stallProtocol } from '../../../core/vqa2/stalls.ts';
import type { DecodeReport, DeliveredFrame } from '../../../workers/media/api.ts';
import type { MediaClient } from '../../../workers/media/client.ts';
import type { LoadedVqa2 } from '../../../workers/model/api.ts';
import type { Vqa2Client } from '../../../workers/model/client.ts';
import type { PromptBlock, RawLevels } from '../../../workers/model/vqa2/api.ts';
import { frameKey } from '../run/model-frames.ts';
import type { VideoFile } from '../run/run-assessment.ts';
import type { RunEvent } from '../run/run-events.ts';
import type { Stage, StageSeconds } from '../run/stages.ts';
import type { LevelOutcome } from './outcome.ts';

export interface LevelRunOptions {
  readonly media: Pick<MediaClient, 'frames'>;
  readonly client: Vqa2Client;
  readonly model: LoadedVqa2;
  /** Default: that of the package. */
  readonly protocol?: ScoreProtocolId;
  /** Key frames whose thumbnails the page has; `none`: no thumbnail is wanted. */
  readonly shown: ReadonlySet<number> | 'none';
  /** Stalls that the prompt tells, in place of a protocol. */
  readonly stalls?: readonly Stall[];
  readonly software?: boolean;
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
}

export interface LevelAssessment {
  readonly outcome: LevelOutcome;
  readonly seconds: StageSeconds;
  readonly reused: readonly Stage[];
}

/** Height of a thumbnail in pixels. */
const THUMBNAIL_HEIGHT = 144;

/** Frames that are decoded at once: of 384 pixels they take 113 MB. */
const WINDOW = 256;

/**
 * Decodes the frames that the protocol needs, has their features computed meanwhile, and reads the level logits.
 *
 * @throws CodedError of `scorePlan` and of the workers; `run/levels` where the logits are no numbers; AbortError after a stop
 */
export async function scoreVideo(video: VideoFile, options: LevelRunOptions): Promise<LevelAssessment> {
  const { client, signal, onEvent } = options;
  const ask = askOf(video, options);
  const { plan, text, blocks } = ask;
  onEvent({ kind: 'planned', plan: { vision: plan.keyFrames, motion: [] } });
  try {
    const decoded = await encodeFrames(video, ask, options);
    signal.throwIfAborted();
    onEvent({ kind: 'stage', stage: 'prefill' });
    const raw = await client.levels(
      { text, blocks },
      ({ stage, done, ...event }) => {
        if (stage === 'prefill')
          onEvent({ kind: 'progress', stage, done, total: 'tokens' in event ? event.tokens : done });
      },
      signal,
    );
    signal.throwIfAborted();
    return assessmentOf(raw, ask, decoded);
  } catch (error) {
    // Frames that the worker has not used will not be completed.
    await client.dropFrames().catch(() => {});
    throw error;
  }
}

/** A prompt and the frames behind its blocks. */
interface Ask extends Pick<LevelOutcome, 'protocol' | 'weights' | 'denseStep' | 'stalls' | 'plan'> {
  readonly text: string;
  readonly kinds: LevelOutcome['blocks'];
  readonly blocks: readonly PromptBlock[];
}

/** @throws CodedError of `scorePlan` and `stallPlan` */
function askOf({ file, video }: VideoFile, { model, stalls, ...options }: LevelRunOptions): Ask {
  const { network, protocol: defaultProtocol } = model.manifest;
  const keyOf = (index: number) => frameKey(file, index, { pixels: 'squash' }, network.side);
  const blocksOf = (kinds: LevelOutcome['blocks'], plan: ScorePlan, clip: string) =>
    kinds.map(
      (kind): PromptBlock =>
        kind === 'motion'
          ? { kind, clip: `${keyOf(0)}|${clip}` }
          : { kind: 'visual', frames: plan.keyFrames.map(keyOf) },
    );
  if (stalls) {
    const { keyFrames, denseFrames, text } = stallPlan(video.facts, stalls, network);
    const plan = { keyFrames, denseFrames };
    const kinds = ['visual', 'motion'] as const;
    const blocks = blocksOf(kinds, plan, JSON.stringify(stalls));
    return { protocol: stallProtocol, weights: 'paper', denseStep: 1, stalls, plan, text, kinds, blocks };
  }
  const protocol = scoreProtocols[options.protocol ?? defaultProtocol];
  const plan = scorePlan(video.facts, protocol, network);
  return {
    protocol: protocol.id,
    weights: protocol.weights,
    denseStep: denseStep(protocol),
    stalls: null,
    plan,
    text: scoreText(protocol),
    kinds: protocol.blocks,
    blocks: blocksOf(protocol.blocks, plan, protocol.dense),
  };
}

interface Decoded {
  readonly report: DecodeReport | null;
  readonly seconds: number;
  readonly reused: readonly Stage[];
}

function assessmentOf(raw: RawLevels, ask: Ask, decoded: Decoded): LevelAssessment {
  const scored = raw.logits && protocolScore(ask, raw.logits);
  if (!raw.logits || !scored) throw new CodedError('run/levels', {});
  const { encodeVision, encodeMotion, prefill } = raw.seconds;
  const { protocol, weights, plan, text, kinds, denseStep: step, stalls } = ask;
  return {
    outcome: {
      protocol,
      blocks: kinds,
      weights,
      prompt: text,
      plan,
      denseStep: step,
      stalls,
      logits: raw.logits,
      levels: scored.levels,
      value: scored.value,
      tokens: raw.tokens,
      reusedTokens: raw.reused,
    },
    seconds: {
      index: 0,
      // Frames are decoded while others are encoded: what the encoders took is theirs.
      decode: Math.max(0, decoded.seconds - encodeVision - encodeMotion),
      encodeVision,
      encodeMotion,
      prefill,
      generate: 0,
    },
    reused: decoded.reused,
  };
}

/** Frames that must be decoded, and what each is for. */
interface Wanted {
  readonly indices: readonly number[];
  /** Frames with a thumbnail. */
  readonly thumbnails: ReadonlySet<number>;
  /** Key frames without features. */
  readonly keys: ReadonlySet<number>;
  /** Numbers of each among the dense frames; none where the motion block is there. */
  readonly positions: ReadonlyMap<number, readonly number[]>;
  readonly reused: readonly Stage[];
}

function wantedFrames(
  { plan, blocks }: Ask,
  present: readonly boolean[],
  shown: LevelRunOptions['shown'],
): Wanted {
  const has = (kind: PromptBlock['kind']) =>
    blocks.every((block, i) => block.kind !== kind || present[i] === true);
  const [visionThere, motionThere] = [has('visual'), has('motion')];
  const thumbnails = new Set(shown === 'none' ? [] : plan.keyFrames.filter((index) => !shown.has(index)));
  const keys = new Set(visionThere ? [] : plan.keyFrames);
  const positions = new Map<number, number[]>();
  if (!motionThere)
    for (const [at, index] of plan.denseFrames.entries())
      positions.set(index, [...(positions.get(index) ?? []), at]);
  const indices = [...new Set([...thumbnails, ...keys, ...positions.keys()])].sort((a, b) => a - b);
  const reused: Stage[] = [];
  if (indices.length === 0) reused.push('decode');
  if (visionThere) reused.push('encodeVision');
  if (motionThere && plan.denseFrames.length > 0) reused.push('encodeMotion');
  return { indices, thumbnails, keys, positions, reused };
}

/** Decodes what is not in the worker's memory, and sends each frame to the encoders that need it. */
async function encodeFrames(
  { file, video }: VideoFile,
  ask: Ask,
  options: LevelRunOptions,
): Promise<Decoded> {
  const { plan, blocks } = ask;
  const { client, model, shown, onEvent } = options;
  const wanted = wantedFrames(ask, await client.hasBlocks(blocks), shown);
  const { indices, keys, positions, reused } = wanted;
  if (indices.length === 0) {
    onEvent({ kind: 'decoded', report: null, seconds: 0 });
    return { report: null, seconds: 0, reused };
  }
  const { side } = model.manifest.network;
  const clip = blocks.flatMap((block) => (block.kind === 'motion' ? [block.clip] : []))[0] ?? '';
  let encoded = 0;
  const encode = async ({ index, rgb: [rgb] }: DeliveredFrame) => {
    const at = positions.get(index);
    const key = keys.has(index);
    if (!rgb || (!key && at === undefined)) return;
    const total = plan.denseFrames.length;
    const { motion } = await client.encodeFrame({
      rgb,
      ...(key && { key: frameKey(file, index, { pixels: 'squash' }, side) }),
      ...(at !== undefined && { dense: { clip, total, positions: at } }),
    });
    if (options.signal.aborted) return;
    if (key) onEvent({ kind: 'encoding', k: 0, done: ++encoded, total: keys.size });
    if (at !== undefined) onEvent({ kind: 'progress', stage: 'encodeMotion', done: motion, total });
  };
  const report = await decodeWindows(video.id, wanted, encode, options);
  onEvent({ kind: 'decoded', report, seconds: report.seconds });
  return { report, seconds: report.seconds, reused };
}

/** Decodes window by window; the next begins when the encoders have taken the frames of the one before. */
async function decodeWindows(
  id: number,
  { indices, thumbnails }: Wanted,
  encode: (frame: DeliveredFrame) => Promise<void>,
  { media, model, software, signal, onEvent }: LevelRunOptions,
): Promise<DecodeReport> {
  const begun = performance.now();
  onEvent({ kind: 'stage', stage: 'decode' });
  let decoded = 0;
  let fed = 0;
  for (let from = 0; from < indices.length; from += WINDOW) {
    const encoding: Promise<void>[] = [];
    const onFrame = (frame: DeliveredFrame) => {
      if (signal.aborted) return frame.thumbnail?.close();
      if (frame.thumbnail) onEvent({ kind: 'frame', frame });
      onEvent({ kind: 'decoding', done: ++decoded, total: indices.length, cached: 0 });
      const work = encode(frame);
      // Heard where all are awaited; decoding goes on until then.
      work.catch(() => {});
      encoding.push(work);
    };
    const part = indices.slice(from, from + WINDOW);
    const thumbnailOf = part.filter((index) => thumbnails.has(index));
    const request = {
      indices: part,
      size: model.manifest.network.side,
      rules: [{ pixels: 'squash' as const }],
      thumbnail: thumbnailOf.length > 0 ? THUMBNAIL_HEIGHT : 0,
      thumbnailOf,
      ...(software ? { software } : {}),
    };
    fed += (await media.frames(id, request, onFrame, signal)).decoded;
    await Promise.all(encoding);
    signal.throwIfAborted();
  }
  return { decoded: fed, wanted: indices.length, seconds: (performance.now() - begun) / 1000 };
}
