/** Chromium through Playwright, behind the interface of the other engines. */
import { chromium } from '@playwright/test';
import { findChromium } from '../../scripts/chromium.mjs';
import { callSource, type Engine, type Tab } from './tab.ts';

async function open(executablePath: string): Promise<Tab> {
  const browser = await chromium.launch({ executablePath, chromiumSandbox: false });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(60_000);
  return {
    version: `Chromium ${browser.version()}`,
    async goto(address) {
      await page.goto(address);
    },
    async reload() {
      await page.reload();
    },
    evaluate: async (run, argument) => JSON.parse(await page.evaluate<string>(callSource(run, argument))),
    setFiles: (selector, paths) =>
      page
        .locator(selector)
        .first()
        .setInputFiles([...paths]),
    screenshot: () => page.screenshot(),
    close: () => browser.close(),
  };
}

/** Chromium of this machine, or null. */
export function findChromiumEngine(): Engine | null {
  const path = findChromium();
  return path ? { name: 'Chromium', open: () => open(path) } : null;
}
