/**
 * Whole conversions. Oracles: the torch modules through `modules.random_checkpoint` (which prove themselves against the
 * official code), `onnx.checker`, and the quantiser's own dequantised weights run in float32.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../core/files/manifest.ts';
import { distance, spread } from '../scripts/conformance/model/arrays.ts';
import { conformance } from '../scripts/conformance/model/cli.ts';
import type { StageResult } from '../scripts/conformance/model/stages.ts';
import { Checkpoint } from './checkpoint.ts';
import { CheckpointFolder, PackageFolder } from './folder.node.ts';
import { MemoryFiles, MemorySink } from './memory.ts';
import { bytesOf } from './numbers.ts';
import { type ConvertOptions, convertCheckpoint, variantsOf } from './package.ts';
import { dequantise, quantise } from './quantise.ts';

const root = join(import.meta.dirname, '..');
const python = join(root, '.venv', 'bin', 'python');
const temporary = mkdtempSync(join(tmpdir(), 'convert-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** Checkpoints: both official profiles, fragments, no network in the encoders, tied heads, 1, 5 and 7 heads a group. */
const checkpoints = {
  train6: 'profile="train6", heads=14, kv_heads=2',
  test12: 'profile="test12", heads=5, kv_heads=1, head_dim=16, tied=True, layers=1',
  fragments: 'profile="fragments", heads=4, kv_heads=4, head_dim=16, tied=True, statistics=NAMES',
  values:
    'profile="fragments", heads=4, kv_heads=2, head_dim=16, tied=True, slowfast=False, statistics=NAMES, fragment_statistics=FRAGMENT_NAMES',
  mixed: 'profile="mixed", heads=5, kv_heads=1, head_dim=32, statistics=NAMES[::7], quality=True',
} as const;

function makeCheckpoints(): void {
  const writes = Object.entries(checkpoints).map(
    ([name, sizes]) => `write(Path(${JSON.stringify(join(temporary, name))}), RandomCheckpoint(${sizes}))`,
  );
  const program = [
    'from pathlib import Path',
    'import torch',
    'torch.set_num_threads(1)',
    'from modules.random_checkpoint import FRAGMENT_NAMES, NAMES, RandomCheckpoint, write',
    ...writes,
  ].join('\n');
  execFileSync(python, ['-c', program], { cwd: join(root, 'training-server', 'torch') });
}

