/**
 * The built page behind the project's own server, and what the tests do with it. Built once for each base path; a
 * build that is newer than all sources is taken as it is.
 */
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import { basename, join } from 'node:path';
import { type Browser, test as base, expect, type Page } from '@playwright/test';
import { build, type InlineConfig } from 'vite';
import { createStaticServer, listen } from '../../scripts/serve.mjs';

export const ROOT = join(import.meta.dirname, '..', '..');
export const SHARED = process.env.VQA_SHARED ?? join(ROOT, '..', 'shared');

/** A clip of the shared media, or null where the folder is not there. */
export function clip(name: string): string | null {
  const path = join(SHARED, 'media', name);
  return existsSync(path) ? path : null;
}
export const SAMPLE = join(ROOT, 'public', 'sample.mp4');
export const hasModel = existsSync(join(ROOT, 'public', 'models', 'small', 'manifest.json'));

function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path)
    .filter((name) => !name.startsWith('.') && !/\.test\.tsx?$/.test(name))
    .reduce((latest, name) => Math.max(latest, newest(join(path, name))), 0);
}

/** Where built pages lie; two runs at once take one each. */
const BUILDS = process.env.VQA_BUILDS ?? join(ROOT, '.scratch');

/** @param base path that the page is served below, `/` or `/repo/` */
async function built(base: string): Promise<string> {
  const outDir = join(BUILDS, base === '/' ? 'page' : `page${base.replaceAll('/', '-')}`);
  const stamp = `${outDir}.built`;
  const sources = [
    'src',
    'workers',
    'core',
    'convert',
    'public',
    'index.html',
    'vite.config.ts',
    'package.json',
  ];
  const latest = Math.max(...sources.map((name) => newest(join(ROOT, name))));
  if (!existsSync(stamp) || statSync(stamp).mtimeMs < latest) {
    const begun = new Date();
    await buildForProduction({ base, build: { outDir, emptyOutDir: true } });
    mkdirSync(BUILDS, { recursive: true });
    writeFileSync(stamp, base);
    utimesSync(stamp, begun, begun);
  }
  return outDir;
}

/** A development server that another test of this process has started leaves NODE_ENV behind, which Vite obeys. */
async function buildForProduction(config: InlineConfig): Promise<void> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    await build({ root: ROOT, mode: 'production', logLevel: 'error', ...config });
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}

/** Folder of the built page. */
export const builtPage = (): Promise<string> => built('/');

/** One request as the server received it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  /** Bytes of its body. */
  readonly sent: number;
}

export interface Site {
  readonly address: string;
  /** Every request since the server started. */
  readonly requests: readonly Seen[];
  close(): Promise<void>;
}

export async function serveSite(options: { base?: string; plain?: boolean } = {}): Promise<Site> {
  const { base: path = '/', plain = false } = options;
  const server: Server = createStaticServer({ root: await built(path), base: path, plain });
  const requests: Seen[] = [];
  server.prependListener('request', (request: IncomingMessage) => {
    const length = Number(request.headers['content-length'] ?? 0);
    const chunked = request.headers['transfer-encoding'] ? Number.POSITIVE_INFINITY : 0;
    requests.push({ method: request.method ?? '', url: request.url ?? '', sent: length + chunked });
  });
  const address = await listen(server, 0);
  return {
    address: `${address}${path}`,
    requests,
    close: () => new Promise((done) => server.close(() => done())),
  };
}

