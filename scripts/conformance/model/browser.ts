/** Runs the stages of a converted package in Chromium: bundles `page.ts`, serves it with the files, drives the page. */
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize, sep } from 'node:path';
import { type Browser, chromium } from '@playwright/test';
import { build } from 'vite';
import type { CheckpointFile } from '../../../convert/files.ts';
import { findChromium } from '../../chromium.mjs';
import type { PageRequest } from './page.ts';
import type { StageResult } from './stages.ts';

const root = join(import.meta.dirname, '..', '..', '..');

const types: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  mjs: 'text/javascript',
  wasm: 'application/wasm',
};

async function bundle(): Promise<string> {
  const entry = join(import.meta.dirname, 'page.ts');
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, lib: { entry, formats: ['es'], fileName: 'page' }, target: 'esnext' },
  });
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((each) =>
    'output' in each ? each.output : [],
  );
  const chunk = outputs.find((output) => output.type === 'chunk');
  if (chunk === undefined) throw new Error('page.ts gave no chunk');
  return chunk.code;
}

async function answer(
  response: ServerResponse,
  path: string,
  folders: Readonly<Record<string, string>>,
  code: string,
): Promise<void> {
  const head = (status: number, type: string) =>
    response.writeHead(status, {
      'Content-Type': type,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'Cross-Origin-Resource-Policy': 'same-origin',
    });
  const ending = path.split('.').at(-1) ?? '';
  if (path === '/')
    return void head(200, 'text/html').end('<!doctype html><script type="module" src="/page.js"></script>');
  if (path === '/page.js') return void head(200, 'text/javascript').end(code);
  const [, area = '', ...rest] = path.split('/');
  const folder = folders[area];
  const file = folder === undefined ? null : normalize(join(folder, ...rest));
  if (file === null || !file.startsWith(folder + sep)) return void head(404, 'text/plain').end();
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) return void head(404, 'text/plain').end();
  head(200, types[ending] ?? 'application/octet-stream').end(bytes);
}

/** A running Chromium with the page's bundle; one for all profiles of a folder. */
export class BrowserConformance {
  readonly #browser: Browser;
  readonly #code: string;

  private constructor(browser: Browser, code: string) {
    this.#browser = browser;
    this.#code = code;
  }

  /** @param webgpu with the flags that give a software adapter */
  static async start(webgpu: boolean): Promise<BrowserConformance> {
    const executablePath = findChromium();
    const software = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
    const browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: [
        '--no-sandbox',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        ...(webgpu ? software : []),
      ],
    });
    return new BrowserConformance(browser, await bundle());
  }

  close(): Promise<void> {
    return this.#browser.close();
  }

  /**
   * @param folder the recorded checkpoint
   * @param packageFolder its conversion
   */
  async check(
    folder: string,
    files: readonly CheckpointFile[],
    packageFolder: string,
    subject: Omit<PageRequest, 'files' | 'paths'>,
  ): Promise<StageResult[]> {
    const areas = {
      folder,
      package: packageFolder,
      ort: join(root, 'node_modules', 'onnxruntime-web', 'dist'),
    };
    const server: Server = createServer((request, response) => {
      void answer(response, decodeURIComponent(request.url ?? '/'), areas, this.#code);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const page = await this.#browser.newPage();
    try {
      const paths = await readdir(packageFolder, { recursive: true });
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.waitForFunction(() => 'runConformance' in globalThis);
      const request: PageRequest = {
        ...subject,
        files,
        paths: paths.map((path) => path.replaceAll(sep, '/')),
      };
      return await page.evaluate(
        (given) =>
          (
            globalThis as unknown as { runConformance(request: PageRequest): Promise<StageResult[]> }
          ).runConformance(given),
        request,
      );
    } finally {
      await page.close();
      server.closeAllConnections();
      server.close();
    }
  }
}