/** The checkpoint with the decoder's matrices as 4 bits leave them, and the tied head as 8 bits do. */
async function withRoundedDecoder(files: CheckpointFolder): Promise<MemoryFiles> {
  const { tensors } = await Checkpoint.open(files);
  const header: Record<string, object> = {};
  const data: Uint8Array[] = [];
  let at = 0;
  for (const name of tensors.names) {
    const entry = tensors.entry(name)!;
    let bytes = await tensors.bytes(entry);
    if (entry.type === 'F32' && /(_proj|embed_tokens)\.weight$/.test(name)) {
      const [rows, columns] = entry.shape as [number, number];
      const q = quantise(await tensors.elements(entry), rows, columns, name.includes('embed') ? 8 : 4);
      bytes = bytesOf(dequantise(q, columns));
    }
    header[name] = { dtype: entry.type, shape: entry.shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
    data.push(bytes);
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = bytesOf(BigUint64Array.of(BigInt(json.length)));
  const weights = new Uint8Array(Buffer.concat([length, json, ...data]));
  const copied: [string, Uint8Array][] = [];
  for (const name of ['config.json', 'generation_config.json', 'tokenizer.json']) {
    copied.push([name, new Uint8Array(readFileSync(join(temporary, 'fragments', name)))]);
  }
  return new MemoryFiles([...copied, ['model.safetensors', weights]]);
}

/** Logits of 12 made-up embeddings, all places. */
async function logitsOf(path: string): Promise<Float32Array> {
  const session = await InferenceSession.create(path, { logSeverityLevel: 3 });
  const length = 12;
  const int64 = (values: number[], dims: number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), dims);
  const feeds: Record<string, Tensor> = {
    inputs_embeds: new Tensor(
      'float32',
      Float32Array.from({ length: length * 64 }, (_, i) => 0.05 * Math.sin(i * i)),
      [1, length, 64],
    ),
    attention_mask: int64(new Array(length).fill(1), [1, length]),
    num_logits_to_keep: int64([0], []),
  };
  if (session.inputNames.includes('position_ids'))
    feeds.position_ids = int64([...new Array(length).keys()], [1, length]);
  for (const name of session.inputNames.filter((each) => each.startsWith('past'))) {
    feeds[name] = new Tensor('float32', new Float32Array(0), [1, 4, 0, 16]);
  }
  const { logits } = await session.run(feeds);
  return logits!.data as Float32Array;
}

const fp32: ConvertOptions = { variants: variantsOf(['fp32']) };

describe.skipIf(!existsSync(python))('conversion of random checkpoints', { timeout: 300_000 }, () => {
  beforeAll(makeCheckpoints, 300_000);

  it.each(Object.keys(checkpoints))(
    '%s agrees with torch at every stage, in both targets and at q8',
    async (name) => {
      const results: StageResult[] = [];
      await conformance(join(temporary, name), { dtypes: ['fp32', 'q8'] }, (result) => results.push(result));
      expect(results.filter(({ ok }) => !ok)).toEqual([]);
      const stages = new Set(results.map(({ stage }) => stage));
      expect(stages).toEqual(
        new Set(['webgpu:fp32', 'wasm:fp32', 'webgpu:q8', 'wasm:q8', 'webgpu≈wasm:fp32', 'webgpu≈wasm:q8']),
      );
      const names = new Set(results.map((result) => result.name.split('/')[1]));
      for (const stage of [
        'mlp1',
        name === 'values' ? 'vision_statistics' : 'slowfast.row_mid',
        'motion_mlp',
        'inputs_embeds',
        'logits',
        'greedy.logits',
        'greedy_graph.logits',
        'teacher_forced.logits',
      ]) {
        expect(names).toContain(stage);
      }
      if (checkpoints[name as keyof typeof checkpoints].includes('statistics'))
        expect(names).toContain('motion_statistics');
      if (checkpoints[name as keyof typeof checkpoints].includes('quality'))
        expect(names).toContain('quality_head');
    },
  );

  it('computes the same when weights are split into small tensors', async () => {
    const results: StageResult[] = [];
    const options = { dtypes: ['fp32', 'q8'], graph: { tensorLimit: 8192 } } as const;
    await conformance(join(temporary, 'mixed'), options, (result) => results.push(result));
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    const sink = new MemorySink();
    await convertCheckpoint(new CheckpointFolder(join(temporary, 'mixed')), sink, {
      ...fp32,
      graph: { tensorLimit: 8192 },
    });
    const head = new TextDecoder('latin1').decode(sink.files?.get('onnx/decoder_model_merged.onnx'));
    expect(head).toContain('language_model.lm_head.weight_1');
  });

  it('writes what the manifest says, with its checksums, and the same bytes again', async () => {
    const files = new CheckpointFolder(join(temporary, 'fragments'));
    const [a, b] = [new MemorySink(), new MemorySink()];
    const options = { variants: variantsOf(['fp32', 'fp16', 'q8', 'q4', 'q4f16']), command: 'x' };
    const manifest = await convertCheckpoint(files, a, options);
    await convertCheckpoint(files, b, options);
    expect(a.files).toEqual(b.files);
    const listed = new Set(manifest.files.map(({ path }) => path));
    expect(new Set(a.files!.keys())).toEqual(new Set([...listed, 'manifest.json']));
    for (const { path, bytes, sha256 } of manifest.files) {
      const content = a.files!.get(path)!;
      expect(content.length).toBe(bytes);
      const digest = new Uint8Array(
        await crypto.subtle.digest('SHA-256', content as Uint8Array<ArrayBuffer>),
      );
      expect(Buffer.from(digest).toString('hex')).toBe(sha256);
    }
    const text = new TextDecoder().decode(a.files!.get('manifest.json'));
    expect(readManifest(JSON.parse(text))).toEqual(manifest);
    expect(manifest.variants.map(({ target, dtype }) => `${target}:${dtype}`)).toEqual([
      'webgpu:fp32',
      'wasm:fp32',
      'webgpu:fp16',
      'webgpu:q8',
      'wasm:q8',
      'webgpu:q4',
      'webgpu:q4f16',
    ]);
    const config = JSON.parse(new TextDecoder().decode(a.files!.get('config.json'))) as Record<
      string,
      unknown
    >;
    expect(config).toMatchObject({
      model_type: 'llava_onevision',
      text_config: { model_type: 'qwen2', head_dim: 16 },
      vqathinker: { format: 1, family: 'vqathinker' },
      'transformers.js_config': { use_external_data_format: { 'decoder_model_merged_q4.onnx': 1 } },
    });
  });

  it('says which features of whole frames a package reads', async () => {
    const sink = new MemorySink();
    const folder = new CheckpointFolder(join(temporary, 'mixed'));
    const manifest = await convertCheckpoint(folder, sink, fp32);
    expect(manifest.qualityFeatures).toEqual({ set: 'videval47', version: 1 });
    const plain = await convertCheckpoint(
      new CheckpointFolder(join(temporary, 'test12')),
      new MemorySink(),
      fp32,
    );
    expect(plain).not.toHaveProperty('qualityFeatures');
  });

  it('runs at 4 bits what its integers and scales stand for', async () => {
    const folder = join(temporary, 'fragments');
    const files = new CheckpointFolder(folder);
    const rounded = await withRoundedDecoder(files);
    const [q4, reference] = [join(temporary, 'q4'), join(temporary, 'q4-reference')];
    await convertCheckpoint(files, new PackageFolder(q4), { variants: [{ target: 'webgpu', dtype: 'q4' }] });
    await convertCheckpoint(rounded, new PackageFolder(reference), {
      variants: [{ target: 'wasm', dtype: 'fp32' }],
    });
    const match = await logitsOf(join(q4, 'onnx', 'decoder_model_merged_q4.onnx'));
    const expected = await logitsOf(join(reference, 'onnx-wasm', 'decoder_model_merged.onnx'));
    // The same numbers in another order of sums.
    expect(distance(match, expected)).toBeLessThan(2e-5 * spread(expected));
    const exact = join(temporary, 'q4-exact');
    await convertCheckpoint(files, new PackageFolder(exact), {
      variants: [{ target: 'wasm', dtype: 'fp32' }],
    });
    const unrounded = await logitsOf(join(exact, 'onnx-wasm', 'decoder_model_merged.onnx'));
    expect(distance(match, unrounded)).toBeGreaterThan(1e-3 * spread(expected));
  });

  it('cuts the decoder into parts that agree with torch as the whole does', async () => {
    const results: StageResult[] = [];
    // Less than a layer: every layer is a part.
    const options = { dtypes: ['fp32', 'q8', 'q4f16'] as const, graph: { partLimit: 1 } };
    await conformance(join(temporary, 'train6'), options, (result) => results.push(result));
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    const names = new Set(results.map(({ name }) => name.split('/')[1]));
    expect(names).toContain('greedy.logits');
    expect(names).toContain('teacher_forced.logits');

    const { config } = await Checkpoint.open(new CheckpointFolder(join(temporary, 'train6')));
    const layers = config.text.num_hidden_layers;
    expect(layers).toBeGreaterThan(1);
    const cut = new MemorySink();
    const whole = new MemorySink();
    const choice = { variants: [{ target: 'wasm', dtype: 'q8' }] } as const;
    const files = new CheckpointFolder(join(temporary, 'train6'));
    const manifest = await convertCheckpoint(files, cut, { ...choice, graph: { partLimit: 1 } });
    await convertCheckpoint(files, whole, choice);
    expect(manifest.variants[0]).toMatchObject({ decoderParts: layers });
    // The parts hold the bytes of the whole, each once.
    const sizeOf = (sink: MemorySink) =>
      [...sink.files!]
        .filter(([path]) => /decoder_model.*onnx_data/.test(path))
        .reduce((sum, [, bytes]) => sum + bytes.length, 0);
    expect(Math.abs(sizeOf(cut) - sizeOf(whole))).toBeLessThan(64 * layers);
  });

  describe('a conversion that was killed', () => {
    const request = { variants: variantsOf(['q8']) };

    /** Converts in a process of its own, which kills itself at this share of the writing. */
    function killedAt(share: number, checkpoint: string, out: string): void {
      const program = `
        import { CheckpointFolder, PackageFolder } from ${JSON.stringify(join(root, 'convert/folder.node.ts'))};
        import { convertCheckpoint } from ${JSON.stringify(join(root, 'convert/package.ts'))};
        await convertCheckpoint(
          new CheckpointFolder(${JSON.stringify(checkpoint)}),
          new PackageFolder(${JSON.stringify(out)}),
          { variants: ${JSON.stringify(request.variants)}, onProgress({ stage, done, total }) {
            if (stage === 'write' && done / total > ${share}) process.kill(process.pid, 'SIGKILL');
          } },
        );`;
      const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program]);
      expect(signal).toBe('SIGKILL');
    }

    /** The share of the writing that a conversion begins with, and the package's bytes by path. */
    async function convert(checkpoint: string, out: string) {
      const shares: number[] = [];
      await convertCheckpoint(new CheckpointFolder(checkpoint), new PackageFolder(out), {
        ...request,
        onProgress: ({ stage, done, total }) => void (stage === 'write' && shares.push(done / total)),
      });
      const paths = readdirSync(out, { recursive: true, encoding: 'utf8' }).sort();
      const files = paths.flatMap((path) =>
        statSync(join(out, path)).isFile() ? [[path, readFileSync(join(out, path)).toString('base64')]] : [],
      );
      return { steps: shares.length, begun: shares[0]!, last: shares.at(-1), files };
    }

    const folder = () => mkdtempSync(join(temporary, 'killed-'));
    const checkpoint = join(temporary, 'train6');

    it('is taken over: the same bytes in fewer steps, and nothing else left', async () => {
      const [fresh, resumed] = [folder(), folder()];
      const whole = await convert(checkpoint, join(fresh, 'out'));
      killedAt(0.6, checkpoint, join(resumed, 'out'));
      expect(readdirSync(resumed).join()).toMatch(/^out\.partial-[0-9a-f]{8}-\d+$/);
      const rest = await convert(checkpoint, join(resumed, 'out'));
      expect(rest.files).toEqual(whole.files);
      expect(rest.begun).toBeGreaterThan(0.2);
      expect(rest.last).toBe(1);
      expect(rest.steps).toBeLessThan(whole.steps - 10);
      expect(readdirSync(resumed)).toEqual(['out']);
    });

    it('is taken over without a file that has lost bytes since', async () => {
      const [fresh, resumed] = [folder(), folder()];
      const whole = await convert(checkpoint, join(fresh, 'out'));
      killedAt(0.6, checkpoint, join(resumed, 'out'));
      const [partial] = readdirSync(resumed);
      const cut = join(resumed, partial!, 'onnx', 'vision_encoder_quantized.onnx_data');
      truncateSync(cut, statSync(cut).size - 1);
      expect((await convert(checkpoint, join(resumed, 'out'))).files).toEqual(whole.files);
    });

    it('is not taken over for other weights of the same shapes', async () => {
      const parent = folder();
      killedAt(0.6, checkpoint, join(parent, 'out'));
      const other = join(parent, 'other');
      cpSync(checkpoint, other, { recursive: true });
      const weights = readFileSync(join(other, 'model.safetensors'));
      weights[weights.length - 1]! ^= 1;
      writeFileSync(join(other, 'model.safetensors'), weights);
      const [whole, rest] = [
        await convert(other, join(parent, 'fresh')),
        await convert(other, join(parent, 'out')),
      ];
      expect(rest).toEqual(whole);
      expect(readdirSync(parent).sort()).toEqual(['fresh', 'other', 'out']);
    });
  });

  it('writes models that onnx.checker accepts', async () => {
    const out = join(temporary, 'checked');
    const files = new CheckpointFolder(join(temporary, 'fragments'));
    await convertCheckpoint(files, new PackageFolder(out), { variants: variantsOf(['fp32', 'q8', 'q4f16']) });
    // onnxruntime has SimplifiedLayerNormalization in the standard domain, which the checker refuses.
    const program = [
      'import onnx, pathlib, sys',
      'def nodes(graph):',
      '    for node in graph.node:',
      '        yield node',
      '        for attribute in node.attribute: yield from nodes(attribute.g)',
      'for path in sorted(pathlib.Path(sys.argv[1]).glob("onnx*/*.onnx")):',
      '    model = onnx.load(path)',
      '    for node in nodes(model.graph):',
      '        if node.op_type == "SimplifiedLayerNormalization": node.domain = "com.microsoft"',
      '    onnx.checker.check_model(model, full_check=False)',
      '    used = {name for node in nodes(model.graph) for name in node.input} | {o.name for o in model.graph.output}',
      '    idle = [t.name for t in model.graph.initializer if t.name not in used]',
      '    assert not idle, idle',
      '    print(path.name)',
    ].join('\n');
    const checked = execFileSync(python, ['-c', program, out]).toString().trim().split('\n');
    // Four graphs of five variants, and the greedy one of the two for WASM.
    expect(checked).toHaveLength(22);
  });
});