export const test = base.extend<{ clean: undefined }, { site: Site }>({
  // Recording snapshots of a page that streams costs more than the work itself.
  trace: ['off', { scope: 'worker' }],
  site: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from this pattern
    async ({}, use) => {
      const site = await serveSite();
      await use(site);
      await site.close();
    },
    { scope: 'worker', timeout: 180_000 },
  ],
  /** Whatever the test does, the page throws nothing and no policy is broken. */
  clean: [
    async ({ page }, use, info) => {
      // Whole assessments, on machines that do other work too.
      info.setTimeout(300_000);
      // With a listener every file chooser is intercepted; one that stays open in the browser would block the next.
      page.on('filechooser', () => undefined);
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('console', (message) => {
        if (/Content Security Policy|Refused to/.test(message.text())) faults.push(message.text());
      });
      await use(undefined);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };

/** Opens the page and waits until its model is there. */
export async function openPage(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await modelReady(page);
}

export async function modelReady(page: Page): Promise<void> {
  await expect(page.locator('.app-chip__dot')).toBeAttached({ timeout: 60_000 });
}

/** Asks for a file by key, and gives it to the chooser that this opens. */
export async function choose(page: Page, files: Parameters<Page['setInputFiles']>[1]): Promise<void> {
  const chooser = page.locator('body > input[type=file]');
  await page.evaluate(() => document.querySelector('body > input[type=file]')?.remove());
  await expect(async () => {
    await page.keyboard.press('o');
    await expect(chooser).toHaveCount(1, { timeout: 1000 });
  }).toPass();
  await chooser.setInputFiles(files);
}

/** Drops files on the page, as a drag from the desktop does. */
export async function drop(
  page: Page,
  files: readonly { readonly name: string; readonly type: string; readonly content: Buffer }[],
): Promise<void> {
  await expect(page.locator('.assess-page')).toBeAttached();
  const transfer = await page.evaluateHandle(
    (given) => {
      const data = new DataTransfer();
      for (const { name, type, base64 } of given) {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        data.items.add(new File([bytes], name, { type }));
      }
      return data;
    },
    files.map(({ name, type, content }) => ({ name, type, base64: content.toString('base64') })),
  );
  for (const type of ['dragenter', 'dragover', 'drop'])
    await page.dispatchEvent('body', type, { dataTransfer: transfer });
}

/**
 * Drags files or folders that lie on this machine to the middle of the page and lets them go, as the browser does it
 * itself: only such a drop knows folders and gives handles.
 */
export async function dropFromDisk(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { width, height } = page.viewportSize() ?? { width: 800, height: 600 };
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: width / 2, y: height / 2, data });
  await session.detach();
}

export type Phase = 'empty' | 'running' | 'stopped' | 'done' | 'error' | 'reopened';

export async function reaches(page: Page, phase: Phase, timeout = 90_000): Promise<void> {
  await expect(page.locator(`.assess-page--${phase}`)).toBeAttached({ timeout });
}

/** The reasoning as it stands. */
export const traceOf = async (page: Page): Promise<string> =>
  (await page.locator('.assess-trace__text').textContent()) ?? '';

export const scoreOf = async (page: Page): Promise<string> =>
  (await page.locator('.ui-numeral').textContent()) ?? '';

/** The code on the error card. */
export const codeOf = async (page: Page): Promise<string> =>
  ((await page.locator('.ui-error__code').textContent()) ?? '').split(/\s/).at(-1) ?? '';

/** The saved result, as its JSON export gives it. */
export async function exportJson(page: Page): Promise<{ text: string; name: string }> {
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem').first().click();
  const file = await download;
  const { readFileSync } = await import('node:fs');
  return { text: readFileSync(await file.path(), 'utf8'), name: basename(file.suggestedFilename()) };
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Processor time of the thread, µs. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/**
 * Processor time of every task on the pages' own threads while `work` runs, in ms, from Chromium's own trace. Wall time
 * (the `longtask` entries) would count what other programs take from this machine's cores.
 */
export async function taskTimes(browser: Browser, work: () => Promise<void>): Promise<number[]> {
  const session = await browser.newBrowserCDPSession();
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const includedCategories = ['toplevel', 'disabled-by-default-devtools.timeline', 'devtools.timeline'];
  await session.send('Tracing.start', { traceConfig: { includedCategories }, transferMode: 'ReportEvents' });
  await work();
  const complete = new Promise<void>((done) => session.on('Tracing.tracingComplete', () => done()));
  await session.send('Tracing.end');
  await complete;
  const thread = ({ pid, tid }: TraceEvent) => `${pid}.${tid}`;
  const pageThreads = new Set(
    events.filter((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain').map(thread),
  );
  return events
    .filter(
      (e) => e.ph === 'X' && e.name.endsWith('RunTask') && e.tdur !== undefined && pageThreads.has(thread(e)),
    )
    .map(({ tdur }) => (tdur as number) / 1000);
}
