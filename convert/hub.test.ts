/** A checkpoint read from a model hub: the bytes of its folder, through every answer that a hub may give. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CodedError } from '../core/errors.ts';
import { readCheckpointConfig } from '../core/files/checkpoint.ts';
import { hubAddress } from '../core/files/hub-address.ts';
import { seededRandom } from '../core/stats/random.ts';
import { errorMessage } from '../core/text/error-messages.ts';
import { CheckpointFolder } from './folder.node.ts';
import { HubCheckpoint } from './hub.ts';
import type { HubConnection } from './hub-request.ts';
import {
  type HubFault,
  type HubRequest,
  type HubServer,
  type HubServerOptions,
  hubCommit,
  serveHub,
} from './hub-server.node.ts';
import { MemoryFiles, MemorySink } from './memory.ts';
import { convertCheckpoint } from './package.ts';
import { SafeTensors } from './safetensors.ts';

const root = join(import.meta.dirname, '..');
const tiny = join(root, 'training-server', 'checkpoints', 'tiny');
const temporary = mkdtempSync(join(tmpdir(), 'hub-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const repository = 'somebody/tiny';
const variants = [{ target: 'webgpu', dtype: 'q4f16' }] as const;

/** The tiny checkpoint with its weights in three shards and an index. */
async function sharded(): Promise<Map<string, Uint8Array>> {
  const folder = new CheckpointFolder(tiny);
  const files = new Map<string, Uint8Array>();
  for (const { name, bytes } of await folder.list()) files.set(name, await folder.read(name, 0, bytes));
  const tensors = await SafeTensors.open(new MemoryFiles(files));
  files.delete('model.safetensors');
  const names = [...tensors.names];
  const map: Record<string, string> = {};
  for (let shard = 0; shard < 3; shard++) {
    const file = `model-0000${shard + 1}-of-00003.safetensors`;
    const header: Record<string, object> = {};
    const data: Uint8Array[] = [];
    let at = 0;
    for (const name of names.filter((_, i) => i % 3 === shard)) {
      const entry = tensors.entry(name)!;
      const bytes = await tensors.bytes(entry);
      header[name] = { dtype: entry.type, shape: entry.shape, data_offsets: [at, at + bytes.length] };
      at += bytes.length;
      data.push(bytes);
      map[name] = file;
    }
    files.set(file, safetensors(JSON.stringify(header), ...data));
  }
  files.set('model.safetensors.index.json', json({ weight_map: map }));
  files.set('README.md', new TextEncoder().encode('# Tiny\n\nlicence: Apache-2.0\n'));
  return files;
}

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function safetensors(header: string, ...data: readonly Uint8Array[]): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return new Uint8Array(Buffer.concat([length, text, ...data]));
}

let files: Map<string, Uint8Array>;
let expected: ReadonlyMap<string, Uint8Array>;
let hub: HubServer | undefined;

beforeAll(async () => {
  files = await sharded();
  const sink = new MemorySink();
  await convertCheckpoint(new MemoryFiles(files), sink, { variants });
  expected = sink.files!;
});
afterEach(async () => {
  await hub?.close();
  hub = undefined;
});

async function serve(options: Partial<HubServerOptions> = {}): Promise<HubServer> {
  hub = await serveHub({ repository, files, ...options });
  return hub;
}

/** Milliseconds that were waited for; nothing waits in these tests. */
let waited: number[] = [];

function open(server: HubServer, connection: Partial<HubConnection> = {}, revision = 'main') {
  waited = [];
  return HubCheckpoint.open(
    { endpoint: server.endpoint, repository, revision },
    { fetch, wait: async (ms) => void waited.push(ms), ...connection },
    // As a large checkpoint is to the usual sizes, so is the tiny one to these.
    { piece: 4096, small: 512, group: 2048 },
  );
}

async function converted(server: HubServer, connection: Partial<HubConnection> = {}) {
  const sink = new MemorySink();
  const manifest = await convertCheckpoint(await open(server, connection), sink, { variants });
  return { manifest, files: sink.files! };
}

/** Every file but the manifest, which names the repository. */
const graphsOf = (all: ReadonlyMap<string, Uint8Array>) =>
  new Map([...all].filter(([path]) => path !== 'manifest.json'));

/** The files, and once more the table that the tiny model has as embedding and as head. */
function bytesToRead(): number {
  const { text } = readCheckpointConfig(JSON.parse(new TextDecoder().decode(files.get('config.json'))));
  const table = text.tie_word_embeddings ? 4 * text.vocab_size * text.hidden_size : 0;
  return [...files.values()].reduce((sum, bytes) => sum + bytes.length, table);
}

