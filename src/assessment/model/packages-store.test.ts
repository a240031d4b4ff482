import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { CodedError } from '../../../core/errors.ts';
import { checkMachine, type Machine } from '../../../core/files/machine.ts';
import { type Manifest, readManifest } from '../../../core/files/manifest.ts';
import type { StoredPackage } from '../../../workers/packages/api.ts';
import type { PackagesClient } from '../../../workers/packages/client.ts';
import { addressOf } from './package-address.ts';
import { requiredPaths } from './packages-state.ts';
import { createPackagesStore } from './packages-store.ts';
import { BUNDLED } from './preferred-package.ts';

const shipped = JSON.parse(
  readFileSync(new URL('../../../public/models/small/manifest.json', import.meta.url), 'utf8'),
);
const manifest: Manifest = readManifest(shipped);
const SHA = 'c'.repeat(64);
const ID = SHA.slice(0, 16);
const URL_ = 'https://models.example/base/manifest.json';
const machine: Machine = { adapter: null, memory: 8e9, free: 1e10, streams: true };

const stored = (arrived: number): StoredPackage => {
  const paths = requiredPaths(manifest, machine);
  const files = manifest.files
    .filter(({ path }) => paths.includes(path))
    .map(({ path, bytes }) => ({
      path,
      bytes,
      arrived: Math.round(bytes * arrived),
      state: arrived === 1 ? ('checked' as const) : ('partial' as const),
    }));
  return {
    id: ID,
    manifest,
    manifestSha256: SHA,
    address: addressOf(URL_),
    addedAt: '2026-01-01T00:00:00Z',
    files,
    totalBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    arrivedBytes: files.reduce((sum, file) => sum + file.arrived, 0),
    complete: arrived === 1,
  };
};

function setUp(
  change: Partial<PackagesClient> = {},
  storedPackages: StoredPackage[] = [],
  here: Machine = machine,
) {
  let online: () => void = () => {};
  const client: PackagesClient = {
    canAllocate: async () => null,
    measureAdapter: () => Promise.reject(new Error('not asked for')),
    machine: async () => machine,
    list: async () => storedPackages,
    fetchManifest: async () => ({ manifest, manifestSha256: SHA, stored: null }),
    download: async () => stored(1),
    importFolder: async () => stored(1),
    verify: async () => stored(1),
    unfinished: async () => [],
    adopt: async () => stored(1),
    files: async () => [],
    remove: async () => {},
    ...change,
  };
  const packages = createPackagesStore({
    client,
    bundled: async () => ({
      manifest: shipped,
      sha256: 'd'.repeat(64),
      base: 'https://page.example/models/small/',
    }),
    machine: async () => here,
    storage: async () => ({ used: 1, quota: 2, persisted: false }),
    persist: async () => true,
    onOnline: (call) => {
      online = call;
    },
  });
  const row = (id = ID) => packages.store.getState().rows.find((one) => one.id === id);
  return { packages, row, goOnline: () => online(), client };
}

