import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { DownloadProgress, PackageAddress } from './api.ts';
import type { Folder, Sink } from './folder.ts';
import type { Note } from './note.ts';
import { PackageStore } from './store.ts';

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Files in memory; `room` is what the disk still takes. */
class MemoryDisk {
  readonly bytes = new Map<string, Uint8Array>();
  readonly open = new Set<string>();
  room = Number.POSITIVE_INFINITY;

  folder(prefix = ''): Folder {
    return {
      names: async () => [
        ...new Set(
          [...this.bytes.keys()]
            .filter((path) => path.startsWith(prefix))
            .map((path) => path.slice(prefix.length).split('/')[0] as string),
        ),
      ],
      folder: async (name) => this.folder(`${prefix}${name}/`),
      file: async (path) => {
        const bytes = this.bytes.get(prefix + path);
        return bytes ? new File([bytes as Uint8Array<ArrayBuffer>], path) : null;
      },
      open: async (path) => this.sink(prefix + path),
      remove: async (name) => {
        for (const path of this.bytes.keys())
          if (path === prefix + name || path.startsWith(`${prefix}${name}/`)) this.bytes.delete(path);
      },
      bytes: async (name) =>
        [...this.bytes]
          .filter(([path]) => path.startsWith(`${prefix}${name}/`))
          .reduce((sum, [, bytes]) => sum + bytes.length, 0),
    };
  }

  sink(path: string): Sink {
    if (this.open.has(path)) throw new DOMException('is open', 'NoModificationAllowedError');
    this.open.add(path);
    const get = () => this.bytes.get(path) ?? new Uint8Array(0);
    this.bytes.set(path, get());
    const self = this;
    return {
      get size() {
        return get().byteLength;
      },
      append(bytes) {
        if (!path.endsWith('.json')) {
          if (self.room < bytes.byteLength) throw new DOMException('full', 'QuotaExceededError');
          self.room -= bytes.byteLength;
        }
        const old = get();
        const next = new Uint8Array(old.byteLength + bytes.byteLength);
        next.set(old);
        next.set(bytes, old.byteLength);
        self.bytes.set(path, next);
      },
      truncate: (size) => void self.bytes.set(path, get().slice(0, size)),
      read(into, at) {
        const part = get().subarray(at, at + into.byteLength);
        into.set(part);
        return part.byteLength;
      },
      flush() {},
      close: () => void self.open.delete(path),
    };
  }
}

const contents: Record<string, Uint8Array> = {
  'onnx/a.onnx': Uint8Array.from({ length: 5000 }, (_, i) => i % 251),
  'onnx-wasm/b.onnx': Uint8Array.from({ length: 3000 }, (_, i) => (i * 7) % 253),
  'config.json': new TextEncoder().encode('{}'),
};
const base = 'https://models.example/small/';
const address: PackageAddress = {
  manifestUrl: `${base}manifest.json`,
  filesBase: base,
  headers: { 'x-key': '1' },
};

/** The manifest that ships, with other files. */
function manifestBytes(change: (manifest: Record<string, unknown>) => void = () => {}): Uint8Array {
  const manifest = JSON.parse(readFileSync('public/models/small/manifest.json', 'utf8')) as Record<
    string,
    unknown
  >;
  delete manifest.humanHead;
  manifest.files = Object.entries(contents).map(([path, bytes]) => ({
    path,
    bytes: bytes.byteLength,
    sha256: sha(bytes),
  }));
  manifest.variants = [
    {
      dtype: 'q8',
      target: 'wasm',
      files: ['onnx-wasm/b.onnx'],
      gpuBytes: 0,
      heapBytes: 1,
      needs: [],
      decoderParts: 1,
    },
  ];
  change(manifest);
  return new TextEncoder().encode(JSON.stringify(manifest));
}

interface Fault {
  /** Cut the connection after so many bytes of an answer. */
  readonly cutAfter?: number;
  readonly ranges?: boolean;
  readonly wrongByte?: boolean;
  readonly status?: number;
  readonly endless?: boolean;
}

