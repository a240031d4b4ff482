/** The session of the worker with a fake runtime: what is opened again, what is refused, what is not computed twice. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SelfTest, Variant } from '../../core/files/manifest.ts';
import { builtInProfiles } from '../../core/sampling/profiles.ts';
import type { AssessEvent, AssessRequest } from './api.ts';
import type { KvCache } from './language-decoder.ts';
import { ModelSession } from './model-session.ts';

const profile = builtInProfiles['train6@448'];
const VOCABULARY = 64;
const END = 3;

/** State of the fake device, and what was asked of it. */
const device = vi.hoisted(() => ({
  /** Variants whose logits are wrong. */
  faulty: new Set<string>(),
  opened: [] as string[],
  encoded: 0,
  prefilled: 0,
  failures: [] as Error[],
  lose: () => {},
  lost: Promise.resolve() as Promise<unknown>,
}));

const logitsAfter = (length: number) =>
  Float32Array.from(
    { length: VOCABULARY },
    (_, id) => 5 * Math.sin(length * 3.7 + id * 1.9) + (id === END ? 9 : 0),
  );

function fakeDecoder(dtype: string) {
  const after = (cache: KvCache, count: number) => {
    const failure = device.failures.shift();
    if (failure) throw failure;
    const logits = logitsAfter(cache.length + count);
    // One kernel that clears part of its output.
    if (device.faulty.has(dtype)) logits.fill(0, 0, 40);
    return { cache: { length: cache.length + count, tensors: {} }, logits };
  };
  return {
    width: 1,
    rewinds: true,
    reserve() {},
    empty: () => ({ length: 0, tensors: {} }),
    rewound: (_: KvCache, length: number) => ({ length, tensors: {} }),
    embed: async (ids: readonly number[]) => new Float32Array(ids.length),
    async prefill(cache: KvCache, embeds: Float32Array, { signal, onTokens }: Record<string, never> = {}) {
      if ((signal as AbortSignal | undefined)?.aborted) return { cache, logits: null };
      device.prefilled += embeds.length;
      (onTokens as ((tokens: number) => void) | undefined)?.(embeds.length);
      return after(cache, embeds.length);
    },
    step: async (cache: KvCache) => after(cache, 1),
    greedy: () => null,
  };
}

vi.mock('./runtime.ts', async (original) => ({
  ...(await original<typeof import('./runtime.ts')>()),
  canSuspend: () => true,
  mount: async () => {},
  startRuntime: async () => ({
    ort: { env: { webgpu: { device: { lost: device.lost } } } },
    build: 'jspi',
    threads: 1,
    transformers: {
      AutoTokenizer: {
        from_pretrained: async () => ({
          encode: (text: string) =>
            text.split(/(<IMG_CONTEXT>)/).flatMap((part) => {
              if (part === '<IMG_CONTEXT>') return [profile.tokenIds.context];
              return part === '' ? [] : [7];
            }),
          decode: () => 'x',
        }),
      },
    },
  }),
}));

vi.mock('./network.ts', async (original) => ({
  ...(await original<typeof import('./network.ts')>()),
  loadNetwork: async (_: unknown, { variant }: { variant: Variant }) => {
    device.opened.push(variant.dtype);
    return {
      decoder: fakeDecoder(variant.dtype),
      endIds: [END],
      encodeVision: async () => {
        device.encoded += 1;
        return new Float32Array(profile.tokensPerFrame);
      },
      encodeMotion: async () => new Float32Array(1),
      endEncoding: async () => {},
      dispose: async () => {},
    };
  },
}));

const selfTest: SelfTest = {
  ids: Array.from({ length: 40 }, (_, i) => i),
  bound: 0.1,
  expected: Array.from({ length: 9 }, (_, i) => {
    const logits = logitsAfter(32 + i);
    const tokens = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!).slice(0, 16);
    return { tokens, logits: tokens.map((token) => logits[token]!) };
  }),
};

const variant = (dtype: Variant['dtype']): Variant => ({
  dtype,
  target: 'webgpu',
  files: [`onnx/${dtype}.onnx`],
  gpuBytes: 1,
  heapBytes: 1,
  needs: dtype === 'q4f16' ? ['shader-f16'] : [],
  decoderParts: 1,
  selfTest,
});

function source(dtypes: readonly Variant['dtype'][], stored = dtypes) {
  const weights = new Uint8Array([1, 2, 3]);
  const sha = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const manifest = {
    format: 2,
    name: 'Tiny',
    family: 'vqathinker',
    producedBy: { converter: '1', checkpointSha256: sha('x'), command: '' },
    profile,
    scale: { kind: 'unmeasured', range: [1, 5] },
    variants: dtypes.map(variant),
    files: dtypes.map((dtype) => ({ path: `onnx/${dtype}.onnx`, bytes: 3, sha256: sha(weights) })),
    metrics: [],
    licence: 'Apache-2.0',
    card: 'README.md',
  };
  const files = stored.map((dtype) => ({ path: `onnx/${dtype}.onnx`, file: new File([weights], dtype) }));
  const file = new File([JSON.stringify(manifest)], 'manifest.json');
  return { kind: 'files' as const, files: [{ path: 'manifest.json', file }, ...files] };
}

