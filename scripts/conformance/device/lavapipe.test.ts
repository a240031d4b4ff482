/**
 * The WebGPU target on Mesa's lavapipe, which has 16-bit arithmetic and WebGPU's default limits. Needs a
 * `libvulkan_lvp.so` of Mesa 25 (Debian's `mesa-vulkan-drivers` from backports) and the npm package `webgpu`:
 *
 *     VQA_LAVAPIPE=/usr/lib/x86_64-linux-gnu/libvulkan_lvp.so VQA_DAWN=FOLDER/node_modules/webgpu npx vitest run scripts/conformance/device
 *
 * Oracles: the official greedy tokens, and the logits that onnxruntime computes on the processor.
 */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');
const golden = join(process.env.VQA_SHARED ?? join(root, '..', 'shared'), 'golden', 'tiny');
const { VQA_LAVAPIPE: driver = '', VQA_DAWN: dawn = '' } = process.env;
const present = existsSync(golden) && existsSync(driver) && existsSync(join(dawn, 'index.js'));

interface Entry {
  readonly data_offsets: readonly [number, number];
}

/** Bytes of a tensor of the recorded results. */
function recorded(name: string): Buffer {
  const file = readFileSync(join(golden, 'train6.safetensors'));
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString()) as Record<string, Entry>;
  const [from, to] = (header[name] as Entry).data_offsets;
  return Buffer.from(file.subarray(8 + length + from, 8 + length + to));
}

describe.skipIf(!present)('decoder on lavapipe (VQA_LAVAPIPE, VQA_DAWN)', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'lavapipe-'));
  const out = join(temporary, 'package');
  const embeds = join(temporary, 'prompt.f32');
  afterAll(() => rmSync(temporary, { recursive: true, force: true }));
  beforeAll(() => {
    const checkpoint = join(temporary, 'checkpoint');
    cpSync(golden, checkpoint, { recursive: true });
    const tokenizer = { model: { type: 'BPE', vocab: {}, merges: [] } };
    writeFileSync(join(checkpoint, 'tokenizer.json'), JSON.stringify(tokenizer));
    const variants = 'webgpu:fp32,webgpu:q4,webgpu:q4f16';
    const request = [checkpoint, out, '--variants', variants, '--profile', 'train6'];
    execFileSync('node', [join(root, 'convert/cli.ts'), ...request], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    writeFileSync(embeds, recorded('lm.inputs_embeds'));
    const icd = { ICD: { api_version: '1.4.305', library_path: driver }, file_format_version: '1.0.1' };
    writeFileSync(join(temporary, 'icd.json'), JSON.stringify(icd));
  });

  async function decode(dtype: string) {
    const script = join(import.meta.dirname, 'decode.ts');
    const { stdout } = await promisify(execFile)(
      'node',
      [script, join(dawn, 'index.js'), out, dtype, embeds],
      {
        env: { ...process.env, VK_ICD_FILENAMES: join(temporary, 'icd.json') },
        timeout: 900_000,
      },
    );
    return JSON.parse(stdout.trim().split('\n').at(-1) as string) as {
      readonly tokens: number[];
      readonly selfTest: { readonly passed: boolean; readonly largest: number };
      readonly streamed: number;
      readonly stoppedAt: number;
      readonly stopMs: number;
      readonly pieceMs: number;
    };
  }

  it('the benchmark: a number in every row, and ceilings from the adapter’s own rates', async () => {
    const { stdout } = await promisify(execFile)(
      'node',
      [join(root, 'e2e/bench/webgpu.ts'), out, '--dtype', 'q4'],
      {
        env: { ...process.env, VK_ICD_FILENAMES: join(temporary, 'icd.json') },
        timeout: 900_000,
      },
    );
    const [head, , ...rows] = stdout.split('\n').filter((line) => line.startsWith('|'));
    expect(head).toBe('| metric | measured | ceiling | share |');
    const cells = rows.map((row) => row.split(' | ').map((cell) => cell.replaceAll('|', '').trim()));
    expect(cells).toHaveLength(9);
    for (const [name, measured] of cells)
      expect([name, measured]).toEqual([name, expect.stringMatching(/^\d/)]);
    const bounded = cells.filter(([, , ceiling]) => ceiling).map(([name]) => name);
    expect(bounded).toEqual(['Load', 'Prefill', 'Decode', 'Frames to first word']);
  }, 1_000_000);

  it('float32: official greedy tokens with the cache in place, a stop within a piece', async () => {
    const result = await decode('fp32');
    const tokens = recorded('greedy.tokens');
    const official = new BigInt64Array(
      tokens.buffer.slice(tokens.byteOffset, tokens.byteOffset + tokens.length),
    );
    expect(result.tokens).toEqual(Array.from(official, Number));
    expect(result.selfTest).toMatchObject({ passed: true });
    expect(result.streamed).toBeGreaterThan(100_000);
    // Of 1,080 tokens, one piece.
    expect(result.stoppedAt).toBeGreaterThan(0);
    expect(result.stoppedAt).toBeLessThanOrEqual(31);
  }, 1_000_000);

  it.each(['q4', 'q4f16'])(
    '%s: the logits that the processor computes',
    async (dtype) => {
      expect((await decode(dtype)).selfTest).toMatchObject({ passed: true });
    },
    1_000_000,
  );
});
