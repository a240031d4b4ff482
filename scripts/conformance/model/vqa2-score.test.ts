/** A package from conversion to score, in onnxruntime on the processor. Oracle: scores that the official scripts printed. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CheckpointFolder, PackageFolder } from '../../../convert/folder.node.ts';
import { converter } from '../../../convert/package.ts';
import { convertVqa2 } from '../../../convert/vqa2/package.ts';
import { readManifest } from '../../../core/files/manifest.ts';
import { createSha256 } from '../../../core/files/sha256.ts';
import { denseFrames, keyFrames } from '../../../core/vqa2/frames.ts';
import { isVqa2Manifest, readVqa2Manifest, type Vqa2Manifest } from '../../../core/vqa2/manifest.ts';
import {
  protocolScore,
  type ScoreProtocolId,
  scoreProtocols,
  scoreText,
} from '../../../core/vqa2/protocols.ts';
import { resizeRgb } from '../../../workers/media/resize.ts';
import { LanguageDecoder, type Session, type TensorClass } from '../../../workers/model/language-decoder.ts';
import { PieceSize } from '../../../workers/model/piece-size.ts';
import type { PromptBlock } from '../../../workers/model/vqa2/api.ts';
import { Vqa2Model, type Vqa2Parts } from '../../../workers/model/vqa2/vqa2-model.ts';
import { byteTokenizer } from '../rules/vqa2-text.ts';
import { GoldenTensors } from './golden.ts';

const tiny = `${process.env.VQA_SHARED ?? '../shared'}/golden-vqa2/tiny`;
const temporary = mkdtempSync(join(tmpdir(), 'vqa2-'));
const folder = join(temporary, 'package');
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const TensorOf = Tensor as unknown as TensorClass;

async function modelOf(manifest: Vqa2Manifest): Promise<Vqa2Model> {
  const open = async (name: string) =>
    (await InferenceSession.create(join(folder, 'onnx-wasm', `${name}.onnx`), {
      logSeverityLevel: 3,
    })) as unknown as Session;
  const [vision, motion, embed, decoder] = await Promise.all(
    ['vision_encoder', 'motion_encoder', 'embed_tokens', 'decoder_model_merged'].map(open),
  );
  const { side, width } = manifest.network;
  const int64 = (values: readonly number[], dims: readonly number[]) =>
    new TensorOf('int64', BigInt64Array.from(values, BigInt), dims);
  const floats = (tensor: unknown) => (tensor as { data: Float32Array }).data;
  const embedding = {
    embed: async (ids: readonly number[]) =>
      floats((await embed!.run({ input_ids: int64(ids, [1, ids.length]) })).inputs_embeds),
  };
  const encoders: Pick<Vqa2Parts, 'vision' | 'motion'> = {
    vision: async (pixels) => {
      const outputs = await vision!.run({
        pixel_values: new TensorOf('float32', pixels, [1, 3, side, side]),
      });
      return {
        pooled: floats(outputs.image_features),
        newline: floats(outputs.image_newline),
      };
    },
    motion: async (pixels, positions) => {
      const shape = [positions.length, 3, side, side];
      const feeds = {
        pixel_values: new TensorOf('float32', pixels, shape),
        position_ids: int64(positions, [positions.length]),
      };
      return floats((await motion!.run(feeds)).motion_features);
    },
  };
  const sessions = { embedding, parts: [decoder!], greedy: null };
  const language = new LanguageDecoder(TensorOf, sessions, width, { pieces: new PieceSize(64, 64) });
  const parts = { ...encoders, decoder: language, endEncoding: async () => {}, encode: byteTokenizer.encode };
  return new Vqa2Model(parts, manifest);
}

describe.skipIf(!existsSync(tiny))('a converted package', { timeout: 120_000 }, () => {
  let manifest: Vqa2Manifest;
  beforeAll(async () => {
    await convertVqa2(new CheckpointFolder(tiny), new PackageFolder(folder), {
      variants: [{ dtype: 'fp32', target: 'wasm' }],
      role: 'scorer',
      name: 'tiny',
      command: 'test',
      producer: converter,
      digest: createSha256,
    });
    manifest = readVqa2Manifest(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')));
  }, 60_000);

  test('its manifest states role, protocol, levels and sizes; the page refuses the family by name', () => {
    expect(manifest).toMatchObject({
      family: 'vqa2',
      role: 'scorer',
      protocol: 'ugc-2024',
      levelIds: [301, 287, 310, 264, 299],
      network: { side: 100, grid: 7, pooled: 4, halo: 18, positions: 2000, width: 112 },
    });
    expect(isVqa2Manifest(manifest)).toBe(true);
    expect(() => readManifest(manifest)).toThrow(expect.objectContaining({ code: 'model/family' }));
    const spoiled = { ...manifest, files: [{ ...manifest.files[0]!, path: '../x' }] };
    expect(() => readVqa2Manifest(spoiled)).toThrow(expect.objectContaining({ code: 'model/unsafe' }));
    expect(() => readVqa2Manifest({ ...manifest, format: 9 })).toThrow(
      expect.objectContaining({ code: 'model/version' }),
    );
    expect(() => readVqa2Manifest({ ...manifest, role: 'critic' })).toThrow(
      expect.objectContaining({ code: 'model/manifest', params: expect.objectContaining({ field: 'role' }) }),
    );
  });

  const official: readonly (readonly [ScoreProtocolId, string])[] = [
    ['ugc-2024', 'ugc_nov'],
    ['streaming-2024', 'stream_nov'],
    ['ugc-2025', 'ugc_head'],
  ];
  test('scores of the three official video scripts, with their five probabilities', async () => {
    const { clips, protocols } = JSON.parse(readFileSync(join(tiny, 'profiles.json'), 'utf8'));
    const {
      frames,
      fps,
      height_width: [height, width],
    } = clips.clipA;
    const { data } = await (await GoldenTensors.open(new CheckpointFolder(tiny), 'clips')).octets(
      'clipA.frames',
    );
    const { side } = manifest.network;
    const rgb = (n: number) => {
      const frame = data.subarray(n * height * width * 3, (n + 1) * height * width * 3);
      return Uint8Array.from(resizeRgb(frame, width, height, side, side));
    };
    const model = await modelOf(manifest);
    const keys = keyFrames(frames, fps);
    for (const [id, script] of official) {
      const protocol = scoreProtocols[id];
      const positions = denseFrames(frames, protocol.dense);
      const used = new Set([...keys, ...positions]);
      // In an order of its own: a decoder delivers as it likes.
      const sent = [...used]
        .sort((a, b) => (a % 7) - (b % 7))
        .map((n) => {
          const at = positions.indexOf(n);
          const dense = { clip: id, total: positions.length, positions: [at] };
          const wanted = protocol.blocks.includes('motion') && at >= 0;
          return model.encodeFrame({
            rgb: rgb(n),
            ...(keys.includes(n) && { key: `frame ${n}` }),
            ...(wanted && { dense }),
          });
        });
      await Promise.all(sent);
      const blocks = protocol.blocks.map(
        (block): PromptBlock =>
          block === 'visual'
            ? { kind: 'visual', frames: keys.map((n) => `frame ${n}`) }
            : { kind: 'motion', clip: id },
      );
      const stages: string[] = [];
      const asked = { job: 1, text: scoreText(protocol), blocks };
      const raw = await model.levels(asked, ({ stage, done }) => void stages.push(`${stage} ${done}`));
      const score = protocolScore(protocol, raw.logits!)!;
      const want = protocols[script];
      expect(score.value).toBeCloseTo(want.score, 4);
      const five = Object.values(want.probabilities as Record<string, number>);
      for (const [k, p] of five.entries()) expect(score.levels.probabilities[k]).toBeCloseTo(p, 4);
      // Without the two tokens that close the scripts' answer.
      expect(raw.tokens).toBe(want.sequence - 2);
      expect(stages.at(-1)).toBe(`prefill ${raw.tokens}`);
      // Another text about the same blocks runs its own tokens only, and gives the same logits.
      const again = await model.levels({ ...asked, job: 2 }, () => {});
      expect(again.reused).toBeGreaterThan(keys.length * 16);
      for (const [k, logit] of raw.logits!.entries()) expect(again.logits![k]).toBeCloseTo(logit, 4);
    }
    await expect(
      model.levels({ job: 3, text: '<image>', blocks: [{ kind: 'motion', clip: 'none' }] }, () => {}),
    ).rejects.toMatchObject({ code: 'run/pixels' });
  });
});
