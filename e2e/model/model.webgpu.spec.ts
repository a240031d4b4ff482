/** The WebGPU target on a software adapter: the official greedy tokens again. Slow: shaders compile on the processor. */
import { expect, test } from '@playwright/test';
import { createServer, type ViteDevServer } from 'vite';
import { goldenText, hasGolden, makeGoldenPackage, noise, root } from './golden-package.ts';

let server: ViteDevServer;
test.beforeAll(async () => {
  server = await createServer({
    root,
    server: { port: 0, host: '127.0.0.1', hmr: false, watch: null },
    logLevel: 'error',
  });
  await server.listen();
});
test.afterAll(() => server.close());

for (const [name, options] of [
  ['train6 on WebGPU', []],
  // Hidden states and caches go from session to session on the adapter.
  ['train6 on WebGPU, its decoder cut into parts,', ['--part-mib', '0.01']],
] as const) {
  test(`${name} writes the official greedy tokens`, async ({ page }) => {
    test.skip(!hasGolden, 'no shared golden data');
    const { base, frames } = makeGoldenPackage('train6', 'webgpu:fp32', options);
    await page.goto(`${server.resolvedUrls?.local[0]}e2e/model/harness.html`);
    await expect(page).toHaveTitle('ready', { timeout: 60_000 });
    const loaded = await page.evaluate(
      ([b]) => window.harness.load(b as string, { backend: 'webgpu' }),
      [base],
    );
    expect(loaded).toMatchObject({ backend: 'webgpu', dtype: 'fp32', reason: 'asked' });
    const { answer } = await page.evaluate((run) => window.harness.assess(run), {
      frames,
      size: 224,
      maxTokens: 20,
    });
    expect(answer.text).toBe(goldenText('train6'));
  });
}

test('the bundled model writes the same text on WebGPU as on WASM', async ({ page }) => {
  const run = { frames: noise(224, 16), size: 224, maxTokens: 200, pairs: true };
  const texts: string[] = [];
  for (const backend of ['wasm', 'webgpu'] as const) {
    await page.goto(`${server.resolvedUrls?.local[0]}e2e/model/harness.html`);
    await expect(page).toHaveTitle('ready', { timeout: 60_000 });
    await page.evaluate((b) => window.harness.load('/models/small/', { backend: b }), backend);
    const { answer } = await page.evaluate((r) => window.harness.assess(r), run);
    texts.push(answer.text);
  }
  expect(texts[1]).toBe(texts[0]);
  expect(texts[0]).toContain('</answer>');
});
