/** Level score of a video by a VQA² package: one prefill, five logits, no generation. */

import type { LevelScore } from '../../../core/answer/levels.ts';
import { CodedError } from '../../../core/errors.ts';
import type { Vqa2Manifest } from '../../../core/vqa2/manifest.ts';
import { protocolScore, type ScoreProtocol, scoreText } from '../../../core/vqa2/protocols.ts';
import { encodePrompt } from '../../../core/vqa2/records.ts';
import { type LanguageDecoder, releaseCache } from '../language-decoder.ts';
import { type BlockEncoders, type DenseClip, mergedSequence, motionBlock, visualBlock } from './blocks.ts';

export interface ScoreInput {
  /** Planes [3, S, S] of each key frame. */
  readonly keyFrames: readonly Float32Array[];
  readonly dense: DenseClip;
}

export interface Vqa2Score {
  /** On the protocol's scale. */
  readonly value: number;
  readonly levels: LevelScore;
  readonly protocol: ScoreProtocol['id'];
  /** Length of the merged sequence. */
  readonly tokens: number;
}

/** Dense frames computed at once, besides their halo: at 384 pixels a frame of the network's input takes 1.8 MB. */
const CHUNK = 32;

export class Vqa2Scorer {
  readonly #encoders: BlockEncoders;
  readonly #decoder: Pick<LanguageDecoder, 'empty' | 'prefill'>;
  readonly #manifest: Pick<Vqa2Manifest, 'network' | 'levelIds'>;
  readonly #encode: (text: string) => readonly number[];

  /** @param encode ids of a text, its special tokens as one each */
  constructor(
    encoders: BlockEncoders,
    decoder: Pick<LanguageDecoder, 'empty' | 'prefill'>,
    manifest: Pick<Vqa2Manifest, 'network' | 'levelIds'>,
    encode: (text: string) => readonly number[],
  ) {
    this.#encoders = encoders;
    this.#decoder = decoder;
    this.#manifest = manifest;
    this.#encode = encode;
  }

  /**
   * @returns null where the model gives no distribution over the levels (a logit that is no number)
   * @throws CodedError `run/dense` {frames, limit}; `media/no-frames` where a block that the protocol needs is empty
   */
  async score(protocol: ScoreProtocol, { keyFrames, dense }: ScoreInput): Promise<Vqa2Score | null> {
    const { positions, halo } = this.#manifest.network;
    const blocks: Float32Array[] = [];
    for (const block of protocol.blocks) {
      if (block === 'image' || (block === 'visual' ? keyFrames.length : dense.frames) === 0)
        throw new CodedError('media/no-frames', {});
      blocks.push(
        block === 'visual'
          ? await visualBlock(this.#encoders, keyFrames)
          : await motionBlock(this.#encoders, dense, { chunk: CHUNK, halo, limit: positions }),
      );
    }
    const ids = encodePrompt(scoreText(protocol), this.#encode);
    const sequence = await mergedSequence(this.#encoders, ids, blocks);
    const { cache, logits } = await this.#decoder.prefill(this.#decoder.empty(), sequence);
    releaseCache(cache);
    if (logits === null) return null;
    const result = protocolScore(
      protocol,
      this.#manifest.levelIds.map((id) => logits[id]!),
    );
    const tokens = sequence.length / this.#manifest.network.width;
    return result && { ...result, protocol: protocol.id, tokens };
  }
}