/** A conversion through faults: the same bytes as from the folder. */
async function holds(
  fault: (request: HubRequest) => HubFault | undefined,
  options: Partial<HubServerOptions> = {},
) {
  const server = await serve({ fault, ...options });
  const { files: made } = await converted(server);
  expect(graphsOf(made)).toEqual(graphsOf(expected));
  return server;
}

async function failure(options: Partial<HubServerOptions>, connection: Partial<HubConnection> = {}) {
  const server = await serve(options);
  const error: unknown = await converted(server, connection).then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(error instanceof CodedError)) throw error ?? new Error('it was converted');
  return { error, server };
}

describe('addresses of repositories', () => {
  const official = { endpoint: 'https://huggingface.co', repository: 'a/B-1', revision: 'main' };
  it.each([
    ['hf:a/B-1', official],
    ['a/B-1', official],
    ['hf:a/B-1@v2', { ...official, revision: 'v2' }],
    ['huggingface.co/a/B-1', official],
    ['https://huggingface.co/a/B-1', official],
    ['https://hf.co/a/B-1/tree/refs%2Fpr%2F3', { ...official, revision: 'refs/pr/3' }],
    ['https://huggingface.co/a/B-1/blob/main/config.json', official],
    ['https://mirror.example/a/B-1', { ...official, endpoint: 'https://mirror.example' }],
  ])('%s', (text, address) => {
    expect(hubAddress(text)).toEqual(address);
  });

  it.each([
    'hf:a',
    'a/b/c',
    'a/..',
    'hf:a/b@../x',
    'https://user:pw@huggingface.co/a/b',
    'https://huggingface.co/a/b/discussions/1',
    'https://huggingface.co/a/b/tree/main/sub',
    'javascript:alert(1)',
    'ftp://x/a/b',
    'a b/c',
  ])('%s is none', (text) => {
    expect(hubAddress(text)).toBeNull();
  });
});

