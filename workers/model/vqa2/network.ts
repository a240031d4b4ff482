/** Sessions of a VQA² package: its two encoders and the language decoder of the first family. */
import type * as Ort from 'onnxruntime-common';
import type { Vqa2Manifest } from '../../../core/vqa2/manifest.ts';
import type { Choice } from '../backend.ts';
import type { EncoderSessions } from '../encoder-sessions.ts';
import type { KvBuffers } from '../kv-buffers.ts';
import { type LanguageDecoder, letMessagesIn } from '../language-decoder.ts';
import { encodersOf, openDecoder } from '../network.ts';
import type { PackageContents } from '../package-files.ts';
import type { Runtime } from '../runtime.ts';
import { SessionOpener } from '../sessions.ts';
import type { BlockEncoders } from './blocks.ts';

const copied = (tensor: Ort.Tensor) => Float32Array.from(tensor.data as Float32Array);

export class Vqa2Network implements Pick<BlockEncoders, 'motion' | 'embed'> {
  readonly decoder: LanguageDecoder;
  readonly #ort: typeof Ort;
  readonly #side: number;
  readonly #opener: SessionOpener;
  readonly #encoders: EncoderSessions;
  readonly #buffers: KvBuffers | null;

  private constructor(
    { ort }: Runtime,
    side: number,
    opener: SessionOpener,
    encoders: EncoderSessions,
    opened: { readonly decoder: LanguageDecoder; readonly buffers: KvBuffers | null },
  ) {
    this.#ort = ort;
    this.#side = side;
    this.#opener = opener;
    this.#encoders = encoders;
    this.decoder = opened.decoder;
    this.#buffers = opened.buffers;
  }

  /** @param onBytes called with the bytes of weights that a session has read */
  static async open(
    runtime: Runtime,
    choice: Choice,
    contents: PackageContents,
    { network }: Pick<Vqa2Manifest, 'network'>,
    onBytes: (bytes: number, file: string) => void,
  ): Promise<Vqa2Network> {
    const opener = new SessionOpener(runtime, choice.variant, contents, onBytes);
    const encoders = encodersOf(choice, opener, network.width);
    try {
      const opened = await openDecoder(runtime, choice, opener, network.width);
      await encoders.prepare(['vision_encoder', 'motion_encoder']);
      return new Vqa2Network(runtime, network.side, opener, encoders, opened);
    } catch (error) {
      await opener.releaseAll();
      throw error;
    }
  }

  /** Planes [3, S, S] → pooled tokens [m², D] and the newline [D]. */
  async vision(
    pixels: Float32Array,
  ): Promise<{ readonly pooled: Float32Array; readonly newline: Float32Array }> {
    const session = await this.#encoders.get('vision_encoder');
    await letMessagesIn();
    const feeds = { pixel_values: new this.#ort.Tensor('float32', pixels, [1, 3, this.#side, this.#side]) };
    const outputs = await session.run(feeds, ['image_features', 'image_newline']);
    return {
      pooled: copied(outputs.image_features as Ort.Tensor),
      newline: copied(outputs.image_newline as Ort.Tensor),
    };
  }

  async motion(pixels: Float32Array, positions: readonly number[]): Promise<Float32Array> {
    const session = await this.#encoders.get('motion_encoder');
    await letMessagesIn();
    const { Tensor } = this.#ort;
    const shape = [positions.length, 3, this.#side, this.#side];
    const outputs = await session.run({
      pixel_values: new Tensor('float32', pixels, shape),
      position_ids: new Tensor('int64', BigInt64Array.from(positions, BigInt), [positions.length]),
    });
    return copied(outputs.motion_features as Ort.Tensor);
  }

  embed(ids: readonly number[]): Promise<Float32Array> {
    return this.decoder.embed(ids);
  }

  /** Closes the encoders of a large package. */
  endEncoding(): Promise<void> {
    return this.#encoders.end();
  }

  async dispose(): Promise<void> {
    this.#buffers?.dispose();
    await this.#opener.releaseAll();
  }
}