/** A server; `faults` are used up one a request, then all is well. */
function server(manifest: Uint8Array, faults: Record<string, Fault[]> = {}) {
  const requests: { path: string; from: number; key: string | null }[] = [];
  const fetcher = (async (input: string | URL | Request, init?: RequestInit) => {
    const path = decodeURIComponent(String(input).slice(base.length));
    const headers = new Headers(init?.headers);
    const asked = /bytes=(\d+)-/.exec(headers.get('range') ?? '');
    const fault = faults[path]?.shift() ?? {};
    const ranged = asked !== null && fault.ranges !== false;
    const from = ranged ? Number(asked[1]) : 0;
    requests.push({ path, from: asked ? Number(asked[1]) : 0, key: headers.get('x-key') });
    init?.signal?.throwIfAborted();
    if (fault.status) return new Response('no', { status: fault.status });
    const whole = path === 'manifest.json' ? manifest : contents[path];
    if (!whole) return new Response('no', { status: 404 });
    const bytes = whole.slice(from);
    if (fault.wrongByte) bytes[0] = bytes[0]! ^ 1;
    const end = Math.min(bytes.byteLength, fault.cutAfter ?? bytes.byteLength);
    let at = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        init?.signal?.throwIfAborted();
        if (fault.endless) return controller.enqueue(new Uint8Array(4096));
        if (at < end) {
          const next = Math.min(end, at + 500);
          controller.enqueue(bytes.slice(at, next));
          at = next;
        } else if (end < bytes.byteLength) controller.error(new TypeError('network'));
        else controller.close();
      },
    });
    return new Response(body, {
      status: ranged ? 206 : 200,
      headers: ranged ? { 'content-range': `bytes ${from}-${whole.byteLength - 1}/${whole.byteLength}` } : {},
    });
  }) as typeof fetch;
  return { fetch: fetcher, requests };
}

function setUp(
  faults: Record<string, Fault[]> = {},
  { free = null as number | null, manifest = manifestBytes() } = {},
) {
  const disk = new MemoryDisk();
  const net = server(manifest, faults);
  const waits: number[] = [];
  const make = (fetcher = net.fetch) =>
    new PackageStore({
      root: disk.folder(),
      fetch: fetcher,
      wait: async (ms, signal) => {
        waits.push(ms);
        signal.throwIfAborted();
      },
      free: async () => free,
      alone: (_, work) => work(),
    });
  const reported: DownloadProgress[] = [];
  const get = (store = make(), signal = new AbortController().signal) =>
    store.download(address, sha(manifest), Object.keys(contents), signal, (p) => void reported.push(p));
  return { disk, net, waits, make, get, reported, manifest };
}

const never = new AbortController().signal;