const frames = (withPixels: boolean) =>
  Array.from({ length: profile.frames }, (_, k) => ({
    key: `frame ${k}`,
    ...(withPixels && { rgb: new Uint8Array(profile.size ** 2 * 3) }),
  }));

const request = (job: number, withPixels = true): AssessRequest => ({
  job,
  vision: frames(withPixels),
  motion: frames(withPixels),
  sampling: { kind: 'greedy' },
  maxTokens: 4,
});

beforeEach(() => {
  Object.assign(device, { opened: [], encoded: 0, prefilled: 0, failures: [], faulty: new Set() });
  device.lost = new Promise((resolve) => {
    device.lose = () => resolve({});
  });
  const adapter = {
    info: { vendor: 'test', architecture: 'gpu', description: '', device: '' },
    features: new Set(['shader-f16']),
    limits: { maxStorageBufferBindingSize: 2 ** 30 },
  };
  vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => adapter } });
  vi.stubGlobal('self', { crossOriginIsolated: false });
});
afterEach(() => vi.unstubAllGlobals());

describe('self-test at load', () => {
  it('takes the best variant where it computes what is stored', async () => {
    const loaded = await new ModelSession().load(source(['q4f16', 'q4']), {}, () => {});
    expect(loaded).toMatchObject({ dtype: 'q4f16', reason: 'gpu' });
  });

  it('finds a faulty kernel and takes the next variant', async () => {
    device.faulty.add('q4f16');
    const stages = new Set<string>();
    const session = new ModelSession();
    const loaded = await session.load(source(['q4f16', 'q4']), {}, ({ stage }) => stages.add(stage));
    expect(loaded).toMatchObject({ dtype: 'q4', reason: 'self-test' });
    expect(device.opened).toEqual(['q4f16', 'q4']);
    expect(stages).toContain('test');
  });

  it.each([
    ['all variants are computed wrongly', ['q4f16', 'q4'] as const, ['q4f16', 'q4'] as const, 'q4'],
    ['the next variant is not on this machine', ['q4f16', 'q4'] as const, ['q4f16'] as const, 'q4f16'],
    ['there is no other variant', ['q4f16'] as const, ['q4f16'] as const, 'q4f16'],
  ])('refuses by name where %s', async (_, dtypes, stored, dtype) => {
    device.faulty = new Set(['q4f16', 'q4']);
    await expect(new ModelSession().load(source(dtypes, stored), {}, () => {})).rejects.toMatchObject({
      code: 'model/self-test',
      params: { dtype, adapter: 'test · gpu' },
    });
  });
});

describe('a lost graphics device', () => {
  it('is noticed between runs; no frame is encoded again', async () => {
    const session = new ModelSession();
    await session.load(source(['q4']), {}, () => {});
    const first = await session.assess(request(1), () => true);
    device.lose();
    // The loss arrives as a microtask of the device, before the next call of the page.
    await new Promise((resolve) => setTimeout(resolve));
    expect(await session.has(['frame 0'])).toEqual([true]);
    const again = await session.assess(request(2, false), () => true);
    expect(again.text).toBe(first.text);
    expect(device.opened).toEqual(['q4', 'q4']);
    expect(device.encoded).toBe(profile.frames);
  });

  it('in a run opens the package once more; a second loss in a row is an error, one after an answer is not', async () => {
    const session = new ModelSession();
    await session.load(source(['q4']), {}, () => {});
    const loss = () => new Error('mapAsync failed: The Device was lost before mapping was resolved');
    for (const job of [1, 2]) {
      device.failures = [loss()];
      // Other pixels, so that there is something to run.
      await session.assess({ ...request(job), prefix: `${job}` }, () => true);
    }
    expect(device.opened).toEqual(['q4', 'q4', 'q4']);
    device.failures = [loss(), loss()];
    await expect(session.assess({ ...request(3), prefix: '33' }, () => true)).rejects.toMatchObject({
      code: 'run/device',
    });
  });
});

describe('prefill', () => {
  it('runs the prompt once for several answers, and tells its share', async () => {
    const session = new ModelSession();
    await session.load(source(['q4']), {}, () => {});
    const events: AssessEvent[] = [];
    await session.assess(request(1), (event) => events.push(event) > 0);
    const tokens = events.flatMap((event) => (event.stage === 'prefill' ? [event] : []));
    expect(tokens.at(-1)?.done).toBe(tokens.at(-1)?.tokens);
    const prefilled = device.prefilled;
    await session.assess(
      { ...request(2), sampling: { kind: 'sample', temperature: 1, topK: 0, seed: 5 } },
      () => true,
    );
    expect(device.prefilled).toBe(prefilled);
  });

  it('hears a stop before the next piece', async () => {
    const session = new ModelSession();
    await session.load(source(['q4']), {}, () => {});
    const answer = await session.assess(request(1), (event) => {
      if (event.stage === 'prefill' && event.done > 0) session.abort(1);
      return true;
    });
    expect(answer).toMatchObject({ end: 'aborted', tokens: 0, text: '' });
    expect(device.prefilled).toBeLessThan(2 * profile.tokensPerFrame + 20);
  });
});
