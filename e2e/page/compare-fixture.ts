/** Fixtures of the Compare page. */
import type { Page } from '@playwright/test';
import { expect, modelReady } from './fixture.ts';

/** Opens the page at an address of its own, with the bundled model loaded. */
export async function openCompare(page: Page, address: string, query = ''): Promise<void> {
  await page.goto(`${address}#/compare${query === '' ? '' : `?${query}`}`);
  await expect(page.locator('.compare-empty')).toBeVisible();
  await modelReady(page);
}

/** Waits for the viewer with full-resolution frames on both sides. */
export async function sharp(page: Page, timeout = 60_000): Promise<void> {
  await expect(page.locator('.compare-view[data-quality=full]')).toBeVisible({ timeout });
}

/** Texts of the badges of both sides. */
export async function badges(page: Page): Promise<string[]> {
  return page
    .locator('.compare-badge')
    .allInnerTexts()
    .then((all) => all.map((text) => text.replace(/\s+/g, ' ')));
}

/** Timeline position, 1-based. */
export async function positionOf(page: Page): Promise<number> {
  const slider = page.getByRole('slider', { name: 'Timeline of both sides' });
  return Number(await slider.getAttribute('aria-valuenow'));
}

/** The focus away from any control, so that arrow keys belong to the clock. */
export async function unfocus(page: Page): Promise<void> {
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
}

/** A pixel of the field, at parts of its width and height. */
export async function fieldPixel(page: Page, x: number, y: number): Promise<number[]> {
  return page.evaluate(
    ([x, y]) => {
      const canvas = document.querySelector<HTMLCanvasElement>('.compare-view__canvas')!;
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const context = copy.getContext('2d')!;
      context.drawImage(canvas, 0, 0);
      const at = context.getImageData(Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1);
      return [...at.data.slice(0, 3)];
    },
    [x, y] as const,
  );
}

/** Parameters of the address. */
export async function addressOf(page: Page): Promise<URLSearchParams> {
  // Written a moment after the last change.
  await page.waitForTimeout(500);
  return new URLSearchParams((await page.evaluate(() => location.hash)).split('?')[1] ?? '');
}