const shared = process.env.VQA_SHARED ?? join(root, '..', 'shared');
const golden = join(shared, 'golden', 'tiny');

describe.skipIf(!existsSync(golden))('corrupt checkpoints', () => {
  /** Error of converting a corrupt copy of the recorded checkpoint, and the files left in the folder. */
  async function failure(corrupt: (folder: string) => void, options = fp32) {
    const folder = mkdtempSync(join(temporary, 'damaged-'));
    const checkpoint = join(folder, 'checkpoint');
    cpSync(golden, checkpoint, { recursive: true, filter: (path) => !/(train6|test12)/.test(path) });
    for (const name of readdirSync(checkpoint)) execFileSync('chmod', ['u+w', join(checkpoint, name)]);
    corrupt(checkpoint);
    const out = join(folder, 'out');
    const error: unknown = await convertCheckpoint(
      new CheckpointFolder(checkpoint),
      new PackageFolder(out),
      options,
    ).catch((e: unknown) => e);
    return { error, left: readdirSync(folder) };
  }

  function editConfig(
    folder: string,
    change: (config: Record<string, Record<string, unknown>>) => void,
  ): void {
    const path = join(folder, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, unknown>>;
    change(config);
    writeFileSync(path, JSON.stringify(config));
  }

  /** Rewrites the header of model.safetensors with another tensor's name, same length. */
  function rename(folder: string, from: string, to: string): void {
    const path = join(folder, 'model.safetensors');
    const bytes = readFileSync(path);
    const at = bytes.indexOf(`"${from}"`);
    bytes.write(to, at + 1);
    writeFileSync(path, bytes);
  }

  it.each<[string, (folder: string) => void, object]>([
    [
      'a truncated weight file',
      (folder) => truncateSync(join(folder, 'model.safetensors'), 1_000_000),
      { code: 'convert/cut-off', params: { file: 'model.safetensors', present: 1_000_000 } },
    ],
    [
      'a missing weight file',
      (folder) => {
        for (const name of readdirSync(folder)) if (name.endsWith('.safetensors')) rmSync(join(folder, name));
      },
      { code: 'convert/no-weights' },
    ],
    [
      'a missing tensor',
      (folder) => rename(folder, 'mlp1.1.weight', 'mlp1.9.weight'),
      { code: 'convert/tensor', params: { name: 'mlp1.1.weight', missing: 1 } },
    ],
    [
      'a config that asks for another width',
      (folder) =>
        editConfig(folder, (config) => Object.assign(config.llm_config!, { intermediate_size: 160 })),
      { code: 'convert/config', params: { field: 'language_model.model.layers.0.mlp.gate_proj.weight' } },
    ],
    [
      'a config of another architecture',
      (folder) => editConfig(folder, (config) => Object.assign(config.llm_config!, { hidden_act: 'relu' })),
      { code: 'convert/config', params: { field: 'llm_config.hidden_act' } },
    ],
    [
      'statistics that nobody knows',
      (folder) => {
        rmSync(join(folder, 'profiles.json'));
        editConfig(folder, (config) => Object.assign(config, { motion_config: { statistics: ['beauty'] } }));
      },
      { code: expect.stringMatching(/^convert\//) },
    ],
    ['a missing config', (folder) => rmSync(join(folder, 'config.json')), { code: 'convert/no-config' }],
    [
      'a config that is no JSON',
      (folder) => writeFileSync(join(folder, 'config.json'), '{'),
      { code: 'convert/config' },
    ],
  ])('%s is a named error and leaves nothing', async (_, corrupt, expected) => {
    const { error, left } = await failure(corrupt);
    expect(error).toMatchObject(expected);
    expect(left).toEqual(['checkpoint']);
  });

  it('an unknown profile is a named error and leaves nothing', async () => {
    const { error, left } = await failure(() => {}, { ...fp32, profile: 'train7' });
    expect(error).toMatchObject({ code: 'convert/config' });
    expect(left).toEqual(['checkpoint']);
  });

  it('an error in the middle of writing removes what was written', async () => {
    const fault = new Error('x');
    const { error, left } = await failure(() => {}, {
      ...fp32,
      onProgress: ({ stage, done }) => {
        if (stage === 'write' && done > 1_000_000) throw fault;
      },
    });
    expect(error).toBe(fault);
    expect(left).toEqual(['checkpoint']);
  });

  it('replaces an earlier package but nothing else', async () => {
    const out = join(temporary, 'target');
    const files = new CheckpointFolder(golden);
    await convertCheckpoint(files, new PackageFolder(out), fp32);
    await convertCheckpoint(files, new PackageFolder(out), {
      ...fp32,
      variants: [{ target: 'wasm', dtype: 'fp32' }],
    });
    expect(readdirSync(out)).not.toContain('onnx');
    rmSync(join(out, 'manifest.json'));
    await expect(convertCheckpoint(files, new PackageFolder(out), fp32)).rejects.toMatchObject({
      code: 'convert/exists',
    });
    expect(readdirSync(out)).toContain('onnx-wasm');
  });

  it('converts the same from memory', async () => {
    const names = ['config.json', 'profiles.json', 'generation_config.json', 'model.safetensors'];
    const files = new MemoryFiles(
      names.map((name) => [name, new Uint8Array(readFileSync(join(golden, name)))]),
    );
    const sinks = [new MemorySink(), new MemorySink()] as const;
    await convertCheckpoint(files, sinks[0], fp32);
    await convertCheckpoint(new CheckpointFolder(golden), sinks[1], fp32);
    expect(sinks[0].files).toEqual(sinks[1].files);
  });
});
