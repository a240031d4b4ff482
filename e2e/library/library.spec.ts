/**
 * The library in a browser: `vqathinker/browser` in an app that Vite builds, and `<video-quality>` on a page without one. Both
 * under the content policy of the project's server, which lets no inline style or script pass.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { build } from 'vite';
import { createStaticServer, listen } from '../../scripts/serve.mjs';
import { violations } from '../page/axe.ts';

const root = join(import.meta.dirname, '..', '..');
const hasModel = existsSync(join(root, 'public/models/small/manifest.json'));
test.skip(!hasModel, 'no bundled model');

const folder = mkdtempSync(join(tmpdir(), 'library-'));
const site = join(folder, 'site');
let server: Server;
let address = '';

const APP = `import { openModel } from 'vqathinker/browser';
window.openModel = openModel;
document.title = 'ready';
`;
const ELEMENT = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Clips</title>
<script type="module" src="/vqathinker/element.js"></script></head>
<body><main><h1>Clips</h1><video-quality id="one" src="/vqathinker/sample.mp4" text></video-quality></main></body></html>`;

test.beforeAll(async () => {
  test.setTimeout(600_000);
  execFileSync(process.execPath, [join(root, 'command/pack.ts'), '--folder', '--into', folder]);
  const app = join(folder, 'app');
  mkdirSync(join(app, 'node_modules'), { recursive: true });
  symlinkSync(join(folder, 'command'), join(app, 'node_modules', 'vqathinker'));
  writeFileSync(join(app, 'index.html'), '<title>app</title><script type="module" src="./main.js"></script>');
  writeFileSync(join(app, 'main.js'), APP);
  await build({
    configFile: false,
    root: app,
    logLevel: 'error',
    build: { outDir: site, modulePreload: false },
  });
  cpSync(join(folder, 'command', 'models'), join(site, 'models'), { recursive: true });
  cpSync(join(folder, 'command'), join(site, 'vqathinker'), { recursive: true });
  writeFileSync(join(site, 'element.html'), ELEMENT);
  writeFileSync(join(site, 'broken.mp4'), 'no video\n'.repeat(100));
  server = createStaticServer({ root: site });
  address = await listen(server, 0);
});

test.afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** Errors of the page, a refused style or script among them. */
function errorsOf(page: Page): string[] {
  const errors: string[] = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  return errors;
}

interface Handle {
  score(video: unknown, options?: object): Promise<{ score: number; text: string }>;
  close(): void;
}
declare global {
  interface Window {
    openModel(options: object): Promise<Handle>;
  }
}

test('an app: a file and an address, progress, streamed text, a stop, coded errors', async ({ page }) => {
  const errors = errorsOf(page);
  await page.goto(address);
  await expect(page).toHaveTitle('ready');
  const seen = await page.evaluate(async () => {
    let loaded = 0;
    const model = await window.openModel({
      model: '/models/small/',
      onProgress: ({ loadedBytes }: { loadedBytes: number }) => (loaded = loadedBytes),
    });
    const blob = await (await fetch('/vqathinker/sample.mp4')).blob();
    const stages = new Set<string>();
    const texts: string[] = [];
    const ofFile = await model.score(new File([blob], 'sample.mp4'), {
      onProgress: ({ stage }: { stage: string }) => stages.add(stage),
      onText: (text: string) => texts.push(text),
    });
    const bytes: number[] = [];
    const ofAddress = await model.score('/vqathinker/sample.mp4', {
      onProgress: ({ stage, done }: { stage: string; done: number }) => stage === 'fetch' && bytes.push(done),
    });
    const codeOf = (work: Promise<unknown>) =>
      work.then(
        () => 'none',
        // A DOMException has a number of old as its code.
        (error: { code?: unknown; name: string }) =>
          typeof error.code === 'string' ? error.code : error.name,
      );
    const controller = new AbortController();
    const stopped = codeOf(
      model.score(new File([blob], 'sample.mp4'), {
        signal: controller.signal,
        onText: () => controller.abort(),
      }),
    );
    const codes = {
      stopped: await stopped,
      absent: await codeOf(model.score('/absent.mp4')),
      broken: await codeOf(model.score('/broken.mp4')),
      page: await codeOf(model.score('/element.html')),
      address: await codeOf(model.score('ftp://a.example/b.mp4')),
    };
    const after = await model.score(blob);
    model.close();
    const closed = await codeOf(model.score(blob));
    return {
      loaded,
      ofFile,
      ofAddress,
      after,
      texts: texts.length,
      last: texts.at(-1),
      stages: [...stages],
      bytes,
      size: blob.size,
      codes,
      closed,
    };
  });
  expect(seen.loaded).toBeGreaterThan(1e6);
  expect(seen.ofFile.text).toContain(`<answer>${seen.ofFile.score.toFixed(2)}</answer>`);
  expect(seen.ofAddress).toMatchObject({ score: seen.ofFile.score, text: seen.ofFile.text });
  expect(seen.after.score).toBe(seen.ofFile.score);
  expect(seen.stages).toEqual(['decode', 'encode', 'generate']);
  expect(seen.texts).toBeGreaterThan(1);
  expect(seen.ofFile.text.startsWith(seen.last!)).toBe(true);
  expect(seen.last!.length).toBeGreaterThan(seen.ofFile.text.length / 2);
  expect(seen.bytes.at(-1)).toBe(seen.size);
  expect(seen.codes).toEqual({
    stopped: 'AbortError',
    absent: 'media/fetch',
    broken: 'media/container',
    page: 'media/web-page',
    address: 'media/address',
  });
  expect(seen.closed).toBe('AbortError');
  // The one request of a file that is not there.
  expect(errors.filter((text) => !text.includes('404'))).toEqual([]);
});

test('the element: by keyboard, in both themes and languages, with an error in words', async ({ page }) => {
  const errors = errorsOf(page);
  await page.goto(`${address}/element.html`);
  const element = page.locator('video-quality');
  await expect(element).toHaveAttribute('data-state', 'idle');
  await expect(element).toContainText('Nothing is uploaded');
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(element).toHaveAttribute('data-state', 'done', { timeout: 90_000 });
  await expect(element.locator('strong')).toHaveText(/^[1-5]\.\d\d$/);
  await expect(element.locator('.text')).not.toBeEmpty();
  expect(new Set(requests.map((url) => new URL(url).origin))).toEqual(new Set([address]));
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate((scheme) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`:root { color-scheme: ${scheme}; }`);
      document.adoptedStyleSheets = [sheet];
    }, colorScheme);
    expect(await violations(page)).toEqual([]);
    const shots = process.env.VQA_SHOTS;
    if (shots) await page.screenshot({ path: join(shots, `element-${colorScheme}.png`) });
  }
  await element.evaluate((one) => one.setAttribute('lang', 'zh'));
  await expect(element.locator('.score')).toContainText(/[劣差中良优]/);
  await element.evaluate((one) => one.setAttribute('src', '/absent.mp4'));
  await element.getByRole('button', { name: '为此视频评分' }).click();
  await expect(element.getByRole('alert')).toContainText('404');
  await expect(element.getByRole('button', { name: '重试' })).toBeFocused();
  expect(await violations(page)).toEqual([]);
  expect(errors.filter((text) => !text.includes('404'))).toEqual([]);
});
