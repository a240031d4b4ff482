/** The WebGPU dialect on a software adapter: the official greedy tokens again. Slow: shaders compile on the processor. */
import { expect, test } from '@playwright/test';
import { createServer, type ViteDevServer } from 'vite';
import { goldenText, hasGolden, makeGoldenPackage, root } from './golden-package.ts';

let server: ViteDevServer;
test.beforeAll(async () => {
  server = await createServer({ root, server: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
  await server.listen();
});
test.afterAll(() => server.close());

test('train6 on WebGPU writes the official greedy tokens', async ({ page }) => {
  test.skip(!hasGolden, 'no shared golden data');
  const { base, frames } = makeGoldenPackage('train6', 'webgpu:fp32');
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
