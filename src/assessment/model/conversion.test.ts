import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../core/errors.ts';
import type { CheckpointOffer, CheckpointSource } from '../../../workers/convert/api.ts';
import { Conversion, type ConversionDependencies, recommended } from './conversion.ts';

const commit = 'c'.repeat(40);
const address = { endpoint: 'https://hub.example', repository: 'a/b', revision: 'main' };
const hub: CheckpointSource = { kind: 'hub', address };
const requirements = { variants: [], files: [] };
const offer: CheckpointOffer = {
  name: 'b',
  address: { ...address, revision: commit },
  weightBytes: 1000,
  packages: [
    { dtype: 'q4f16', variants: [{ target: 'webgpu', dtype: 'q4f16' }], bytes: 300, requirements },
    { dtype: 'q4', variants: [{ target: 'webgpu', dtype: 'q4' }], bytes: 310, requirements },
  ],
};

function setUp(change: Partial<ConversionDependencies> = {}) {
  const conversion = new Conversion({
    look: async () => offer,
    convert: async () => 'id',
    unfinished: async () => [],
    adopt: async (id) => id,
    remove: async () => {},
    persist: async () => true,
    ...change,
  });
  return { conversion, state: () => conversion.store.getState() };
}

describe('a conversion', () => {
  it('is offered with its commit pinned, and nothing is made before it is asked for', async () => {
    let made = 0;
    const { conversion, state } = setUp({
      convert: async () => {
        made += 1;
        return `${made}`;
      },
    });
    await conversion.look(hub);
    expect(state().offered?.source).toEqual({ kind: 'hub', address: { ...address, revision: commit } });
    expect([state().looking, made]).toEqual([false, 0]);
    expect(await conversion.start('q8')).toBeNull();
    expect(await conversion.start('q4')).toBe('1');
    expect(state()).toMatchObject({ offered: null, running: null, error: null });
  });

  it('tells its share, rate and time left', async () => {
    let time = 0;
    const seen: unknown[] = [];
    const { conversion, state } = setUp({
      now: () => time,
      convert: async (_request, onProgress) => {
        for (const done of [0, 25, 50]) {
          onProgress({ stage: 'write', done, total: 100, file: 'a', received: 0 });
          seen.push(state().running);
          time += 1000;
        }
        return 'id';
      },
    });
    await conversion.look(hub);
    await conversion.start('q4f16');
    expect(seen).toEqual([
      { name: 'b', stage: 'write', share: 0, speed: null, left: null },
      { name: 'b', stage: 'write', share: 0.25, speed: 250, left: 3 },
      { name: 'b', stage: 'write', share: 0.5, speed: 250, left: 2 },
    ]);
  });

  it('asks for a token where a repository wants a sign-in, and gives it to the worker alone', async () => {
    const sources: CheckpointSource[] = [];
    const { conversion, state } = setUp({
      look: async (source) => {
        sources.push(source);
        if (source.kind === 'hub' && source.token === undefined)
          throw new CodedError('hub/access', { repository: 'a/b', host: 'hub.example', status: 401 });
        return offer;
      },
    });
    expect(await conversion.look(hub)).toBe(false);
    expect(state()).toMatchObject({ locked: address, error: { code: 'hub/access' } });
    expect(await conversion.look({ ...hub, token: 'hf_secret' })).toBe(true);
    expect(state()).toMatchObject({ locked: null, error: null });
    expect(sources.at(-1)).toMatchObject({ token: 'hf_secret' });
    await conversion.start('q4');
    expect(JSON.stringify(state())).not.toContain('hf_secret');
  });

  it('keeps a fault for the reader, and a stop is none; both leave what can go on', async () => {
    const note = {
      id: 'id',
      format: 1 as const,
      name: 'b',
      dtype: 'q4' as const,
      variants: [...offer.packages[1]!.variants],
      address: { ...address, revision: commit },
      startedAt: '',
      bytes: 100,
    };
    let fault: unknown = new CodedError('convert/disk-full');
    const made: unknown[] = [];
    const { conversion, state } = setUp({
      unfinished: async () => (fault ? [note] : []),
      convert: async (request) => {
        made.push(request);
        if (fault) throw fault;
        return 'id';
      },
    });
    await conversion.look(hub);
    expect(await conversion.start('q4')).toBeNull();
    expect(state()).toMatchObject({ error: { code: 'convert/disk-full' }, unfinished: [note] });
    fault = new DOMException('stopped', 'AbortError');
    await conversion.resume(note);
    expect(state().error).toBeNull();
    fault = null;
    expect(await conversion.resume(note)).toBe('id');
    expect(state().unfinished).toEqual([]);
    expect(made[2]).toEqual(made[0]);
  });

  it('is recommended in a format that this machine does not refuse', () => {
    expect(recommended(offer, () => null)).toBe('q4f16');
    expect(recommended(offer, (dtype) => dtype !== 'q4f16')).toBe('q4');
    expect(recommended(offer, () => false)).toBe('q4f16');
  });
});
