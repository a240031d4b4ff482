/**
 * No page scrolls sideways, whatever the width of the window, the font of the system and the size of its text. The fonts
 * come from packages, through a font configuration that only this test's browser reads.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, expect, type Page, test } from '@playwright/test';
import { findChromium } from '../../scripts/chromium.mjs';
import { sharp } from './compare-fixture.ts';
import { choose, hasModel, modelReady, ROOT, reaches, SAMPLE, type Site, serveSite } from './fixture.ts';
import { sfntOf } from './woff.ts';

/** One wide font, which a bare Linux has, and one of usual width. */
const FONTS = [
  ['DejaVu Sans', 'dejavu-sans'],
  ['Inter', 'inter'],
] as const;

const WIDTHS = [320, 360, 390, 640, 700, 768, 900, 1024, 1100, 1280, 1440, 1800, 2560];
/** At twice the text size a window is half as wide in letters. */
const LARGE_WIDTHS = [640, 768, 1024, 1440, 2560];

let site: Site;
let folder: string;
test.beforeAll(async () => {
  site = await serveSite();
  folder = mkdtempSync(join(tmpdir(), 'fonts-'));
});
test.afterAll(async () => {
  rmSync(folder, { recursive: true });
  await site.close();
});

/** A configuration in which the system's sans is `family`; other families, for Chinese, stay those of the system. */
function fontConfiguration(family: string, name: string): string {
  const fonts = join(folder, name);
  mkdirSync(fonts, { recursive: true });
  const files = join(ROOT, 'node_modules', '@fontsource', name, 'files');
  for (const file of readdirSync(files))
    if (/-latin-\d+-normal\.woff$/.test(file))
      writeFileSync(join(fonts, file.replace(/woff$/, 'ttf')), sfntOf(readFileSync(join(files, file))));
  const rule = (generic: string) =>
    `<match target="pattern"><test name="family"><string>${generic}</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>${family}</string></edit></match>`;
  const path = join(folder, `${name}.conf`);
  writeFileSync(
    path,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
    <dir>${fonts}</dir><dir>/usr/share/fonts</dir><cachedir>${join(folder, 'cache')}</cachedir>
    ${rule('system-ui')}${rule('sans-serif')}</fontconfig>`,
  );
  return path;
}

function launch(family: string, name: string, textSize: number): Promise<Browser> {
  const executablePath = findChromium();
  return chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    chromiumSandbox: false,
    args: [`--blink-settings=defaultFontSize=${textSize}`],
    env: { ...(process.env as Record<string, string>), FONTCONFIG_FILE: fontConfiguration(family, name) },
  });
}

/** Widths at which the page is wider than the window, with the elements that reach out. */
async function overflows(page: Page, name: string, widths: readonly number[]): Promise<string[]> {
  const wide: string[] = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    const wider = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth <= clientWidth) return null;
      const out = [...document.querySelectorAll('body *')].filter(
        (one) => one.getBoundingClientRect().right > clientWidth + 1,
      );
      return `${scrollWidth}: ${out
        .slice(0, 6)
        .map((one) => one.getAttribute('class') ?? one.tagName)
        .join(', ')}`;
    });
    if (wider !== null) wide.push(`${name} at ${width}: ${wider}`);
  }
  return wide;
}

async function everyPage(page: Page, widths: readonly number[]): Promise<string[]> {
  const wide: string[] = [];
  const look = async (name: string) => wide.push(...(await overflows(page, name, widths)));
  await page.goto(site.address);
  await look('Assess, empty');
  await modelReady(page);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  await look('Assess, done');
  for (const route of ['batch', 'models', 'training']) {
    await page.goto(`${site.address}#/${route}`);
    await expect(page.locator('main h1, main h2').first()).toBeAttached();
    await look(route);
  }
  await page.goto(`${site.address}#/compare`);
  await expect(page.locator('main h1, main h2').first()).toBeAttached();
  await look('compare, empty');
  await choose(page, SAMPLE);
  await sharp(page);
  await look('compare');
  return wide;
}

test('the two fonts differ in width', async () => {
  const widths: number[] = [];
  for (const [family, name] of FONTS) {
    const browser = await launch(family, name, 16);
    const page = await browser.newPage();
    await page.setContent('<span style="font: 100px system-ui">Compare the two sides</span>');
    widths.push(await page.locator('span').evaluate((span) => span.getBoundingClientRect().width));
    await browser.close();
  }
  expect(widths[1]).toBeGreaterThan(500);
  expect(widths[0]).toBeGreaterThan((widths[1] ?? 0) * 1.03);
});

for (const [family, name] of FONTS)
  for (const [textSize, widths] of [
    [16, WIDTHS],
    [32, LARGE_WIDTHS],
  ] as const)
    test(`nothing reaches past the window: ${family}, text of ${textSize} px`, async () => {
      test.skip(!hasModel, 'no bundled model');
      test.setTimeout(300_000);
      const browser = await launch(family, name, textSize);
      const wide = await everyPage(await browser.newPage(), widths);
      await browser.close();
      expect(wide).toEqual([]);
    });