describe('models on this device', () => {
  test('the package that ships is first, kept ones follow, half a download is paused', async () => {
    const { packages, row } = setUp({}, [stored(0.5)]);
    await packages.open();
    expect(packages.store.getState().rows.map(({ id }) => id)).toEqual([BUNDLED, ID]);
    expect(row()?.work).toMatchObject({ kind: 'paused', reason: 'closed' });
  });

  test('graphics memory that cannot be allocated stops a download before its first byte, and is in the verdict', async () => {
    const adapter = { name: 'card', software: false, shaderF16: true, maxBuffer: 2 ** 30 };
    const large: Manifest = {
      ...manifest,
      variants: [
        {
          dtype: 'q4f16',
          target: 'webgpu',
          files: [manifest.files[0]!.path],
          gpuBytes: 6e9,
          heapBytes: 1e9,
          needs: [],
          decoderParts: 1,
        },
      ],
    };
    const asked: number[] = [];
    let downloads = 0;
    let free = false;
    const { packages } = setUp(
      {
        fetchManifest: async () => ({ manifest: large, manifestSha256: SHA, stored: null }),
        canAllocate: async (bytes) => {
          asked.push(bytes);
          return free;
        },
        download: async () => {
          downloads += 1;
          return stored(1);
        },
      },
      [],
      { ...machine, adapter },
    );
    await packages.open();
    await packages.fetchManifest(URL_);
    await packages.download(ID);
    expect([asked, downloads]).toEqual([[6e9], 0]);
    const verdict = () => checkMachine(large, packages.store.getState().machine!);
    expect(verdict().runs).toBe(false);
    // For another machine it is fetched all the same.
    await packages.download(ID, true);
    expect([asked, downloads]).toEqual([[6e9], 1]);

    free = true;
    packages.store.setState({ machine: { ...machine, adapter } });
    expect(await packages.tryMemory(large)).toBe(true);
    expect(await packages.tryMemory(large)).toBe(true);
    expect(asked).toEqual([6e9, 6e9]);
    expect(verdict().runs).not.toBe(false);
  });

  test('an address brings a row and nothing else; downloading asks for what this machine needs', async () => {
    const asked: string[][] = [];
    const { packages, row } = setUp({
      download: async (_address, _sha, paths) => {
        asked.push([...paths]);
        return stored(1);
      },
    });
    await packages.open();
    expect(await packages.fetchManifest(URL_)).toBe(ID);
    expect(asked).toEqual([]);
    await packages.download(ID);
    expect(row()).toMatchObject({ work: { kind: 'none' }, stored: { complete: true } });
    // No adapter: the WASM files and the small shared ones.
    expect(asked[0]?.some((path) => path.startsWith('onnx-wasm/'))).toBe(true);
    expect(asked[0]?.some((path) => path.startsWith('onnx/'))).toBe(false);
    expect(asked[0]).toContain('tokenizer.json');
    expect(packages.store.getState().storage).toBeDefined();
  });

  test('a lost network pauses, says what is kept, and goes on by itself', async () => {
    let fail = true;
    const { packages, row, goOnline } = setUp({
      list: async () => (fail ? [stored(0.25)] : []),
      download: async () => {
        if (fail) throw new CodedError('model/network', { file: 'x' });
        return stored(1);
      },
    });
    await packages.open();
    await packages.fetchManifest(URL_);
    await packages.download(ID);
    expect(row()).toMatchObject({
      work: { kind: 'paused', reason: 'network' },
      error: { code: 'model/network', params: { received: stored(0.25).arrivedBytes } },
    });
    fail = false;
    goOnline();
    await vi.waitFor(() => expect(row()?.stored?.complete).toBe(true));
    expect(row()?.error).toBeNull();
  });

  test('a refusal is an error, not a pause that would go on by itself', async () => {
    const { packages, row } = setUp({
      download: async () => {
        throw new CodedError('model/network', { file: 'x', status: 403 });
      },
    });
    await packages.open();
    await packages.fetchManifest(URL_);
    await packages.download(ID);
    expect(row()).toMatchObject({ work: { kind: 'none' }, error: { code: 'model/network' } });
  });

  test('pausing stops the worker and is no error', async () => {
    const { packages, row } = setUp({
      download: (_a, _s, _p, signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    await packages.open();
    await packages.fetchManifest(URL_);
    const running = packages.download(ID);
    await vi.waitFor(() => expect(row()?.work.kind).toBe('downloading'));
    packages.pause(ID);
    await running;
    expect(row()).toMatchObject({ work: { kind: 'paused', reason: 'person' }, error: null });
  });

  test('deleting can be undone until its time is over', async () => {
    const remove = vi.fn(async () => {});
    const { packages, row } = setUp({ remove }, [stored(1)]);
    await packages.open();
    const first = packages.remove(ID, 60);
    expect(row()).toBeUndefined();
    first.undo();
    await first.gone;
    expect(row()?.id).toBe(ID);
    expect(remove).not.toHaveBeenCalled();
    await packages.remove(ID, 0).gone;
    expect(remove).toHaveBeenCalledWith(ID);
  });

  test('a hostile package leaves no row', async () => {
    const { packages } = setUp({
      fetchManifest: async () => {
        throw new CodedError('model/unsafe', { path: '../x' });
      },
    });
    await packages.open();
    expect(await packages.fetchManifest(URL_)).toBeNull();
    expect(packages.store.getState()).toMatchObject({
      error: { code: 'model/unsafe' },
      fetchingManifest: false,
    });
    expect(await packages.fetchManifest('javascript:alert(1)')).toBeNull();
    expect(packages.store.getState().rows).toHaveLength(1);
  });
});
