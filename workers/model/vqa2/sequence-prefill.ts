/**
 * Prefill of a prompt with blocks. The part up to the last block depends on the video alone: its keys and values stay, so
 * that another text about the same blocks runs no more than its own tokens.
 */
import { CodedError } from '../../../core/errors.ts';
import { placeholder } from '../../../core/vqa2/prompts.ts';
import { sequenceLimit } from '../../../core/vqa2/protocols.ts';
import { encodePrompt, placeholderId } from '../../../core/vqa2/records.ts';
import {
  type KvCache,
  type LanguageDecoder,
  type PrefillOptions,
  releaseCache,
} from '../language-decoder.ts';
import { mergedSequence } from './blocks.ts';

export interface Sequence {
  /** `<image>` for each block. */
  readonly text: string;
  readonly blocks: readonly Float32Array[];
  /** Equal for equal blocks. */
  readonly key: string;
}

export interface PrefilledSequence {
  /** After the whole sequence; the holder releases it. */
  readonly cache: KvCache;
  /** Of its last token; null where the signal stopped it. */
  readonly logits: Float32Array | null;
  readonly tokens: number;
  /** Tokens whose keys and values were there. */
  readonly reused: number;
}

type Listeners = Pick<PrefillOptions, 'signal'> & {
  readonly onTokens?: (done: number, tokens: number) => void;
};

export class SequencePrefill {
  readonly #decoder: LanguageDecoder;
  readonly #encode: (text: string) => readonly number[];
  #shared: { readonly key: string; readonly cache: KvCache } | null = null;

  /** @param encode ids of a text, its special tokens as one each */
  constructor(decoder: LanguageDecoder, encode: (text: string) => readonly number[]) {
    this.#decoder = decoder;
    this.#encode = encode;
  }

  /**
   * @param room tokens that will follow the sequence
   * @throws CodedError `run/sequence` {tokens, limit}, `run/prompt`
   */
  async run(
    { text, blocks, key }: Sequence,
    room: number,
    { signal, onTokens = () => {} }: Listeners = {},
  ): Promise<PrefilledSequence> {
    const ids = encodePrompt(text, this.#encode);
    const end = ids.lastIndexOf(placeholderId) + 1;
    const width = this.#decoder.width;
    const tokens =
      ids.filter((id) => id !== placeholderId).length +
      blocks.reduce((sum, block) => sum + block.length / width, 0);
    if (tokens > sequenceLimit) throw new CodedError('run/sequence', { tokens, limit: sequenceLimit });
    const before = text.slice(0, text.lastIndexOf(placeholder));
    const sharedKey = `${key}\n${before}`;
    const cached = this.#shared?.key === sharedKey ? this.#shared.cache : null;
    this.#decoder.reserve(tokens + room, cached ?? this.#decoder.empty());
    let done = cached?.length ?? 0;
    onTokens(done, tokens);
    const listeners = {
      ...(signal && { signal }),
      onTokens: (n: number) => {
        done += n;
        onTokens(done, tokens);
      },
    };
    const embed = (part: readonly number[]) => this.#decoder.embed(part);
    const shared =
      cached ??
      (await this.#prefillShared(
        sharedKey,
        await mergedSequence({ embed }, ids.slice(0, end), blocks),
        listeners,
      ));
    const reused = cached?.length ?? 0;
    if (shared === null) return { cache: this.#decoder.empty(), logits: null, tokens, reused };
    const from = this.#decoder.rewinds ? this.#decoder.rewound(shared, shared.length) : shared;
    const rest = await embed(ids.slice(end));
    const { cache, logits } = await this.#decoder.prefill(from, rest, { keep: true, ...listeners });
    return { cache, logits, tokens, reused };
  }

  /** Null where the signal stopped it. */
  async #prefillShared(
    key: string,
    embeds: Float32Array,
    listeners: Pick<PrefillOptions, 'signal' | 'onTokens'>,
  ): Promise<KvCache | null> {
    this.dispose();
    const { cache, logits } = await this.#decoder.prefill(this.#decoder.empty(), embeds, listeners);
    if (logits === null) {
      releaseCache(cache);
      return null;
    }
    this.#shared = { key, cache };
    return cache;
  }

  /** Forgets the blocks of the last video. */
  dispose(): void {
    if (this.#shared) releaseCache(this.#shared.cache);
    this.#shared = null;
  }
}