describe('a checkpoint on a hub', () => {
  it('becomes the package of its folder, each byte read once, with its commit and the hub’s own hashes', async () => {
    const server = await serve();
    const { manifest, files: made } = await converted(server);
    expect(graphsOf(made)).toEqual(graphsOf(expected));
    const folder = JSON.parse(new TextDecoder().decode(expected.get('manifest.json'))) as typeof manifest;
    expect(manifest.producedBy).toEqual({
      ...folder.producedBy,
      source: { repository, commit: hubCommit },
    });
    expect(server.sent() / bytesToRead()).toBeLessThan(1.05);
    // A signed address is asked for anew each time, and no request goes to a branch.
    expect(server.requests.filter(({ at }) => at === 'list')).toHaveLength(1);
  });

  it('goes through cut connections, without asking again for what came', async () => {
    const server = await holds(({ at, before }) =>
      at === 'storage' && before % 9 === 1 ? { cutAfter: 1000 } : undefined,
    );
    expect(server.sent() / bytesToRead()).toBeLessThan(1.05);
  });

  it('waits as long as the hub asks for, and half a minute where it does not say', async () => {
    await holds(({ at, before }) => {
      if (at === 'list' && before === 0) return { status: 429, headers: { 'retry-after': '7' } };
      if (at === 'file' && before === 3) return { status: 429 };
      if (at === 'storage' && before === 5) return { status: 503 };
      return undefined;
    });
    expect(waited).toContain(7000);
    expect(waited).toContain(30_000);
    expect(waited).toContain(500);
  });

  it('renews a signed address that has expired', async () => {
    let refusals = 0;
    await holds(({ at, before }) => {
      if (at !== 'storage' || before % 4 !== 0) return undefined;
      refusals++;
      return { status: 403 };
    });
    expect(refusals).toBeGreaterThan(3);
    // Storage that refuses every new address is named, and not asked for ever.
    const { error } = await failure({ fault: ({ at }) => (at === 'storage' ? { status: 403 } : undefined) });
    expect(error.code).toBe('hub/answer');
  });

  it('gives up in words: a hub that limits without end, a network that is gone', async () => {
    const busy = await failure({ fault: ({ at }) => (at === 'file' ? { status: 429 } : undefined) });
    expect(busy.error.code).toBe('hub/busy');
    const { error } = await failure({ fault: ({ at }) => (at === 'storage' ? { cutAfter: 0 } : undefined) });
    expect([error.code, errorMessage(error)]).toEqual([
      'hub/network',
      expect.stringContaining('cannot be reached'),
    ]);
  });

  it('that asks for a sign-in is read with a token, which goes to the hub alone', async () => {
    const gated = await failure({ token: 'hf_secret' });
    expect(gated.error).toMatchObject({ code: 'hub/access', params: { repository, status: 401 } });
    expect(errorMessage(gated.error)).toContain('Accept its terms');
    await gated.server.close();
    const wrong = await failure({ token: 'hf_secret' }, { token: 'hf_other' });
    expect(wrong.error).toMatchObject({ code: 'hub/access', params: { status: 403, token: 1 } });
    expect(JSON.stringify(wrong.error.toData())).not.toContain('hf_other');
    await wrong.server.close();
    const server = await serve({ token: 'hf_secret' });
    const { manifest, files: made } = await converted(server, { token: 'hf_secret' });
    expect(graphsOf(made)).toEqual(graphsOf(expected));
    const sent = (kind: HubRequest['at']) =>
      new Set(server.requests.filter(({ at }) => at === kind).map(({ authorization }) => authorization));
    expect(sent('file')).toEqual(new Set(['Bearer hf_secret']));
    expect(sent('storage')).toEqual(new Set([undefined]));
    const everything =
      JSON.stringify(manifest) +
      [...made.values()].map((bytes) => Buffer.from(bytes).toString('latin1')).join('');
    expect(everything).not.toContain('hf_secret');
  });

  it('that changes while it is read is refused: other bytes, another size, another commit', async () => {
    const first = [...files.keys()].find((name) => name.endsWith('.safetensors'))!;
    const otherEtag = await failure({
      fault: ({ at, before }) =>
        at === 'storage' && before > 6 ? { headers: { etag: '"new"' } } : undefined,
    });
    expect(otherEtag.error.code).toBe('hub/changed');
    await otherEtag.server.close();
    const longer = await failure({
      fault: ({ at, before, from }) =>
        at === 'storage' && before > 6
          ? { headers: { 'content-range': `bytes ${from}-${from}/999` } }
          : undefined,
    });
    expect(longer.error.code).toBe('hub/changed');
    await longer.server.close();
    const moved = await failure({
      fault: ({ at, file }) =>
        at === 'file' && file === 'config.json'
          ? { headers: { 'x-repo-commit': '1'.repeat(40) } }
          : undefined,
    });
    expect(moved.error).toMatchObject({ code: 'hub/changed', params: { file: 'config.json' } });
    await moved.server.close();
    const server = await serve();
    const checkpoint = await open(server);
    server.options = { ...server.options, commit: '2'.repeat(40) };
    await expect(checkpoint.read(first, 0, 8)).rejects.toMatchObject({ code: 'hub/absent' });
  });

  it.each<[string, Partial<HubServerOptions>, object]>([
    ['an unknown repository', { repository: 'some/other' }, { code: 'hub/absent' }],
    ['a list without a commit', { list: ({ siblings }) => ({ siblings }) }, { code: 'hub/answer' }],
    [
      'a list that is a web page',
      { fault: ({ at }) => (at === 'list' ? { status: 200, body: '<html>' } : undefined) },
      { code: 'hub/answer' },
    ],
    [
      'a server without ranges',
      { fault: ({ at }) => (at === 'storage' ? { whole: true } : undefined) },
      { code: 'hub/answer' },
    ],
    [
      'a redirect to a file of this machine',
      { fault: ({ at }) => (at === 'file' ? { location: 'file:///etc/passwd' } : undefined) },
      { code: 'hub/network' },
    ],
    [
      'a redirect to data',
      { fault: ({ at }) => (at === 'file' ? { location: 'data:text/plain,x' } : undefined) },
      { code: 'hub/network' },
    ],
    [
      'a redirect without end',
      {
        fault: ({ at, file }) =>
          at === 'file' ? { location: `/somebody/tiny/resolve/${hubCommit}/${file}` } : undefined,
      },
      { code: 'hub/network' },
    ],
  ])('%s is a named error', async (_, options, problem) => {
    const { error } = await failure(options);
    expect(error).toMatchObject(problem);
  });

  const hostile = (name: string, bytes: Uint8Array) => ({ files: new Map([...files, [name, bytes]]) });
  const shard = 'model-00001-of-00003.safetensors';
  const index = 'model.safetensors.index.json';
  it.each<[string, () => Partial<HubServerOptions>, string]>([
    [
      'an index that names a file outside',
      () => hostile(index, json({ weight_map: { a: '../../etc/passwd' } })),
      'convert/outside',
    ],
    [
      'an index that names no listed file',
      () => hostile(index, json({ weight_map: { a: 'other.safetensors' } })),
      'convert/no-shard',
    ],
    [
      'an index of two gigabytes',
      () => ({
        list: (list) => ({
          ...list,
          siblings: list.siblings.map((one) =>
            Reflect.get(one, 'rfilename') === index ? { ...one, size: 2e9 } : one,
          ),
        }),
      }),
      'hub/changed',
    ],
    [
      'a header of two gigabytes',
      () => {
        const bytes = files.get(shard)!.slice();
        new DataView(bytes.buffer).setBigUint64(0, 2n ** 31n, true);
        return hostile(shard, bytes);
      },
      'convert/header',
    ],
    [
      'overlapping tensors',
      () =>
        hostile(
          shard,
          safetensors(
            JSON.stringify({
              a: { dtype: 'U8', shape: [4], data_offsets: [0, 4] },
              b: { dtype: 'U8', shape: [4], data_offsets: [2, 6] },
            }),
            new Uint8Array(6),
          ),
        ),
      'convert/header',
    ],
    [
      'a pointer of Git LFS',
      () =>
        hostile(
          shard,
          new TextEncoder().encode(
            `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 9\n`,
          ),
        ),
      'convert/pointer',
    ],
    [
      'a size in the list that is not the file’s',
      () => ({
        list: (list) => ({
          ...list,
          siblings: list.siblings.map((one) =>
            Reflect.get(one, 'rfilename') === shard
              ? { ...one, lfs: { sha256: 'a'.repeat(64), size: 2e15 } }
              : one,
          ),
        }),
      }),
      'hub/changed',
    ],
  ])('%s is refused', async (_, options, code) => {
    const { error } = await failure(options());
    expect(error.code).toBe(code);
  });
});

