/**
 * Self-tests of a package's WebGPU variants: logits of a fixed prompt, computed from the variant's own graphs by onnxruntime
 * on the processor. Parts of a decoder are open one at a time, so that memory stays that of one part.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as Runtime from 'onnxruntime-node';
import type { SelfTest, Variant } from '../core/files/manifest.ts';
import { type PackageManifest, readPackageManifest } from '../core/vqa2/manifest.ts';
import { graphFile, targetFolders } from './weight-formats.ts';

type Tensor = Runtime.Tensor;

/** Tokens of the prompt; a tile of the attention kernels holds 32. */
const TOKENS = 40;
/** Positions that are compared: the prompt's end and the steps after it. */
const POSITIONS = 9;
/** Logits of each position. */
const LARGEST = 16;

/**
 * Share of the range of logits within which two devices agree. Two layers on Mesa's lavapipe: 4e-7 with float32 activations,
 * 1.7e-3 with float16; sums of 28 layers differ by more.
 */
const SHARE = { float32: 0.005, float16: 0.03 } as const;

/** Ids spread over the first half of the vocabulary; special tokens are at its end. */
const promptIds = (vocabulary: number) =>
  Array.from({ length: TOKENS }, (_, i) => (17 + i * 7919) % Math.max(2, vocabulary >> 1));

/** A value of the cache's type with no rows. */
function emptyCache(
  { Tensor }: typeof Runtime,
  input: { readonly type: string; readonly shape: readonly unknown[] },
) {
  const [, heads, , size] = input.shape;
  const dims = [1, heads as number, 0, size as number];
  return input.type === 'float16'
    ? new Tensor('float16', new Uint16Array(0), dims)
    : new Tensor('float32', new Float32Array(0), dims);
}

/** Logits [POSITIONS, V] after the last tokens of the prompt. */
async function logitsOf(ort: typeof Runtime, folder: string, variant: Variant, ids: readonly number[]) {
  const { Tensor } = ort;
  const int64 = (values: readonly number[], dims: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), dims);
  const run = async (graph: string, given: Readonly<Record<string, Tensor>>) => {
    const path = join(folder, targetFolders[variant.target], graphFile(graph, variant.dtype));
    const session = await ort.InferenceSession.create(path);
    try {
      const feeds = session.inputMetadata.map((input) => {
        const value = given[input.name] ?? (input.isTensor ? emptyCache(ort, input) : undefined);
        return [input.name, value as Tensor] as const;
      });
      return await session.run(Object.fromEntries(feeds));
    } finally {
      await session.release();
    }
  };
  let outputs = await run('embed_tokens', { input_ids: int64(ids, [1, ids.length]) });
  const common = {
    attention_mask: int64(
      ids.map(() => 1),
      [1, ids.length],
    ),
    position_ids: int64([...ids.keys()], [1, ids.length]),
    num_logits_to_keep: int64([POSITIONS], []),
  };
  const parts =
    variant.decoderParts === 1
      ? ['decoder_model_merged']
      : Array.from({ length: variant.decoderParts }, (_, k) => `decoder_model_${k}`);
  for (const part of parts) {
    const hidden = (outputs.inputs_embeds ?? outputs.hidden_states) as Tensor;
    outputs = await run(part, { ...common, inputs_embeds: hidden });
  }
  return outputs.logits?.data as Float32Array;
}

async function selfTestOf(
  ort: typeof Runtime,
  folder: string,
  variant: Variant,
  vocabulary: number,
): Promise<SelfTest> {
  const ids = promptIds(vocabulary);
  const logits = await logitsOf(ort, folder, variant, ids);
  const width = logits.length / POSITIONS;
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of logits) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const expected = Array.from({ length: POSITIONS }, (_, at) => {
    const row = logits.subarray(at * width, (at + 1) * width);
    const tokens = [...row.keys()].sort((a, b) => row[b]! - row[a]!).slice(0, LARGEST);
    return { tokens, logits: tokens.map((token) => Math.fround(row[token]!)) };
  });
  const half = variant.needs.includes('shader-f16');
  return { ids, expected, bound: (most - least) * (half ? SHARE.float16 : SHARE.float32) };
}

/** Size of the vocabulary; a VQA² package has no config, and its tokenizer none of the rows that no token uses. */
async function vocabularyOf(folder: string, { family }: PackageManifest): Promise<number> {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, name), 'utf8'));
  if (family === 'vqathinker')
    return ((await read('config.json')) as { text_config: { vocab_size: number } }).text_config.vocab_size;
  const tokenizer = (await read('tokenizer.json')) as { model: { vocab: Readonly<Record<string, number>> } };
  return Object.keys(tokenizer.model.vocab).length;
}

/**
 * Writes the self-tests into the manifest of a finished package. A manifest is replaced at once or not at all.
 *
 * @param manifest that of the folder
 * @returns the manifest in the folder now
 */
export async function addSelfTests<M extends PackageManifest>(
  folder: string,
  manifest: M,
  signal?: AbortSignal,
): Promise<M> {
  const path = join(folder, 'manifest.json');
  const vocabulary = await vocabularyOf(folder, manifest);
  const ort = await import('onnxruntime-node');
  const variants: Variant[] = [];
  for (const variant of manifest.variants) {
    signal?.throwIfAborted();
    variants.push(
      variant.target === 'webgpu'
        ? { ...variant, selfTest: await selfTestOf(ort, folder, variant, vocabulary) }
        : variant,
    );
  }
  const complete = readPackageManifest({ ...manifest, variants }) as M;
  await writeFile(`${path}.new`, `${JSON.stringify(complete, null, 1)}\n`);
  await rename(`${path}.new`, path);
  return complete;
}
