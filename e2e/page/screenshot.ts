/** `node e2e/page/screenshot.ts` assesses a clip of the shared media and writes docs/assess-light.png of it. */
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { findChromium } from '../../scripts/chromium.mjs';
import { choose, clip, modelReady, ROOT, reaches, SAMPLE, serveSite } from './fixture.ts';

const executablePath = findChromium();
const site = await serveSite();
const browser = await chromium.launch({
  ...(executablePath ? { executablePath } : {}),
  chromiumSandbox: false,
});
const page = await browser.newPage({
  viewport: { width: 1440, height: 900 },
  colorScheme: 'light',
  reducedMotion: 'reduce',
});
await page.goto(site.address);
await modelReady(page);
await choose(page, clip('bikes.mp4') ?? SAMPLE);
await reaches(page, 'done');
// Thumbnails and the frame of the player come after the score.
await page.waitForFunction(() => !document.querySelector('.assess-page--running'));
await page.waitForLoadState('networkidle');
await page.mouse.click(2, 890);
await page.screenshot({ path: join(ROOT, 'docs', 'assess-light.png') });
await browser.close();
await site.close();