describe('packages on this device', () => {
  test('all files, each checked; the bar only rises', async () => {
    const { get, reported, net, make } = setUp();
    const stored = await get();
    expect(stored).toMatchObject({ complete: true, arrivedBytes: 8002, totalBytes: 8002 });
    expect(reported.at(-1)).toMatchObject({ checkedBytes: 8002, checkedFiles: 3 });
    reported.reduce((before, { arrivedBytes }) => {
      expect(arrivedBytes).toBeGreaterThanOrEqual(before);
      return arrivedBytes;
    }, 0);
    expect(net.requests.every(({ key }) => key === '1')).toBe(true);
    const given = await make().files(stored.id);
    // The model worker does not hash again what was checked on arrival; it hashes the manifest itself.
    expect(given.filter(({ checked }) => !checked).map(({ path }) => path)).toEqual(['manifest.json']);
    const files = new Map(given.map(({ path, file }) => [path, file]));
    expect(new Uint8Array((await files.get('onnx/a.onnx')?.arrayBuffer()) ?? [])).toEqual(
      contents['onnx/a.onnx'],
    );
  });

  test('a cut connection goes on where it was cut', async () => {
    const { get, net, waits } = setUp({ 'onnx/a.onnx': [{ cutAfter: 2000 }, { cutAfter: 1000 }] });
    expect((await get()).complete).toBe(true);
    expect(net.requests.filter(({ path }) => path === 'onnx/a.onnx').map(({ from }) => from)).toEqual([
      0, 2000, 3000,
    ]);
    expect(waits).toEqual([500, 500]);
  });

  test('a network that stays away gives up, keeps what arrived, and a new visit goes on', async () => {
    const dead = Array.from({ length: 6 }, () => ({ cutAfter: 0 }));
    const { get, make, net, disk } = setUp({ 'onnx/a.onnx': [{ cutAfter: 1500 }, ...dead] });
    await expect(get()).rejects.toMatchObject({ code: 'model/network', params: { file: 'onnx/a.onnx' } });
    expect(disk.open.size).toBe(0);
    const [left] = await make().list();
    expect(left).toMatchObject({ complete: false });
    expect(left?.files.find(({ path }) => path === 'onnx/a.onnx')).toMatchObject({
      state: 'partial',
      arrived: 1500,
    });
    expect((await get(make())).complete).toBe(true);
    expect(net.requests.at(-1)?.from).toBe(1500);
  });

  test('a server without ranges starts that file again and says so', async () => {
    const { get, reported } = setUp({ 'onnx/a.onnx': [{ cutAfter: 2000 }, { ranges: false }] });
    expect((await get()).complete).toBe(true);
    expect(
      reported.some(({ restarted }) => restarted?.path === 'onnx/a.onnx' && restarted.why === 'server'),
    ).toBe(true);
  });

  test('one wrong byte is fetched again; a file that stays wrong is damaged and repaired alone', async () => {
    const once = setUp({ 'onnx/a.onnx': [{ wrongByte: true }] });
    expect((await once.get()).complete).toBe(true);

    const { get, make, net } = setUp({ 'onnx/a.onnx': [{ wrongByte: true }, { wrongByte: true }] });
    await expect(get()).rejects.toMatchObject({ code: 'model/checksum', params: { file: 'onnx/a.onnx' } });
    const [left] = await make().list();
    expect(left?.files.find(({ path }) => path === 'onnx/a.onnx')?.state).toBe('corrupt');
    await expect(make().files(left?.id as string)).rejects.toMatchObject({ code: 'model/checksum' });
    const before = net.requests.length;
    const repaired = await get(make());
    expect(repaired.complete).toBe(true);
    expect(
      net.requests.slice(before).filter(({ path }) => path === 'config.json').length,
    ).toBeLessThanOrEqual(1);
  });

  test('a file that was checked is not fetched again', async () => {
    const { get, make, net } = setUp();
    await get();
    const before = net.requests.length;
    await get(make());
    expect(net.requests.slice(before).map(({ path }) => path)).toEqual(['manifest.json']);
  });

  test('a stop keeps what arrived', async () => {
    const { get, make, disk } = setUp();
    const controller = new AbortController();
    const store = make();
    const running = store.download(
      address,
      sha(manifestBytes()),
      Object.keys(contents),
      controller.signal,
      (p) => {
        if (p.arrivedBytes > 1000) controller.abort(new DOMException('', 'AbortError'));
      },
    );
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(disk.open.size).toBe(0);
    expect((await store.list())[0]?.arrivedBytes).toBeGreaterThan(0);
    expect((await get(make())).complete).toBe(true);
  });

  test('too little room is said before the first byte; a disk that fills keeps what arrived', async () => {
    const { get, net } = setUp({}, { free: 8001 });
    await expect(get()).rejects.toMatchObject({
      code: 'model/storage',
      params: { needed: 8002, free: 8001 },
    });
    expect(net.requests.map(({ path }) => path)).toEqual(['manifest.json']);

    const full = setUp();
    full.disk.room = 4000;
    await expect(full.get()).rejects.toMatchObject({ code: 'model/storage' });
    full.disk.room = Number.POSITIVE_INFINITY;
    expect((await full.get(full.make())).complete).toBe(true);
  });

  test('hostile packages are refused by name and write nothing', async () => {
    for (const path of ['../x', '/etc/passwd', 'a/../../b', 'a\\b', '%2e%2e/x']) {
      const manifest = manifestBytes((m) => {
        (m.files as { path: string }[])[0]!.path = path;
      });
      const { make, disk } = setUp({}, { manifest });
      await expect(make().fetchManifest(address)).rejects.toMatchObject({
        code: 'model/unsafe',
        params: { path },
      });
      expect(disk.bytes.size).toBe(0);
    }
    const newer = setUp({}, { manifest: manifestBytes((m) => Object.assign(m, { format: 3 })) });
    await expect(newer.make().fetchManifest(address)).rejects.toMatchObject({ code: 'model/version' });
    const endless = setUp({ 'manifest.json': [{ endless: true }] });
    await expect(endless.make().fetchManifest(address)).rejects.toMatchObject({ code: 'model/manifest' });
    const changed = setUp();
    await expect(changed.make().download(address, 'f'.repeat(64), [], never, () => {})).rejects.toMatchObject(
      { code: 'model/checksum', params: { file: 'manifest.json' } },
    );
  });

  test('a server that sends more than the manifest says', async () => {
    const { get } = setUp({ 'config.json': [{ endless: true }, { endless: true }, { endless: true }] });
    await expect(get()).rejects.toMatchObject({ code: 'model/checksum', params: { file: 'config.json' } });
  });

  test('a refusal is final', async () => {
    const { get, waits } = setUp({ 'onnx/a.onnx': [{ status: 403 }] });
    await expect(get()).rejects.toMatchObject({ code: 'model/network', params: { status: 403 } });
    expect(waits).toEqual([]);
  });

  test('a folder is copied and checked; wrong bytes are named', async () => {
    const { make, manifest } = setUp();
    const folder = (wrong?: string) => [
      { path: 'pkg/manifest.json', file: new Blob([manifest as Uint8Array<ArrayBuffer>]) },
      ...Object.entries(contents).map(([path, bytes]) => {
        const copy = bytes.slice();
        if (path === wrong) copy[3] = copy[3]! ^ 1;
        return { path: `pkg/${path}`, file: new Blob([copy]) };
      }),
    ];
    expect(await make().importFolder(folder(), never, () => {})).toMatchObject({
      complete: true,
      address: null,
    });
    await expect(
      setUp()
        .make()
        .importFolder(folder('onnx/a.onnx'), never, () => {}),
    ).rejects.toMatchObject({
      code: 'model/checksum',
      params: { file: 'onnx/a.onnx' },
    });
  });

  test('a note of format 1 is read', async () => {
    const { get, make, disk } = setUp();
    const { id } = await get();
    const path = `${id}/note.json`;
    const note = JSON.parse(new TextDecoder().decode(disk.bytes.get(path))) as Note;
    const earlier = { ...note, format: 1, checked: ['config.json'], corrupt: ['onnx/a.onnx'] };
    disk.bytes.set(path, new TextEncoder().encode(JSON.stringify(earlier).replace('corrupt', 'damaged')));
    expect(
      Object.fromEntries((await make().list())[0]!.files.map((file) => [file.path, file.state])),
    ).toEqual({
      'onnx/a.onnx': 'corrupt',
      'onnx-wasm/b.onnx': 'partial',
      'config.json': 'checked',
    });
  });

  test('what rots on disk is found, and removing leaves nothing', async () => {
    const { get, make, disk } = setUp();
    const { id } = await get();
    const path = [...disk.bytes.keys()].find((name) => name.endsWith('b.onnx')) as string;
    disk.bytes.get(path)![9]! ^= 1;
    const steps: DownloadProgress[] = [];
    const verified = await make().verify(id, never, (progress) => steps.push(progress));
    expect(steps.at(-1)).toMatchObject({ arrivedBytes: 8002, totalBytes: 8002 });
    expect(verified.files.filter(({ state }) => state === 'corrupt').map((f) => f.path)).toEqual([
      'onnx-wasm/b.onnx',
    ]);
    await make().remove(id);
    expect(disk.bytes.size).toBe(0);
  });

  test('a conversion is unfinished until its files are whole, then a package where they are', async () => {
    const { make, disk } = setUp();
    const id = 'ab12';
    const put = (path: string, bytes: Uint8Array) => disk.bytes.set(`${id}/${path}`, bytes);
    const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
    const note = {
      format: 1,
      name: 'tiny',
      dtype: 'q4f16',
      variants: [{ target: 'webgpu', dtype: 'q4f16' }],
      address: { endpoint: 'https://hub.example', repository: 'a/b', revision: 'c0ffee' },
      startedAt: '2026-01-01T00:00:00Z',
    };
    put('conversion.json', text(note));
    put('conversion.jsonl', text({ key: 'x' }));
    put('files/config.json', contents['config.json']!);
    expect(await make().unfinished()).toEqual([{ ...note, id, bytes: 2 }]);
    expect(await make().list()).toEqual([]);
    await expect(make().adopt(id)).rejects.toMatchObject({ code: 'model/manifest' });

    for (const [path, bytes] of Object.entries(contents)) put(`files/${path}`, bytes);
    put('files/manifest.json', manifestBytes());
    // The journal goes last: a page that was closed before has not finished.
    expect(await make().unfinished()).toHaveLength(1);
    disk.bytes.delete(`${id}/conversion.jsonl`);
    // A page that was closed before the store took it over: the next one does.
    expect(await make().unfinished()).toEqual([]);
    const [stored] = await make().list();
    expect(stored).toMatchObject({ id, address: null, complete: true, totalBytes: 8002 });
    expect([...disk.bytes.keys()]).not.toContain(`${id}/conversion.json`);
    expect((await make().files(id)).map(({ path }) => path)).toContain('onnx/a.onnx');
    expect(await make().adopt(id)).toEqual(stored);
  });

  test('a note of a conversion that is none is passed over', async () => {
    const { make, disk } = setUp();
    disk.bytes.set('ab12/conversion.json', new TextEncoder().encode('{"format": 7}'));
    disk.bytes.set('cd34/conversion.json', new TextEncoder().encode('{'));
    expect(await make().unfinished()).toEqual([]);
  });
});
