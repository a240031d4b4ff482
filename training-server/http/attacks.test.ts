/** Each test is an attack, written as the attacker would. */
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostsOf, isLoopback, sameSecret } from './access.ts';
import { DEEPEST_BODY, LARGEST_BODY } from './body.ts';
import { type Harness, RECIPE, refusal, startHarness, TOKEN } from './harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await startHarness({
    events: { clients: 3, keepAliveMs: 50 },
  });
});
afterAll(() => h.close());

const head = (extra = '') => `Host: 127.0.0.1:${h.port}\r\nAuthorization: Bearer ${TOKEN}\r\n${extra}`;

describe('without the token', () => {
  it.each([
    ['none', undefined],
    ['an empty one', 'Bearer '],
    ['a wrong one', `Bearer ${TOKEN.slice(0, -1)}x`],
    ['the beginning of it', `Bearer ${TOKEN.slice(0, 10)}`],
    ['more than it', `Bearer ${TOKEN}x`],
    ['another scheme', `Basic ${btoa(`user:${TOKEN}`)}`],
    ['two', `Bearer x Bearer ${TOKEN}`],
  ])('%s gets nothing', async (_, authorization) => {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    for (const path of ['/api/runs', '/api/openapi.json', '/api/nothing', '/api/runs/x/events']) {
      const response = await fetch(`${h.address}${path}`, { headers });
      expect(await refusal(response)).toMatchObject({ status: 401, code: 'train/token' });
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('in the address does not count: addresses end in logs', async () => {
    expect((await fetch(`${h.address}/api/runs?token=${TOKEN}`)).status).toBe(401);
    expect((await fetch(`${h.address}/api/runs`, { headers: { Cookie: `token=${TOKEN}` } })).status).toBe(
      401,
    );
  });

  it('lengths do not matter to the comparison', () => {
    expect([sameSecret('a', 'a'), sameSecret('a', 'aa'), sameSecret('', 'a')]).toEqual([true, false, false]);
  });
});

describe('another site', () => {
  it.each(['https://evil.example', 'null', `http://127.0.0.1.evil.example`, 'http://127.0.0.1:1'])(
    'of origin %s is refused even with the token',
    async (origin) => {
      const response = await h.ask('/api/runs', { headers: { Origin: origin } });
      expect(await refusal(response)).toMatchObject({ status: 403, code: 'train/origin' });
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  it('gets no leave to ask', async () => {
    const response = await fetch(`${h.address}/api/runs`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' },
    });
    expect(response.status).toBe(403);
  });

  it('an image or a link from elsewhere has no Origin, and is refused by Sec-Fetch-Site', async () => {
    const answer = await h.raw(
      `GET /api/runs HTTP/1.1\r\n${head('Sec-Fetch-Site: cross-site\r\nConnection: close\r\n')}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403/);
  });

  it('a form cannot send a body that is read', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonp',
      '',
    ]) {
      const response = await h.post(
        '/api/validate',
        { recipe: 'tiny' },
        { headers: { 'Content-Type': type } },
      );
      expect(await refusal(response)).toMatchObject({ status: 415, code: 'train/content-type' });
    }
  });

  it('of an allowed origin may ask, and read the answer', async () => {
    const origin = 'http://127.0.0.1:4173';
    const preflight = await fetch(`${h.address}/api/runs`, {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'authorization',
      },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();
    const response = await h.ask('/api/runs', { headers: { Origin: origin } });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
  });
});

describe('a name that was rebound to this machine (DNS)', () => {
  it.each(['evil.example', 'evil.example:7077', '127.0.0.1', '127.0.0.1:1', '127.0.0.1.nip.io:7077', ''])(
    'Host %j is refused, page and interface',
    async (host) => {
      for (const path of ['/', '/api/runs']) {
        const text = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`;
        expect(await h.raw(text)).toMatch(/^HTTP\/1\.1 403/);
      }
    },
  );

  it('no Host at all, two, or a whole address as the target', async () => {
    expect(await h.raw(`GET / HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400/);
    // A proxy may have looked at the second.
    expect(await h.raw(`GET / HTTP/1.1\r\n${head('Host: evil.example\r\n')}\r\n`)).toMatch(/^HTTP\/1\.1 403/);
    expect(
      await h.raw(`GET http://evil.example/api/runs HTTP/1.1\r\n${head('Connection: close\r\n')}\r\n`),
    ).toMatch(/^HTTP\/1\.1 400/);
  });

  it('a public server is known by its numbers and by the names that it was given', () => {
    expect(hostsOf('192.168.1.2', ['train.example', 'proxy.example:443'], 7077)).toEqual([
      '192.168.1.2:7077',
      'train.example',
      'train.example:7077',
      'proxy.example:443',
    ]);
    expect(hostsOf('0.0.0.0', [], 7077)).toContain('127.0.0.1:7077');
    expect(hostsOf('0.0.0.0', [], 7077).join()).not.toContain('0.0.0.0');
    expect(hostsOf('127.0.0.1', [], 1)).toContain('localhost:1');
    expect(hostsOf('fe80::1', [], 1)).toEqual(['[fe80::1]:1']);
  });

  it('knows what the loopback is', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].map(isLoopback)).toEqual([true, true, true, true]);
    expect(['0.0.0.0', '::', '10.0.0.1', 'localhost.evil', '127.0.0.1.evil'].map(isLoopback)).not.toContain(
      true,
    );
  });
});

describe('bodies', () => {
  it('a large one is refused by its header, and while it comes', async () => {
    expect(await refusal(await h.post('/api/validate', 'x'.repeat(LARGEST_BODY + 1)))).toMatchObject({
      status: 413,
      code: 'train/body-size',
    });
    const chunk = 'x'.repeat(65_536);
    const chunked = `POST /api/validate HTTP/1.1\r\n${head('Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n')}\r\n`;
    expect(await h.raw(chunked + `10000\r\n${chunk}\r\n`.repeat(17))).toMatch(/^HTTP\/1\.1 413/);
  });

  it('a deep one does not reach the parser', async () => {
    const nested = (depth: number) => `{"recipe": {"a": ${'['.repeat(depth)}${']'.repeat(depth)}}}`;
    for (const depth of [DEEPEST_BODY - 1, 100_000]) {
      const response = await h.post('/api/validate', nested(depth));
      expect(await refusal(response)).toMatchObject({
        status: 400,
        code: 'train/body',
        params: { problem: `is nested deeper than ${DEEPEST_BODY}` },
      });
    }
    // Brackets in a text are no depth.
    const text = { recipe: { ...RECIPE, about: `${'['.repeat(1000)}\\"[` } };
    expect((await h.post('/api/validate', text)).status).toBe(200);
    expect((await h.post('/api/validate', nested(DEEPEST_BODY - 2))).status).toBe(200);
  });

  it.each(['__proto__', 'constructor', 'prototype'])(
    'the key %s is refused wherever it stands',
    async (key) => {
      const body = `{"recipe": {"name": "x", "sources": {"a": {"${key}": {"polluted": 1}}}}}`;
      expect(await refusal(await h.post('/api/validate', body))).toMatchObject({
        status: 400,
        code: 'train/body',
      });
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    },
  );

  it('broken ones', async () => {
    for (const body of ['{', '[1', 'NaN', '\u0000'])
      expect((await h.post('/api/validate', body)).status).toBe(400);
    const bytes = await h.ask('/api/validate', {
      method: 'POST',
      body: Uint8Array.from([0x22, 0xff, 0x22]),
      headers: { 'Content-Type': 'application/json' },
    });
    expect(bytes.status).toBe(400);
    const zipped = await h.post('/api/validate', '{}', { headers: { 'Content-Encoding': 'gzip' } });
    expect(await refusal(zipped)).toMatchObject({ code: 'train/body' });
  });

  it('fields that a recipe does not have are refused, not passed on', async () => {
    const bad = async (change: object) =>
      (await (await h.post('/api/validate', { recipe: { ...RECIPE, ...change } })).json()) as {
        ok: boolean;
        errors: { code: string; params: { field: string } }[];
      };
    const extra = await bad({ command: 'rm -rf /' });
    expect([extra.ok, extra.errors[0]!.code, extra.errors[0]!.params.field]).toEqual([
      false,
      'train/recipe',
      'command',
    ]);
    const nested = await bad({ engine: { device: 'cpu', env: { LD_PRELOAD: '/tmp/x.so' } } });
    expect(nested.errors[0]!.params.field).toContain('engine');
    const more = await h.post('/api/runs', { recipe: RECIPE, folder: '/etc' });
    expect(await refusal(more)).toMatchObject({ code: 'train/request', params: { field: 'folder' } });
  });

  it('a recipe name is no path', async () => {
    for (const recipe of ['../package', 'tiny/../../secret', '/etc/passwd', '..', 'a\0b']) {
      expect(await refusal(await h.post('/api/runs', { recipe }))).toMatchObject({
        status: 422,
        code: 'train/recipe',
        params: { problem: 'is no name of a recipe' },
      });
      expect(
        await refusal(await h.post('/api/runs', { recipe: { ...RECIPE, extends: recipe } })),
      ).toMatchObject({
        code: 'train/recipe',
        params: { field: 'extends', problem: expect.stringContaining('must be lower-case letters') },
      });
    }
  });
});

describe('slow and many', () => {
  it('a head or a body that never ends is cut off (slow loris)', async () => {
    const short = await startHarness({ server: { limits: { headersMs: 400, requestMs: 800 } } });
    const lines = `Host: 127.0.0.1:${short.port}\r\nAuthorization: Bearer ${TOKEN}\r\n`;
    expect(await short.raw(`GET /api/runs HTTP/1.1\r\n${lines}X-A: b\r\n`)).toMatch(/^HTTP\/1\.1 408|^$/);
    const body = `${lines}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
    expect(await short.raw(`POST /api/validate HTTP/1.1\r\n${body}`)).toMatch(/^HTTP\/1\.1 4\d\d|^$/);
    await short.close();
  });

  it('heads of more than 16 KiB', async () => {
    const answer = await h.raw(`GET /api/runs HTTP/1.1\r\n${head(`X-A: ${'b'.repeat(20_000)}\r\n`)}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431/);
  });

  it('listeners beyond the limit are told so; those who left make room', async () => {
    const { id } = await h.runs.start(RECIPE as never);
    const open = async () => {
      const stop = new AbortController();
      return { stop, response: await h.ask(`/api/runs/${id}/events`, { signal: stop.signal }) };
    };
    const held = [await open(), await open(), await open()];
    const fourth = await open();
    expect(await refusal(fourth.response)).toMatchObject({ status: 429, code: 'train/busy' });
    expect(fourth.response.headers.get('retry-after')).toBe('5');
    for (const { stop } of held) stop.abort();
    await expect.poll(() => [h.events.clients, h.runs.listeners(id)]).toEqual([0, 0]);
    const again = await open();
    expect(again.response.status).toBe(200);
    again.stop.abort();
  });

  it('a listener that does not read is disconnected', async () => {
    const small = await startHarness({ events: { backlog: 1 << 16 } });
    const { id } = await small.runs.start(RECIPE as never);
    const socket = connect(small.port, '127.0.0.1', () => {
      socket.write(
        `GET /api/runs/${id}/events HTTP/1.1\r\nHost: 127.0.0.1:${small.port}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`,
      );
    });
    socket.pause();
    await expect.poll(() => small.events.clients).toBe(1);
    const text = 'x'.repeat(100_000);
    for (let i = 0; i < 200; i++)
      small.runs.emit(id, { type: 'log', line: { time: 1, source: 'driver', level: 'info', text } });
    await expect.poll(() => small.events.clients).toBe(0);
    socket.destroy();
    await small.close();
  });
});

describe('headers and lines', () => {
  it.each(['%0d%0aSet-Cookie:%20a=b', 'x%0aX-Injected:%201', '%00', '%E0%A4%A'])(
    'a path with %s writes no header',
    async (path) => {
      for (const start of ['/api/runs/', '/api/checkpoints/', '/api/packages/']) {
        const response = await h.ask(`${start}${path}`);
        expect(response.status).toBeGreaterThanOrEqual(400);
        expect([response.headers.get('set-cookie'), response.headers.get('x-injected')]).toEqual([
          null,
          null,
        ]);
      }
    },
  );

  it('line breaks in an event stay inside its data', async () => {
    const { id } = await h.runs.start(RECIPE as never);
    const stop = new AbortController();
    const response = await h.ask(`/api/runs/${id}/events`, { signal: stop.signal });
    const text = 'a\r\n\r\nevent: run\ndata: {}\n\nid: 99\u2028';
    h.runs.emit(id, { type: 'log', line: { time: 1, source: 'engine', level: 'error', text } });
    let received = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      received += chunk;
      if (received.includes('99')) break;
    }
    stop.abort();
    const events = received.split('\n\n').filter((event) => event.includes('event: '));
    expect(events.map((event) => /^event: (.*)$/m.exec(event)![1])).toEqual(['run', 'log']);
    expect(JSON.parse(/^data: ([^\n]*)/m.exec(events[1]!)![1]!)).toMatchObject({ line: { text } });
  });

  it('a Last-Event-ID that is no number counts as none', async () => {
    const { id } = await h.runs.start(RECIPE as never);
    for (const last of ['-1', '1e9', 'x', '1\u00002', '9'.repeat(30)]) {
      const stop = new AbortController();
      const response = await h
        .ask(`/api/runs/${id}/events`, { signal: stop.signal, headers: { 'Last-Event-ID': last } })
        .catch(() => null);
      if (response !== null) expect(response.status).toBe(200);
      stop.abort();
    }
    await expect.poll(() => h.events.clients).toBe(0);
  });

  it('two requests in one body are one bad request (smuggling)', async () => {
    const both = `POST /api/validate HTTP/1.1\r\n${head('Content-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n')}\r\n0\r\n\r\nGET /api/runs HTTP/1.1\r\n\r\n`;
    const answer = await h.raw(both);
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  });
});

