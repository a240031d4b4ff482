/** Conversion of a VQA² checkpoint. Oracle: tensors that the official code recorded; names and sizes of the released one. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readVqa2Config } from '../../core/vqa2/config.ts';
import { conformance } from '../../scripts/conformance/model/cli.ts';
import type { StageResult } from '../../scripts/conformance/model/stages.ts';
import { CheckpointFolder } from '../folder.node.ts';
import { Vqa2Checkpoint } from './checkpoint.ts';
import { vqa2Graphs } from './model.ts';
import { bilinearWeights } from './vision.ts';

const tiny = `${process.env.VQA_SHARED ?? '../shared'}/golden-vqa2/tiny`;
const temporary = mkdtempSync(join(tmpdir(), 'vqa2-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

async function results(folder: string, dtypes: readonly ('fp32' | 'q8')[]): Promise<StageResult[]> {
  const all: StageResult[] = [];
  await conformance(folder, { dtypes }, (result) => all.push(result));
  return all;
}

/** A copy of the recorded folder with bytes of one tensor changed. */
function spoiled(name: string, file: string, tensor: string): string {
  const folder = join(temporary, name);
  cpSync(tiny, folder, { recursive: true });
  const path = join(folder, `${file}.safetensors`);
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  const at = 8 + length + header[tensor].data_offsets[0];
  bytes.writeFloatLE(bytes.readFloatLE(at) + 1, at);
  writeFileSync(path, bytes);
  return folder;
}

describe.skipIf(!existsSync(tiny))('the recorded checkpoint', { timeout: 240_000 }, () => {
  test('every stage and protocol on both targets, the clip in chunks, and the targets against each other', async () => {
    const all = await results(tiny, ['fp32', 'q8']);
    expect(all.filter(({ ok }) => !ok)).toEqual([]);
    const names = new Set(all.map(({ stage, name }) => `${stage} ${name}`));
    for (const stage of ['webgpu:fp32', 'wasm:fp32', 'webgpu:q8', 'wasm:q8'])
      for (const name of [
        'stages/pool',
        'stages/motion',
        'stages/motion in chunks',
        'protocols/logits',
        'protocols/score',
      ])
        expect(names).toContain(`${stage} ${name}`);
    expect(names).toContain('webgpu≈wasm:q8 protocols/logits');
    expect(all.find(({ name }) => name === 'protocols/greedy.tokens')?.cases).toBe(84);
  });

  test('a changed value of a recorded tensor is a miss', async () => {
    const all = await results(spoiled('spoiled', 'protocols', 'ugc_nov.logits.last8'), ['fp32']);
    expect(all.filter(({ ok }) => !ok).map(({ name }) => name)).toContain('protocols/logits');
  });

  test('tensors that change no output are named; any other one is refused', async () => {
    const checkpoint = await Vqa2Checkpoint.open(new CheckpointFolder(tiny));
    expect(checkpoint.dropped.filter((name) => !name.endsWith('num_batches_tracked'))).toHaveLength(287);
    const folder = join(temporary, 'extra');
    cpSync(tiny, folder, { recursive: true });
    const path = join(folder, 'model.safetensors');
    const text = readFileSync(path).toString('latin1');
    writeFileSync(path, text.replace('"model.image_newline"', '"model.image_newlinx"'), 'latin1');
    await expect(Vqa2Checkpoint.open(new CheckpointFolder(folder))).rejects.toMatchObject({
      code: 'convert/tensor',
      params: { name: 'model.image_newline', missing: 1 },
    });
  });

  test('the graphs hold no weight of the slow pathway', async () => {
    const checkpoint = await Vqa2Checkpoint.open(new CheckpointFolder(tiny));
    const names = vqa2Graphs(checkpoint, { dtype: 'fp32', target: 'wasm' }).flatMap(({ weights }) =>
      weights.map(({ name }) => name),
    );
    expect(names.filter((name) => /multipathway_blocks\.0|fusion|post_layernorm/.test(name))).toEqual([]);
    expect(names.some((name) => name.includes('multipathway_blocks.1'))).toBe(true);
  });
});

test('bilinear weights are means that keep a plane: 27 × 27 to 14 × 14', () => {
  const weights = bilinearWeights(27, 14);
  const row = (k: number) => weights.subarray(k * 729, (k + 1) * 729);
  for (const k of [0, 13, 97, 195]) expect(row(k).reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 6);
  // Of the plane x: position (k + ½) · 27/14 − ½.
  const x = (k: number) => row(k).reduce((sum, w, i) => sum + w * (i % 27), 0);
  expect([x(0), x(1), x(13)].map((value) => Number(value.toFixed(4)))).toEqual([0.4643, 2.3929, 25.5357]);
});

test('the released config is read with its constants; another tower needs its sizes', () => {
  const released = {
    model_type: 'llava_qwen',
    vocab_size: 152064,
    mm_vision_tower: 'google/siglip-so400m-patch14-384',
  };
  const { vision, text, motion } = readVqa2Config(released);
  expect([vision.hidden_size, vision.num_hidden_layers, text.head_dim, motion.positions]).toEqual([
    1152, 26, 128, 2000,
  ]);
  const other = { ...released, mm_vision_tower: 'openai/clip-vit-large-patch14' };
  expect(() => readVqa2Config(other)).toThrow(expect.objectContaining({ code: 'convert/config' }));
  expect(() => readVqa2Config({ ...released, mm_spatial_pool_mode: 'average' })).toThrow(
    'mm_spatial_pool_mode',
  );
});
