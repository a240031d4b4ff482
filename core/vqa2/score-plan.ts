/** Frames and prompt of one score, checked before anything is decoded. Ours. */
import { CodedError } from '../errors.ts';
import { denseFrames, keyFrames } from './frames.ts';
import type { Vqa2Manifest } from './manifest.ts';
import { type ScoreProtocol, sequenceLimit } from './protocols.ts';

export interface ScorePlan {
  /** Source frames of the visual block. */
  readonly keyFrames: readonly number[];
  /** Source frames of the motion block; none where the protocol has no such block. */
  readonly denseFrames: readonly number[];
}

/** Frames between two dense ones. */
export const denseStep = ({ dense }: Pick<ScoreProtocol, 'dense'>): number => (dense === 'all' ? 1 : 8);

/**
 * @param frames of the video
 * @param fps average rate
 * @throws CodedError `media/rate`, `media/no-frames`; `run/short` {frames, needed, protocol} where the motion block would
 *   be empty; `run/dense` {frames, limit}; `run/sequence` {tokens, limit}, counted without the words
 */
export function scorePlan(
  { frames, fps }: { readonly frames: number; readonly fps: number },
  protocol: ScoreProtocol,
  { positions, pooled }: Pick<Vqa2Manifest['network'], 'positions' | 'pooled'>,
): ScorePlan {
  const keys = keyFrames(frames, fps);
  const motion = protocol.blocks.includes('motion');
  const dense = motion ? denseFrames(frames, protocol.dense) : [];
  if (motion && dense.length === 0)
    throw new CodedError('run/short', { frames, needed: 4 * denseStep(protocol), protocol: protocol.id });
  if (dense.length > positions) throw new CodedError('run/dense', { frames: dense.length, limit: positions });
  const tokens = keys.length * pooled ** 2 + 1 + dense.length;
  if (tokens > sequenceLimit) throw new CodedError('run/sequence', { tokens, limit: sequenceLimit });
  return { keyFrames: keys, denseFrames: dense };
}

/** Protocols that a video can be scored with, in the order in which a reader should see them. */
export const videoProtocols = ['ugc-2024', 'ugc-2025', 'streaming-2024'] as const;
export type VideoProtocolId = (typeof videoProtocols)[number];
