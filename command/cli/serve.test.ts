import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listen } from '../../scripts/serve.mjs';
import { copyPage } from '../page.ts';
import { pageHandler } from './serve.ts';

const folder = mkdtempSync(join(tmpdir(), 'serve-'));
const put = (path: string, text: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
for (const path of [
  'index.html',
  'assets/a.js',
  'models/small/manifest.json',
  'sample.mp4',
  'ort/other.wasm',
])
  put(`dist/${path}`, `page ${path}`);
for (const name of ['mjs', 'wasm']) put(`dist/ort/ort-wasm-simd-threaded.${name}`, 'page');
for (const path of ['models/small/manifest.json', 'sample.mp4', 'ort/ort-wasm-simd-threaded.wasm'])
  put(`home/${path}`, `home ${path}`);
put('home/vqathinker.mjs', 'program');
put('home/models-private/x.json', 'private');
copyPage(join(folder, 'dist'), join(folder, 'home'));

const server = createServer(pageHandler(join(folder, 'home')));
let address = '';
beforeAll(async () => {
  address = await listen(server, 0);
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** The path as written: `fetch` would resolve `..` before it is sent. */
const get = (path: string) =>
  new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((done, fail) => {
    const { hostname, port } = new URL(address);
    request({ hostname, port, path }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, text }));
    })
      .on('error', fail)
      .end();
  });

test('the page is isolated, so that its threads run', async () => {
  const { status, headers, text } = await get('/');
  expect({ status, text }).toEqual({ status: 200, text: 'page index.html' });
  expect(headers).toMatchObject({
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'content-security-policy': expect.stringContaining("default-src 'self'"),
  });
});

test.each([
  ['/assets/a.js', 'page assets/a.js'],
  ['/ort/other.wasm', 'page ort/other.wasm'],
  ['/models/small/manifest.json', 'home models/small/manifest.json'],
  ['/sample.mp4', 'home sample.mp4'],
  ['/ort/ort-wasm-simd-threaded.wasm', 'home ort/ort-wasm-simd-threaded.wasm'],
])('%s is served, once in the package', async (path, text) => {
  expect(await get(path)).toMatchObject({ status: 200, text });
});

test.each([
  '/vqathinker.mjs',
  '/page/index.html',
  '/../vqathinker.mjs',
  '/models/../vqathinker.mjs',
  '/models/%2e%2e/vqathinker.mjs',
  '/models-private/x.json',
  '/%00',
  '/absent',
])('%s is not served', async (path) => {
  expect((await get(path)).status).toBe(404);
});
