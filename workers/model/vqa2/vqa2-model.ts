/** A loaded VQA² package at work: features of frames in memory, prompts about them, level logits. No worker or loading. */
import { CodedError } from '../../../core/errors.ts';
import type { Vqa2Manifest } from '../../../core/vqa2/manifest.ts';
import { writePlanes } from '../../../core/vqa2/pixels.ts';
import { EmbeddingCache } from '../embedding-cache.ts';
import { nameFault, type Stage } from '../faults.ts';
import { type LanguageDecoder, releaseCache } from '../language-decoder.ts';
import type { FrameReceipt, LevelEvent, LevelRequest, PromptBlock, RawLevels, Vqa2Frame } from './api.ts';
import { type BlockEncoders, joined } from './blocks.ts';
import { DenseFrames } from './dense-frames.ts';
import { SequencePrefill } from './sequence-prefill.ts';

/** The vision encoder as a prompt needs it. */
export type FrameEncoder = (
  pixels: Float32Array,
) => Promise<{ readonly pooled: Float32Array; readonly newline: Float32Array }>;

export interface Vqa2Parts {
  readonly vision: FrameEncoder;
  readonly motion: BlockEncoders['motion'];
  readonly decoder: LanguageDecoder;
  /** Called when the blocks of a request are there. */
  readonly endEncoding: () => Promise<void>;
  /** Ids of a text, its special tokens as one each. */
  readonly encode: (text: string) => readonly number[];
}

/** Bytes of vision features; a frame of the 7B has 2.8 MB, and a sequence at most 51 of them. */
const VISION_BYTES = 256 << 20;
/** Bytes of motion tokens; those of the longest clip of the 7B are 29 MB. */
const MOTION_BYTES = 128 << 20;

export class Vqa2Model {
  readonly #parts: Vqa2Parts;
  readonly #manifest: Pick<Vqa2Manifest, 'network' | 'levelIds'>;
  readonly #prefill: SequencePrefill;
  readonly #vision = new EmbeddingCache(VISION_BYTES);
  readonly #motion = new EmbeddingCache(MOTION_BYTES);
  #newline: Float32Array | null = null;
  /** Clips whose dense frames are arriving. */
  readonly #arriving = new Map<string, DenseFrames>();
  readonly #stops = new Map<number, AbortController>();
  #turn: Promise<unknown> = Promise.resolve();
  #seconds = { encodeVision: 0, encodeMotion: 0 };

  constructor(parts: Vqa2Parts, manifest: Pick<Vqa2Manifest, 'network' | 'levelIds'>) {
    this.#parts = parts;
    this.#manifest = manifest;
    this.#prefill = new SequencePrefill(parts.decoder, parts.encode);
  }

  /** Runs calls one after the other: a session cannot run twice at once. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #timed<T>(stage: 'encodeVision' | 'encodeMotion', work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    try {
      return await work();
    } catch (error) {
      throw nameFault(error, stage);
    } finally {
      this.#seconds[stage] += (performance.now() - begun) / 1000;
    }
  }

  hasBlocks(blocks: readonly PromptBlock[]): Promise<boolean[]> {
    return Promise.resolve(
      blocks.map((block) =>
        block.kind === 'visual'
          ? block.frames.every((key) => this.#vision.has(key))
          : this.#motion.has(block.clip),
      ),
    );
  }

  async encodeFrame({ rgb, key, dense }: Vqa2Frame): Promise<FrameReceipt> {
    const clip = dense && this.#clipOf(dense.clip, dense.total);
    const added = dense && clip ? dense.positions.map((position) => clip.add(position, rgb)) : [];
    if (key !== undefined && !this.#vision.has(key)) {
      const { side } = this.#manifest.network;
      await this.#inTurn(() =>
        this.#timed('encodeVision', async () => {
          const planes = new Float32Array(3 * side * side);
          writePlanes(rgb, side, planes);
          const { pooled, newline } = await this.#parts.vision(planes);
          this.#vision.set(key, pooled);
          this.#newline = newline;
        }),
      );
    }
    await Promise.all(added);
    return { motion: clip?.done ?? 0 };
  }

  #clipOf(clip: string, total: number): DenseFrames | null {
    if (this.#motion.has(clip)) return null;
    const arriving = this.#arriving.get(clip);
    if (arriving) return arriving;
    const { side, halo, positions: limit } = this.#manifest.network;
    const motion: BlockEncoders['motion'] = (pixels, positions) =>
      this.#inTurn(() => this.#timed('encodeMotion', () => this.#parts.motion(pixels, positions)));
    const frames = new DenseFrames(motion, total, { side, halo, limit });
    this.#arriving.set(clip, frames);
    frames.tokens
      .then((tokens) => this.#motion.set(clip, tokens))
      .catch(() => {})
      .finally(() => this.#arriving.delete(clip));
    return frames;
  }

  dropFrames(): Promise<void> {
    for (const frames of this.#arriving.values()) frames.drop();
    this.#arriving.clear();
    return Promise.resolve();
  }

  async levels(
    { job, text, blocks }: LevelRequest,
    onEvent: (event: LevelEvent) => void,
  ): Promise<RawLevels> {
    const stop = new AbortController();
    this.#stops.set(job, stop);
    let stage: Stage = 'encodeMotion';
    try {
      const features: Float32Array[] = [];
      for (const block of blocks) features.push(await this.#blockOf(block, onEvent));
      const { encodeVision, encodeMotion } = this.#seconds;
      this.#seconds = { encodeVision: 0, encodeMotion: 0 };
      stage = 'prefill';
      return await this.#inTurn(async () => {
        await this.#parts.endEncoding();
        const begun = performance.now();
        const sequence = { text, blocks: features, key: JSON.stringify(blocks) };
        const { cache, logits, tokens, reused } = await this.#prefill.run(sequence, 1, {
          signal: stop.signal,
          onTokens: (done, all) => onEvent({ stage: 'prefill', tokens: all, done }),
        });
        const levels = logits && this.#manifest.levelIds.map((id) => logits[id]!);
        // In buffers of fixed capacity the rows of the shared part stay.
        releaseCache(cache);
        const prefill = (performance.now() - begun) / 1000;
        return { logits: levels, tokens, reused, seconds: { encodeVision, encodeMotion, prefill } };
      });
    } catch (error) {
      throw nameFault(error, stage);
    } finally {
      this.#stops.delete(job);
    }
  }

  /** @throws CodedError `run/pixels` {frame} for a block that is not in memory */
  async #blockOf(block: PromptBlock, onEvent: (event: LevelEvent) => void): Promise<Float32Array> {
    if (block.kind === 'motion') {
      const arriving = this.#arriving.get(block.clip);
      const tokens = arriving ? await arriving.tokens : this.#motion.get(block.clip);
      if (!tokens) throw new CodedError('run/pixels', { frame: block.clip });
      const total = tokens.length / this.#manifest.network.width;
      onEvent({ stage: 'encodeMotion', done: total, total });
      return tokens;
    }
    const frames = block.frames.map((key) => {
      const features = this.#vision.get(key);
      if (!features) throw new CodedError('run/pixels', { frame: key });
      return features;
    });
    return joined([...frames, this.#newline!]);
  }

  abort(job: number): void {
    this.#stops.get(job)?.abort();
  }

  dispose(): void {
    void this.dropFrames();
    this.#prefill.dispose();
  }
}
