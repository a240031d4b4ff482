/** Folders that are no checkpoint: each has a code of its own, on the command line and on the page. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../core/errors.ts';
import { errorMessage } from '../core/text/error-messages.ts';
import { Checkpoint } from './checkpoint.ts';
import { checkTokenizer } from './folder-check.ts';
import { MemoryFiles } from './memory.ts';

const root = join(import.meta.dirname, '..');
const shared = process.env.VQA_SHARED ?? join(root, '..', 'shared');

type Entries = Readonly<Record<string, string | object | Uint8Array>>;

const encode = (content: string | object | Uint8Array): Uint8Array =>
  content instanceof Uint8Array
    ? content
    : new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content));

const folder = (entries: Entries) =>
  new MemoryFiles(Object.entries(entries).map(([name, content]) => [name, encode(content)]));

/** Weights of one float each by name. */
function weights(...names: string[]): Uint8Array {
  const header = names.map((name, i) => [
    name,
    { dtype: 'F32', shape: [1], data_offsets: [4 * i, 4 * i + 4] },
  ]);
  const json = encode(Object.fromEntries(header));
  const bytes = new Uint8Array(8 + json.length + 4 * names.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

async function errorOf(work: Promise<unknown>): Promise<CodedError> {
  const error: unknown = await work.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(error instanceof CodedError)) throw new Error(`no coded error: ${String(error)}`);
  return error;
}

const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:8d2c\nsize 15886000000\n';
const page = '<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>';
const config = { model_type: 'internvl_chat' };
const model = weights('w');

describe('a folder that is no checkpoint', () => {
  it.each<[string, Entries, string, object]>([
    [
      'a pointer of Git LFS',
      { 'config.json': config, 'model.safetensors': pointer },
      'pointer',
      { file: 'model.safetensors' },
    ],
    [
      'a pointer among shards',
      {
        'config.json': config,
        'model.safetensors.index.json': { weight_map: { w: 'model-00001-of-00001.safetensors' } },
        'model-00001-of-00001.safetensors': pointer,
      },
      'pointer',
      { file: 'model-00001-of-00001.safetensors' },
    ],
    [
      'a web page',
      { 'config.json': config, 'model.safetensors': page },
      'web-page',
      { file: 'model.safetensors' },
    ],
    [
      'a web page for a config',
      { 'config.json': page, 'model.safetensors': model },
      'web-page',
      { file: 'config.json' },
    ],
    [
      'the answer of a server',
      { 'config.json': config, 'model.safetensors': 'Entry not found' },
      'text',
      { begins: 'Entry not found' },
    ],
    [
      'a LoRA adapter',
      {
        'adapter_config.json': { base_model_name_or_path: 'OpenGVLab/InternVL3-8B' },
        'adapter_model.safetensors': model,
      },
      'adapter',
      { base: 'OpenGVLab/InternVL3-8B' },
    ],
    ['an adapter beside a config', { 'config.json': config, 'adapter_model.bin': 'x' }, 'adapter', {}],
    [
      'an adapter under the name of a model',
      { 'config.json': config, 'model.safetensors': weights('base.x.lora_A.weight') },
      'adapter',
      {},
    ],
    [
      'weights of PyTorch',
      { 'config.json': config, 'pytorch_model.bin': 'PK', 'training_args.bin': 'x' },
      'pickle',
      { file: 'pytorch_model.bin' },
    ],
    ['GGUF', { 'model-q4.gguf': 'GGUF' }, 'weights-format', { file: 'model-q4.gguf', format: 'GGUF' }],
    [
      'AWQ',
      {
        'config.json': { ...config, quantization_config: { quant_method: 'awq', bits: 4 } },
        'model.safetensors': model,
      },
      'quantised',
      { method: 'AWQ, 4 bit' },
    ],
    [
      'GPTQ in the decoder',
      {
        'config.json': { ...config, llm_config: { quantization_config: { quant_method: 'gptq', bits: 8 } } },
        'model.safetensors': model,
      },
      'quantised',
      { method: 'GPTQ, 8 bit' },
    ],
    [
      'fp8',
      {
        'config.json': { ...config, quantization_config: { quant_method: 'fp8' } },
        'model.safetensors': model,
      },
      'quantised',
      { method: 'FP8' },
    ],
    [
      'quantised tensors without a word in the config',
      {
        'config.json': config,
        'model.safetensors': weights('language_model.model.layers.0.mlp.up_proj.qweight'),
      },
      'quantised',
      { method: 'AWQ or GPTQ' },
    ],
    [
      'the layout of transformers',
      { 'config.json': { model_type: 'internvl' }, 'model.safetensors': model },
      'hf-layout',
      { type: 'internvl' },
    ],
    [
      'that layout by its tensors',
      { 'config.json': config, 'model.safetensors': weights('model.vision_tower.x') },
      'hf-layout',
      {},
    ],
    [
      'another model',
      { 'config.json': { model_type: 'qwen2_5_vl' }, 'model.safetensors': model },
      'other-model',
      { type: 'qwen2_5_vl' },
    ],
    [
      'shards without their index',
      {
        'config.json': config,
        'model-00001-of-00002.safetensors': model,
        'model-00002-of-00002.safetensors': model,
      },
      'no-index',
      { shards: 2 },
    ],
    ['no weights', { 'config.json': config, 'README.md': '#' }, 'no-weights', {}],
    ['no config', { 'model.safetensors': model }, 'no-config', {}],
  ])('%s', async (_, entries, code, params) => {
    const error = await errorOf(Checkpoint.open(folder(entries)));
    expect(error).toMatchObject({ code: `convert/${code}`, params });
    expect(errorMessage(error)).toMatch(/Nothing was written\.$/);
  });

  it.each<[string, Entries, string, object]>([
    ['none', {}, 'no-tokenizer', { present: '' }],
    [
      'its vocabulary alone',
      { 'vocab.json': '{}', 'merges.txt': '' },
      'no-tokenizer',
      { present: 'vocab.json, merges.txt' },
    ],
    ['a pointer', { 'tokenizer.json': pointer }, 'pointer', { file: 'tokenizer.json' }],
    ['half of one', { 'tokenizer.json': '{"model": {' }, 'config', { field: 'tokenizer.json' }],
  ])('a tokenizer that is %s is refused', async (_, entries, code, params) => {
    expect(await errorOf(checkTokenizer(folder(entries)))).toMatchObject({ code: `convert/${code}`, params });
  });

  it('a tokenizer of another model is refused: it has ids that the embedding has no row for', async () => {
    const entries = { 'tokenizer.json': { model: { vocab: { a: 0, b: 1 } }, added_tokens: [{ id: 9 }] } };
    expect(await errorOf(checkTokenizer(folder(entries), 9))).toMatchObject({
      code: 'convert/config',
      params: { field: 'tokenizer.json', problem: 'has the id 9 where the model has 9 rows' },
    });
    // The released models have a few more rows than ids.
    await expect(checkTokenizer(folder(entries), 12)).resolves.toBeUndefined();
  });

  it('a tokenizer, and a conformance checkpoint without one, are taken', async () => {
    await expect(checkTokenizer(folder({ 'tokenizer.json': {} }))).resolves.toBeUndefined();
    await expect(checkTokenizer(folder({ 'profiles.json': {} }))).resolves.toBeUndefined();
  });
});

const recorded = join(shared, 'inputs', 'checkpoints');

describe.skipIf(!existsSync(recorded))('recorded folders', () => {
  it.each([
    ['git-lfs-pointer-weights', 'convert/pointer', 'git lfs pull'],
    ['lora-adapter-only', 'convert/adapter', 'OpenGVLab/InternVL3-8B'],
    ['shards-without-index', 'convert/no-index', 'model.safetensors.index.json is missing; 2 shards'],
  ])('%s', async (name, code, text) => {
    const files = readdirSync(join(recorded, name)).map((file): [string, Uint8Array] => [
      file,
      new Uint8Array(readFileSync(join(recorded, name, file))),
    ]);
    const error = await errorOf(Checkpoint.open(new MemoryFiles(files)));
    expect([error.code, errorMessage(error)]).toEqual([code, expect.stringContaining(text)]);
  });
});