describe('npm run convert -- hf:…', { timeout: 300_000 }, () => {
  const cli = join(root, 'convert', 'cli.ts');

  function contents(folder: string): [string, string][] {
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
    return paths.flatMap((path): [string, string][] =>
      statSync(join(folder, path)).isFile()
        ? [[path, readFileSync(join(folder, path)).toString('base64')]]
        : [],
    );
  }

  function run(server: HubServer, out: string, onStart: (kill: () => void) => void = () => {}) {
    const env = { ...process.env, HF_ENDPOINT: server.endpoint, HF_TOKEN: 'hf_secret' };
    const child = spawn(process.execPath, [cli, `hf:${repository}`, out, '--dtype', 'q4f16'], { env });
    let text = '';
    child.stdout.on('data', (part: Buffer) => {
      text += part;
    });
    child.stderr.on('data', (part: Buffer) => {
      text += part;
    });
    onStart(() => child.kill('SIGKILL'));
    return new Promise<{ code: number | null; text: string }>((done) =>
      child.on('close', (code) => done({ code, text })),
    );
  }

  it('writes the same bytes after kills at random requests, and the token nowhere', async () => {
    const server = await serve({ token: 'hf_secret' });
    const whole = join(temporary, 'whole');
    expect(await run(server, whole)).toMatchObject({ code: 0 });
    const all = server.requests.length;
    const random = seededRandom(7);
    const parent = mkdtempSync(join(temporary, 'killed-'));
    const out = join(parent, 'whole');
    let kill = () => {};
    let left = 0;
    server.options = {
      ...server.options,
      fault: () => {
        if (--left === 0) kill();
        return undefined;
      },
    };
    for (let i = 0; i < 5; i++) {
      left = 1 + Math.floor(random.uniform() * all);
      await run(server, out, (stop) => {
        kill = stop;
      });
    }
    left = 0;
    const { code, text } = await run(server, out);
    expect([code, text.includes('hf_secret')]).toEqual([0, false]);
    const command = (folder: string) =>
      contents(folder).map(([path, bytes]) => [
        path,
        path === 'manifest.json' ? Buffer.from(bytes, 'base64').toString().replaceAll(folder, 'OUT') : bytes,
      ]);
    expect(command(out)).toEqual(command(whole));
    expect(readdirSync(parent)).toEqual(['whole']);
    expect(JSON.stringify(command(out))).not.toContain('hf_secret');
  });
});
