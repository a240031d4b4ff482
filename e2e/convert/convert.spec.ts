/** The converter in a browser worker: the bytes of Node, no files after a fault, and nothing lost by a stop. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { createServer, type ViteDevServer } from 'vite';
import type { Manifest } from '../../core/files/manifest.ts';
import type { harness as Harness, HarnessConversion } from './harness.ts';

const root = join(import.meta.dirname, '..', '..');
const golden = join(process.env.VQA_SHARED ?? join(root, '..', 'shared'), 'golden', 'tiny');
const scratch = '.scratch/e2e/convert';
const names = ['config.json', 'profiles.json', 'generation_config.json', 'model.safetensors'];
const request: HarnessConversion = {
  files: names.map((name) => `/${scratch}/${name}`),
  profile: 'train6',
  variants: [
    { target: 'wasm', dtype: 'fp32' },
    { target: 'webgpu', dtype: 'q4f16' },
  ],
};

let server: ViteDevServer;
let address = '';

test.skip(!existsSync(golden), 'no shared golden data');
// A development server bundles its dependencies on the first visit.
test.describe.configure({ timeout: 240_000 });

test.beforeAll(async () => {
  mkdirSync(join(root, scratch), { recursive: true });
  for (const name of names) cpSync(join(golden, name), join(root, scratch, name));
  server = await createServer({
    root,
    server: { port: 0, host: '127.0.0.1', hmr: false, watch: null },
    logLevel: 'error',
  });
  await server.listen();
  address = server.resolvedUrls?.local[0] ?? '';
});
test.afterAll(() => server?.close());

async function convert(page: Page, change: Partial<HarnessConversion> = {}) {
  await page.goto(`${address}e2e/convert/harness.html`);
  await expect(page).toHaveTitle('ready', { timeout: 60_000 });
  return page.evaluate(
    (options) => (window as unknown as { harness: typeof Harness }).harness.convert(options),
    { ...request, ...change },
  );
}

/** Checksums of the files of a package that Node writes, by path; the manifest names the command. */
function inNode(variants: string): [string, string][] {
  const out = join(root, scratch, 'out');
  rmSync(out, { recursive: true, force: true });
  const cli = join(root, 'convert/cli.ts');
  execFileSync('node', [cli, golden, out, '--variants', variants, '--profile', 'train6', '--name', 'tiny']);
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as Manifest;
  return manifest.files.map(({ path, sha256 }): [string, string] => [path, sha256]).sort();
}

/** Files of a package in the store, but for its manifest. */
const packageOf = (id: unknown, contents: readonly [string, string][]) =>
  contents.flatMap(([path, sum]): [string, string][] =>
    path.startsWith(`${id}/files/`) && !path.endsWith('/manifest.json')
      ? [[path.slice(`${id}/files/`.length), sum]]
      : [],
  );

test('writes the bytes that Node writes', async ({ page }) => {
  const { result, contents, progress } = await convert(page);
  expect(packageOf(result, contents)).toEqual(inNode('wasm:fp32,webgpu:q4f16'));
  expect(progress.at(-1)).toBe(1);
});

test('leaves nothing after a corrupted file, and goes on after a stop', async ({ page }) => {
  const corrupted = await convert(page, { truncate: ['model.safetensors', 1_000_000] });
  expect(corrupted.result).toMatchObject({ code: 'convert/cut-off', params: { file: 'model.safetensors' } });
  expect(corrupted.contents).toEqual([]);
  const stopped = await convert(page, { stop: true });
  expect(stopped.result).toEqual({ name: 'AbortError' });
  const { result, contents } = await convert(page);
  expect(packageOf(result, contents)).toEqual(inNode('wasm:fp32,webgpu:q4f16'));
});

test('takes over what a closed page has finished', async ({ page }) => {
  // Enough work that the page is closed long before its end. Half of it is the first variant, fp32: past six tenths
  // graphs are finished, and others are not.
  const variants = (['fp32', 'q8', 'q4', 'q4f16', 'fp16'] as const).map((dtype) => ({
    target: 'webgpu' as const,
    dtype,
  }));
  await page.goto(`${address}e2e/convert/harness.html`);
  await expect(page).toHaveTitle('ready', { timeout: 60_000 });
  await page.evaluate(
    (options) => (window as unknown as { harness: typeof Harness }).harness.convertUntil(options, 0.6),
    { ...request, variants },
  );
  const { result, contents, begun } = await convert(page, { variants });
  const all = variants.map(({ target, dtype }) => `${target}:${dtype}`).join(',');
  expect(packageOf(result, contents)).toEqual(inNode(all));
  expect(begun).toBeGreaterThan(0.2);
  // No journal is left.
  expect(contents.filter(([path]) => path.endsWith('.jsonl'))).toEqual([]);
});
