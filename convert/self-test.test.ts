/** Self-tests of a converted package. Oracle: the unpacked weights of the WASM target in onnxruntime. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readManifest } from '../core/files/manifest.ts';
import { readVqa2Manifest } from '../core/vqa2/manifest.ts';

const golden = join(
  process.env.VQA_SHARED ?? join(import.meta.dirname, '..', '..', 'shared'),
  'golden',
  'tiny',
);
const temporary = mkdtempSync(join(tmpdir(), 'self-test-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

function converted(variants: string, ...options: string[]) {
  const checkpoint = join(temporary, 'checkpoint');
  cpSync(golden, checkpoint, { recursive: true });
  writeFileSync(
    join(checkpoint, 'tokenizer.json'),
    JSON.stringify({ model: { type: 'BPE', vocab: {}, merges: [] } }),
  );
  const out = join(temporary, variants.replaceAll(/\W/g, '-') + options.length);
  const cli = join(import.meta.dirname, 'cli.ts');
  execFileSync('node', [cli, checkpoint, out, '--variants', variants, '--profile', 'train6', ...options], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const manifest = readManifest(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')));
  return { out, manifest };
}

describe.skipIf(!existsSync(golden))('self-test of a package (golden checkpoint)', () => {
  it('holds forty tokens and nine positions for each WebGPU variant, alike for alike weights', () => {
    const { out, manifest } = converted('webgpu:q4f16,webgpu:q4,webgpu:q8,wasm:q8');
    const [half, single, eight, wasm] = manifest.variants.map(({ selfTest }) => selfTest);
    expect(wasm).toBeUndefined();
    for (const test of [half!, single!, eight!]) {
      expect(test.ids).toHaveLength(40);
      expect(test.expected).toHaveLength(9);
      for (const { logits } of test.expected) expect([...logits].sort((a, b) => b - a)).toEqual(logits);
    }
    // The same integers with other arithmetic are within the bound; other integers are not.
    const largest = (a: typeof half, b: typeof half) =>
      Math.max(...a!.expected.map(({ logits }, i) => Math.abs(logits[0]! - b!.expected[i]!.logits[0]!)));
    expect(largest(half, single)).toBeLessThan(half!.bound);
    expect(largest(single, eight)).toBeGreaterThan(single!.bound);
    expect(readdirSync(out)).not.toContain('manifest.json.new');
  });

  it('is that of the whole decoder where it is cut into parts', () => {
    const [whole] = converted('webgpu:q4').manifest.variants;
    const [parts] = converted('webgpu:q4', '--part-mib', '0.01').manifest.variants;
    expect(parts!.decoderParts).toBeGreaterThan(1);
    expect(parts!.selfTest!.expected.map(({ tokens }) => tokens)).toEqual(
      whole!.selfTest!.expected.map(({ tokens }) => tokens),
    );
  });
});

const vqa2 = join(golden, '..', '..', 'golden-vqa2', 'tiny');

it.skipIf(!existsSync(vqa2))('a VQA² package has self-tests too, alike for alike weights', () => {
  const checkpoint = join(temporary, 'vqa2');
  cpSync(vqa2, checkpoint, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    cpSync(join(vqa2, 'tokenizer', name), join(checkpoint, name));
  const out = join(temporary, 'vqa2-package');
  const cli = join(import.meta.dirname, 'cli.ts');
  const printed = execFileSync('node', [
    cli,
    checkpoint,
    out,
    '--variants',
    'webgpu:fp32,webgpu:q8,wasm:fp32',
  ]);
  expect(printed.toString()).toContain('scorer, scored with ugc-2024');
  const manifest = readVqa2Manifest(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')));
  const [full, eight, wasm] = manifest.variants.map(({ selfTest }) => selfTest);
  expect(wasm).toBeUndefined();
  expect(full!.ids).toEqual(eight!.ids);
  const largest = Math.max(
    ...full!.expected.map(({ logits }, i) => Math.abs(logits[0]! - eight!.expected[i]!.logits[0]!)),
  );
  // Rounded weights are other weights: the bound tells them apart.
  expect(largest).toBeGreaterThan(full!.bound);
  expect(readdirSync(out)).not.toContain('manifest.json.new');
});
