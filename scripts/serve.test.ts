import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStaticServer, listen, locate, parseRange } from './serve.mjs';

const top = mkdtempSync(join(tmpdir(), 'serve-'));
const root = join(top, 'dist');
const body = 'x'.repeat(1000);
let server: Server;
let address = '';

beforeAll(async () => {
  mkdirSync(join(root, 'assets'), { recursive: true });
  writeFileSync(join(root, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(root, 'clip.mp4'), body);
  writeFileSync(join(root, 'assets', 'app-1a2b.js'), body);
  writeFileSync(join(top, 'secret.txt'), 'secret');
  server = createStaticServer({ root });
  address = await listen(server, 43_100);
});
afterAll(() => server.close());

/** A request line that `fetch` would tidy up. */
function raw(path: string): Promise<string> {
  const port = Number(new URL(address).port);
  return new Promise((done) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.0\r\n\r\n`));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => done(text));
  });
}

describe('static server', () => {
  it('isolates the page and sends the policy', async () => {
    const { headers } = await fetch(`${address}/`);
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    expect(headers.get('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval'");
    expect(headers.get('content-security-policy')).not.toContain('unsafe-inline');
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/../../secret.txt',
    '/%00',
    '/%',
  ])('does not leave its folder for %s', async (path) => {
    const answer = await raw(path);
    expect(answer).toMatch(/^HTTP\/1\.1 (404|200)/);
    expect(answer).not.toContain('secret');
  });

  it('answers byte ranges (RFC 9110 §14)', async () => {
    const get = (range: string) => fetch(`${address}/clip.mp4`, { headers: { Range: range } });
    const middle = await get('bytes=10-19');
    expect([middle.status, middle.headers.get('content-range'), (await middle.text()).length]).toEqual([
      206,
      'bytes 10-19/1000',
      10,
    ]);
    expect((await get('bytes=-5')).headers.get('content-range')).toBe('bytes 995-999/1000');
    expect((await get('bytes=990-')).headers.get('content-length')).toBe('10');
    expect((await get('bytes=1000-')).status).toBe(416);
  });

  it('reads ranges that make no sense as no range', () => {
    expect(parseRange(undefined, 10)).toBeNull();
    expect(parseRange('bytes=-', 10)).toBeNull();
    expect(parseRange('lines=1-2', 10)).toBeNull();
    expect(parseRange('bytes=5-2', 10)).toBe(false);
    expect(parseRange('bytes=-0', 10)).toBe(false);
  });

  it('compresses text, keeps hashed files for ever, revalidates the rest', async () => {
    const script = await raw('/assets/app-1a2b.js');
    expect(script).toContain('immutable');
    const response = await fetch(`${address}/`, { headers: { 'Accept-Encoding': 'br' } });
    expect(response.headers.get('content-encoding')).toBe('br');
    const again = await fetch(`${address}/`, {
      headers: { 'If-None-Match': response.headers.get('etag') ?? '' },
    });
    expect(again.status).toBe(304);
  });

  it('refuses other methods', async () => {
    expect((await fetch(`${address}/`, { method: 'POST', body: 'x' })).status).toBe(405);
  });

  it('serves below a base path only', () => {
    expect(locate(root, '/repo/', '/repo/clip.mp4')).toBe(join(root, 'clip.mp4'));
    expect(locate(root, '/repo/', '/clip.mp4')).toBeNull();
    expect(locate(root, '/repo/', '/repo/')).toBe(join(root, 'index.html'));
  });

  it('sends no header in plain mode, like a host where none can be set', async () => {
    const plain = createStaticServer({ root, plain: true });
    const { headers } = await fetch(await listen(plain, 43_200));
    plain.close();
    expect(headers.get('cross-origin-opener-policy')).toBeNull();
    expect(headers.get('content-security-policy')).toBeNull();
  });
});
