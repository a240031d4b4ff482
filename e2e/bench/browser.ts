/** A page of the production build in real Chromium, as a user's browser would run it. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from '@playwright/test';
import { build } from 'vite';
import { findChromium } from '../../scripts/chromium.mjs';
import { createStaticServer, listen } from '../../scripts/serve.mjs';

export const root = join(import.meta.dirname, '..', '..');
export const scratch = join(root, '.scratch', 'bench');

export interface Bench {
  readonly address: string;
  page(): Promise<Page>;
  close(): Promise<void>;
}

/** Builds the page and the harness pages in production mode and serves them with the usual headers. */
export async function openBench(): Promise<Bench> {
  const outDir = join(scratch, 'dist');
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const harness = ['e2e/model/harness.html', 'e2e/media/harness.html', 'e2e/bench/packages.html'].filter(
    (path) => existsSync(join(root, path)),
  );
  const input = ['index.html', ...harness].map((path) => join(root, path));
  await build({ root, logLevel: 'error', build: { outDir, emptyOutDir: true, rollupOptions: { input } } });
  const server: Server = createStaticServer({ root: outDir });
  const address = await listen(server, 4400);
  const executablePath = findChromium();
  const browser: Browser = await chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: [
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
    ],
    chromiumSandbox: false,
  });
  return {
    address,
    page: async () => (await browser.newContext()).newPage(),
    async close() {
      await browser.close();
      server.close();
    },
  };
}

/** Name of a scratch file that depends on what it is made from. */
export function scratchFile(name: string, recipe: readonly string[], make: (path: string) => void): string {
  mkdirSync(scratch, { recursive: true });
  const key = createHash('sha256').update(recipe.join(' ')).digest('hex').slice(0, 8);
  const path = join(scratch, `${key}-${name}`);
  if (!existsSync(path)) make(path);
  return path;
}

/** A copy under another name: new to every cache of the page, the same video. */
export function renamed(path: string, name: string): string {
  const copy = join(scratch, name);
  copyFileSync(path, copy);
  return copy;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};
