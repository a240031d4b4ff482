/**
 * Scoring protocols of VQA² by name: prompt, first words of the answer, blocks, dense frames, weights of the levels. The
 * level logits are those of the token after `prefix`. A checkpoint is to be asked as it was trained and measured: the
 * released UGC and streaming scorers belong to the 2024 protocols. Held to the official code by
 * golden-vqa2/rules/prompts.json and golden-vqa2/rules/levels.json: change only with it.
 */
import { type LevelScore, levelScore } from '../answer/levels.ts';
import type { DenseRule } from './frames.ts';
import { openConversation, placeholder, type Release, scoreQuestion } from './prompts.ts';

export const scoreProtocolIds = ['ugc-2024', 'streaming-2024', 'ugc-2025', 'image-2025'] as const;
export type ScoreProtocolId = (typeof scoreProtocolIds)[number];

/** Content behind one placeholder. */
export type Block = 'visual' | 'motion' | 'image';

export interface ScoreProtocol {
  readonly id: ScoreProtocolId;
  readonly release: Release;
  readonly user: string;
  /** First words of the answer, before the level. */
  readonly prefix: string;
  readonly blocks: readonly Block[];
  readonly dense: DenseRule;
  /** The paper's weights 1, .75, .5, .25, 0, or the present scripts' 1, .8, .6, .4, .2. */
  readonly weights: 'paper' | 'scripts';
}

/** Longest merged sequence in tokens: the official code cuts a longer one there, and with it the question. */
export const sequenceLimit = 10_000;

const prefix = 'The quality of the video is';

export const scoreProtocols: Readonly<Record<ScoreProtocolId, ScoreProtocol>> = {
  'ugc-2024': {
    id: 'ugc-2024',
    release: '2024',
    user: `The key frames of this video are:\n${placeholder}. And the motion feature of the video is\n${placeholder}. ${scoreQuestion}`,
    prefix,
    blocks: ['visual', 'motion'],
    dense: 'every-8th',
    weights: 'paper',
  },
  // One placeholder: motion is computed by the official script and never given to the language model.
  'streaming-2024': {
    id: 'streaming-2024',
    release: '2024',
    user: `${scoreQuestion}\n${placeholder}`,
    prefix,
    blocks: ['visual'],
    dense: 'all',
    weights: 'paper',
  },
  'ugc-2025': {
    id: 'ugc-2025',
    release: '2025',
    user: `${placeholder}${placeholder}`,
    prefix: '',
    blocks: ['visual', 'motion'],
    dense: 'all',
    weights: 'scripts',
  },
  // The official script reads two of the five logits under wrong names and prints a wrong score; this is the one meant.
  'image-2025': {
    id: 'image-2025',
    release: '2025',
    user: placeholder,
    prefix: 'The overall quality of the image is',
    blocks: ['image'],
    dense: 'all',
    weights: 'scripts',
  },
};

/** Text whose last token's logits are the level logits, placeholders unexpanded. */
export function scoreText({ user, prefix }: Pick<ScoreProtocol, 'user' | 'prefix'>): string {
  return `${openConversation(user)}${prefix}`;
}

/** Level words as the tokenizer must have them: one token each, with the blank before it. */
export const levelTokens = [' high', ' good', ' fair', ' poor', ' low'] as const;

/** Score of a protocol on its scale (0–1 for `paper`, 0.2–1 for `scripts`) with everything behind it; null as `levelScore`. */
export function protocolScore(
  { weights }: Pick<ScoreProtocol, 'weights'>,
  logits: readonly number[],
): { readonly value: number; readonly levels: LevelScore } | null {
  const levels = levelScore(logits);
  if (levels === null) return null;
  return { value: weights === 'paper' ? levels.score : levels.scriptScore, levels };
}
