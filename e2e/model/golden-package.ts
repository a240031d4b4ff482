/**
 * A package of a golden checkpoint that the page can run: converted as usual, with a tokenizer of bytes (the golden
 * prompt's ids are UTF-8 bytes, and the special strings of its profiles.json).
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');
export const shared = process.env.VQA_SHARED ?? join(root, '..', 'shared');
export const golden = join(shared, 'golden', 'tiny');
export const hasGolden = existsSync(golden);
export const hasModel = existsSync(join(root, 'public', 'models', 'small', 'manifest.json'));

/**
 * Address of made-up frames, [count, side, side, 3]. Noise is out of the ordinary for any model, but the gaps between
 * its first and second tokens are far over 1e-3.
 */
export function noise(side: number, count: number): string {
  const bytes = Uint8Array.from(
    { length: side * side * 3 * count },
    (_, i) => (i * 97 + (i >> 9) * 13) % 251,
  );
  mkdirSync(join(root, '.scratch'), { recursive: true });
  writeFileSync(join(root, '.scratch', `noise-${side}-${count}.frames`), bytes);
  return `/.scratch/noise-${side}-${count}.frames`;
}

/** GPT-2's byte alphabet: printable bytes stand for themselves, the others for code points from 256 on. */
function byteAlphabet(): string[] {
  const printable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

function byteTokenizer(special: Record<string, number>) {
  const vocab = Object.fromEntries(byteAlphabet().map((letter, byte) => [letter, byte]));
  const added = Object.entries(special).map(([content, id]) => ({
    id,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  }));
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: bytes,
    post_processor: null,
    decoder: bytes,
    model: { type: 'BPE', vocab, merges: [], unk_token: null, fuse_unk: false, byte_fallback: false },
  };
}

interface Entry {
  readonly dtype: 'U8' | 'F32' | 'I64';
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** One tensor of a golden safetensors file, as bytes. */
export function goldenTensor(profile: string, name: string): { shape: readonly number[]; bytes: Buffer } {
  const file = readFileSync(join(golden, `${profile}.safetensors`));
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString()) as Record<string, Entry>;
  const { shape, data_offsets } = header[name] as Entry;
  return {
    shape,
    bytes: Buffer.from(file.subarray(8 + length + data_offsets[0], 8 + length + data_offsets[1])),
  };
}

/**
 * Converts once and writes the frames beside it. Paths are relative to the repository.
 *
 * @param options more for the command line
 */
export function makeGoldenPackage(
  profile: string,
  variants: string,
  options: readonly string[] = [],
): { base: string; frames: string } {
  const base = `.scratch/e2e/${[profile, variants, ...options].join('-').replaceAll(/[^\w.]+/g, '-')}`;
  const checkpoint = join(root, `${base}-checkpoint`);
  rmSync(checkpoint, { recursive: true, force: true });
  mkdirSync(checkpoint, { recursive: true });
  for (const file of ['config.json', 'generation_config.json', 'model.safetensors', 'profiles.json']) {
    cpSync(join(golden, file), join(checkpoint, file));
  }
  const { token_ids } = JSON.parse(readFileSync(join(golden, 'profiles.json'), 'utf8')) as {
    token_ids: Record<string, number>;
  };
  writeFileSync(join(checkpoint, 'tokenizer.json'), JSON.stringify(byteTokenizer(token_ids)));
  const config = { tokenizer_class: 'PreTrainedTokenizerFast', clean_up_tokenization_spaces: false };
  writeFileSync(join(checkpoint, 'tokenizer_config.json'), JSON.stringify(config));
  const cli = join(root, 'convert/cli.ts');
  const request = [checkpoint, join(root, base), '--variants', variants, '--profile', profile];
  execFileSync('node', [cli, ...request, ...options], { stdio: ['ignore', 'ignore', 'inherit'] });
  writeFileSync(join(root, `${base}.frames`), goldenTensor(profile, 'input.frames').bytes);
  return { base: `/${base}/`, frames: `/${base}.frames` };
}

/** The text of the 20 greedy tokens: bytes, special ids left out. */
export function goldenText(profile: string): string {
  const { bytes } = goldenTensor(profile, 'greedy.tokens');
  const ids = Array.from(
    new BigInt64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
    Number,
  );
  return new TextDecoder().decode(Uint8Array.from(ids.filter((id) => id < 256)));
}
