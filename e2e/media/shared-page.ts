/** One page with the media harness for all tests of a file. */
import { resolve } from 'node:path';
import { type Page, test } from '@playwright/test';
import type { Harness } from './harness.ts';
import { type HarnessServer, hasShared, SHARED, serveHarness } from './server.ts';

declare global {
  interface Window {
    media: Harness;
  }
}

/** Path of a test clip. */
export const clipPath = (name: string): string => resolve(SHARED, 'media', name);

/** `harnessPage` for tests of the clips of VQA_SHARED, skipped by name without them. */
export function sharedHarness(timeout: number) {
  test.skip(!hasShared, 'needs the test clips of VQA_SHARED');
  return harnessPage(timeout);
}

/**
 * Registers the hooks of the file: the harness is served and opened before its first test and closed after its last.
 *
 * @param timeout of a test, in milliseconds
 */
export function harnessPage(timeout: number) {
  let server: HarnessServer;
  let page: Page;
  test.describe.configure({ mode: 'default', timeout });
  // A trace would write every frame down.
  test.use({ trace: 'off', screenshot: 'off', video: 'off' });
  test.beforeAll(async ({ browser }) => {
    server = await serveHarness();
    page = await browser.newPage();
    await page.goto(server.page);
    await page.waitForFunction(() => 'media' in window);
  });
  test.afterAll(async () => {
    await page?.close();
    await server?.close();
  });
  return {
    get page() {
      return page;
    },
    get server() {
      return server;
    },
    address: (name: string): string => server.url(clipPath(name)),
    /** @returns the video's id in the media client */
    async open(name: string): Promise<number> {
      const opened = await page.evaluate((url) => window.media.open(url), server.url(clipPath(name)));
      if ('code' in opened) throw new Error(`${name}: ${opened.code}`);
      return opened.id;
    },
  };
}