describe('paths', () => {
  it.each([
    '/../secret.mp4',
    '/%2e%2e/secret.mp4',
    '/..%2fsecret.mp4',
    '/assets/../../secret.mp4',
    '/assets%2f..%2f..%2fsecret.mp4',
  ])('the page has nothing outside it: %s', async (path) => {
    const answer = await h.raw(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${h.port}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 404/);
    expect(answer).not.toContain('\r\n\r\nsecret');
  });

  it.each([
    ['a source above the roots', { file: '../secret.csv' }],
    ['an absolute path', { file: '/etc/passwd' }],
    ['a root that is the disk', { root: '/' }],
    ['a folder above', { root: 'videos/../..' }],
  ])('%s', async (_, change) => {
    const sources = { ...RECIPE.sources, clips: { ...RECIPE.sources.clips, ...change } };
    const response = await h.post('/api/runs', { recipe: { ...RECIPE, sources } });
    expect(await refusal(response)).toMatchObject({ status: 403, code: 'train/path' });
    expect(h.runs.list().filter(({ recipe }) => recipe === 'tiny')).toEqual(h.runs.list());
  });

  it.each(['../checkpoint', '/etc', 'videos/../../page'])('a checkpoint at %s', async (checkpoint) => {
    const response = await h.post('/api/runs', { recipe: { ...RECIPE, model: { checkpoint } } });
    expect(await refusal(response)).toMatchObject({
      status: 403,
      code: 'train/path',
      params: { field: 'model.checkpoint' },
    });
  });

  it('a link that leads out, as a checkpoint and as a video', async () => {
    mkdirSync(h.at('elsewhere'), { recursive: true });
    writeFileSync(h.at('elsewhere', 'config.json'), '{}');
    symlinkSync(h.at('elsewhere'), h.at('root', 'linked'));
    const response = await h.post('/api/runs', { recipe: { ...RECIPE, model: { checkpoint: 'linked' } } });
    expect(await refusal(response)).toMatchObject({ code: 'train/path' });
    rmSync(h.at('root', 'linked'));
    writeFileSync(h.at('root', 'bad.csv'), 'link.mp4,3\n');
    const sources = { ...RECIPE.sources, clips: { ...RECIPE.sources.clips, file: 'bad.csv' } };
    const report = (await (await h.post('/api/validate', { recipe: { ...RECIPE, sources } })).json()) as {
      sources: { missing: string[] }[];
    };
    expect(report.sources[0]!.missing).toEqual(['link.mp4']);
  });

  it('frames are those of videos that the run has answered about, and of the file that was there then', async () => {
    const { id } = await h.runs.start(RECIPE as never);
    const video = h.at('root', 'videos', 'a.mp4');
    const frame = (path: string, index = '0') =>
      h.ask(`/api/runs/${id}/frames?${new URLSearchParams({ video: path, index })}`);
    expect(await refusal(await frame(video))).toMatchObject({ status: 404, code: 'train/frame' });
    const record = {
      step: 1,
      stage: 0,
      mos: 3,
      frames: 10,
      indices: [0],
      perturbation: null,
      completions: [],
      perturbedCompletions: [],
    };
    for (const path of [video, h.at('secret.mp4')]) h.runs.addGroup(id, { ...record, video: path });
    expect((await frame(video)).status).toBe(200);
    // Even a record that was tampered with opens nothing outside the roots.
    expect(await refusal(await frame(h.at('secret.mp4')))).toMatchObject({ status: 403, code: 'train/path' });
    for (const path of [h.at('root', 'videos', 'b.mp4'), '/etc/passwd', '../../etc/passwd'])
      expect(await refusal(await frame(path))).toMatchObject({ status: 404, code: 'train/frame' });
    expect((await frame(video, '-1')).status).toBe(400);
    // The video is swapped for a link after the run has seen it.
    renameSync(video, `${video}.moved`);
    symlinkSync(h.at('secret.mp4'), video);
    expect(await refusal(await frame(video))).toMatchObject({ status: 403, code: 'train/path' });
    rmSync(video);
    renameSync(`${video}.moved`, video);
  });

  it('a package gives what its manifest names and nothing else', async () => {
    mkdirSync(h.at('packages'), { recursive: true });
    writeFileSync(h.at('packages', 'secret.txt'), 'secret');
    for (const path of [
      '../secret.txt',
      '..%2fsecret.txt',
      'manifest.json',
      '%2e%2e/secret.txt',
      'onnx/../../secret.txt',
    ]) {
      const answer = await h.raw(
        `GET /api/packages/none/files/${path} HTTP/1.1\r\n${head('Connection: close\r\n')}\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 404/);
    }
    expect((await h.ask(`/api/packages/${encodeURIComponent('../packages')}/manifest.json`)).status).toBe(
      400,
    );
  });

  it('a run id is no path', async () => {
    for (const id of ['..', '%2e%2e%2fruns', 'A', 'x'.repeat(100), '.'])
      expect(
        (await h.raw(`GET /api/runs/${id}/log HTTP/1.1\r\n${head('Connection: close\r\n')}\r\n`)).slice(
          0,
          12,
        ),
      ).toMatch(/HTTP\/1\.1 4/);
    const { folder } = h.runs;
    expect(folder('x')).toBe(join(h.at('runs'), 'x'));
  });
});

it('no text of a request can become a command: processes are started by argument lists, never by a shell', () => {
  const root = join(import.meta.dirname, '..');
  const files = globSync('**/*.ts', { cwd: root }).filter((file) => !file.includes('.test.'));
  const starters = files.filter((file) =>
    readFileSync(join(root, file), 'utf8').includes('node:child_process'),
  );
  expect(starters.length).toBeGreaterThan(3);
  for (const file of starters) {
    const text = readFileSync(join(root, file), 'utf8');
    expect([file, text.match(/\bexec(Sync)?\(|shell:\s*(true|['"])/)]).toEqual([file, null]);
    // Started programs are constants of this project, Python or Node itself, and never looked up in PATH.
    for (const [, program] of text.matchAll(
      /(?<![.#\w])(?:spawn|spawnSync|execFile|execFileSync)\)?\(\s*([^,\s)]+)/g,
    ))
      expect([file, program]).toEqual([
        file,
        expect.stringMatching(/^(python|projectPython|this\.#python|process\.execPath)$/),
      ]);
  }
});

describe('what was not foreseen', () => {
  it('is told to the log and not to the client', async () => {
    const { id } = await h.runs.start(RECIPE as never);
    const original = h.runs.metrics;
    h.runs.metrics = async () => {
      throw new Error(`a path: ${h.at('secret.mp4')}, ${TOKEN}`);
    };
    const response = await h.ask(`/api/runs/${id}/metrics`);
    const text = await response.text();
    h.runs.metrics = original;
    expect(response.status).toBe(500);
    expect(text).toContain('app/unexpected');
    expect(text).not.toContain('secret');
    expect(text).not.toContain(TOKEN);
    expect(String(h.faults.at(-1))).toContain('secret');
  });
});
