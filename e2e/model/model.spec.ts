/**
 * The model worker on golden checkpoints in a real browser. Oracle: the greedy tokens of the official code, whose gaps
 * between first and second logit are 0.02 and more.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { createServer, type ViteDevServer } from 'vite';
import type { Manifest } from '../../core/files/manifest.ts';
import { AHEAD } from '../../workers/model/api.ts';
import { goldenText, hasGolden, hasModel, makeGoldenPackage, noise, root } from './golden-package.ts';
import type { harness as Harness, HarnessRun } from './harness.ts';

declare global {
  interface Window {
    harness: typeof Harness;
  }
}

let server: ViteDevServer;
let address = '';

test.beforeAll(async () => {
  server = await createServer({
    root,
    server: { port: 0, host: '127.0.0.1', hmr: false, watch: null },
    logLevel: 'error',
  });
  await server.listen();
  address = server.resolvedUrls?.local[0] ?? '';
});
test.afterAll(() => server.close());

async function open(page: Page) {
  await page.goto(`${address}e2e/model/harness.html`);
  await expect(page).toHaveTitle('ready', { timeout: 60_000 });
}

const assess = (page: Page, run: HarnessRun) =>
  page.evaluate((options) => window.harness.assess(options), run);
const sizes = { train6: 224, test12: 280 } as const;

/** One package through transformers.js as it comes, and through the worker: whole, and with frames encoded ahead. */
async function sameAsStock(page: Page, base: string, run: HarnessRun): Promise<void> {
  await open(page);
  const stock = await page.evaluate(([b, r]) => window.harness.stock(b, r), [base, run] as const);
  for (const ahead of [0, 3]) {
    await page.evaluate(([b]) => window.harness.load(b as string, { backend: 'wasm' }), [base]);
    await page.evaluate(([r, n]) => window.harness.encodeAhead(r, n), [run, ahead] as const);
    const { answer } = await assess(page, run);
    expect({ text: answer.text, tokens: answer.tokens }).toEqual(stock);
    expect(answer.framesReused).toBe(ahead);
    // The cache of the prompt's frames is reused: a second answer is the same.
    const { answer: again } = await assess(page, run);
    expect({ text: again.text, tokens: again.tokens }).toEqual(stock);
  }
}

test('the bundled model writes what transformers.js writes with its own loop', async ({ page }) => {
  test.skip(!hasModel, 'no bundled model');
  const run = { frames: noise(224, 16), size: 224, maxTokens: 200, pairs: true };
  await sameAsStock(page, '/models/small/', run);
});

test.describe('golden checkpoints', () => {
  test.skip(!hasGolden, 'no shared golden data');

  for (const profile of ['train6', 'test12'] as const) {
    test(`${profile} on WASM writes the official greedy tokens`, async ({ page }) => {
      const { base, frames } = makeGoldenPackage(profile, 'wasm:fp32');
      await open(page);
      const loaded = await page.evaluate(
        ([b]) => window.harness.load(b as string, { backend: 'wasm' }),
        [base],
      );
      expect(loaded).toMatchObject({ backend: 'wasm', dtype: 'fp32', profile, reason: 'asked' });
      // Small weights: a second thread would only wait (runtime.ts).
      expect(loaded.threads).toBe(1);

      const { answer, events } = await assess(page, { frames, size: sizes[profile], maxTokens: 20 });
      expect(answer.tokens).toBe(20);
      expect(answer.end).toBe('length');
      const text = goldenText(profile);
      expect(answer.text).toBe(text);
      expect(
        events
          .filter((event) => event.stage === 'generate')
          .map((e) => e.text)
          .join(''),
      ).toBe(text);

      const again = await assess(page, { frames, size: sizes[profile], maxTokens: 20 });
      expect(again.answer.text).toBe(text);
      expect(again.answer.framesReused).toBe(profile === 'train6' ? 6 : 12);
      expect(again.answer.seconds.encodeVision).toBeLessThan(answer.seconds.encodeVision);
    });
  }

  test('stops when asked and keeps what was written', async ({ page }) => {
    const { base, frames } = makeGoldenPackage('train6', 'wasm:fp32');
    await open(page);
    await page.evaluate(([b]) => window.harness.load(b as string, { backend: 'wasm' }), [base]);
    const run = { frames, size: 224, maxTokens: 200 };
    const { answer: whole } = await assess(page, run);
    expect(whole.tokens).toBe(200);
    // The reply to the first event is a stop; the worker generates at most AHEAD tokens beyond it.
    const { answer } = await assess(page, { ...run, stopAfter: 1 });
    expect(answer.end).toBe('aborted');
    expect(answer.tokens).toBeLessThanOrEqual(1 + AHEAD);
    expect(answer.text.length).toBeGreaterThan(0);
    expect(whole.text.startsWith(answer.text.replace(/\ufffd$/, ''))).toBe(true);
  });

  test('a decoder cut into parts writes the official greedy tokens', async ({ page }) => {
    const { base, frames } = makeGoldenPackage('train6', 'wasm:fp32', ['--part-mib', '0.01']);
    const manifest = JSON.parse(readFileSync(join(root, base, 'manifest.json'), 'utf8')) as Manifest;
    expect(manifest.variants[0]?.decoderParts).toBeGreaterThan(1);
    await open(page);
    await page.evaluate(([b]) => window.harness.load(b as string, { backend: 'wasm' }), [base]);
    const { answer } = await assess(page, { frames, size: 224, maxTokens: 20 });
    expect(answer.text).toBe(goldenText('train6'));
  });

  test('writes what transformers.js writes with its own loop, reading ahead or not', async ({ page }) => {
    const { base, frames } = makeGoldenPackage('train6', 'wasm:fp32');
    const run = { frames, size: 224, maxTokens: 120 };
    await sameAsStock(page, base, run);
  });

  test('samples the same text from the same seed and another from another', async ({ page }) => {
    const { base, frames } = makeGoldenPackage('train6', 'wasm:fp32');
    await open(page);
    await page.evaluate(([b]) => window.harness.load(b as string, { backend: 'wasm' }), [base]);
    const texts: string[] = [];
    for (const seed of [1, 1, 2]) {
      texts.push((await assess(page, { frames, size: 224, maxTokens: 20, seed })).answer.text);
    }
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).not.toBe(texts[2]);
  });
});
