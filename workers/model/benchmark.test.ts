/** Speeds of a fake network on a clock that only its own work moves. Oracle: the time that each part was given. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Manifest, Variant } from '../../core/files/manifest.ts';
import { builtInProfiles } from '../../core/sampling/profiles.ts';
import { cacheBytes, prefillOperations } from '../../core/stats/model-work.ts';
import { type BenchmarkSubject, benchmarkPackage } from './benchmark.ts';
import type { KvCache } from './language-decoder.ts';
import type { Network } from './network.ts';

const profile = builtInProfiles['train6@448']!;
const PROMPT = profile.frames * profile.tokensPerFrame + 100;
const text = {
  hidden_size: 4,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 3,
  intermediate_size: 5,
  vocab_size: 7,
};

let clock = 0;
beforeEach(() => {
  clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
});
afterEach(() => vi.restoreAllMocks());

interface Times {
  /** Milliseconds of a prompt's token, a new token, a frame. */
  readonly token?: number;
  readonly step?: number;
  readonly frame?: number;
  readonly fail?: () => void;
}

function fakeNetwork({ token = 1, step = 50, frame = 100, fail = () => {} }: Times) {
  const PIECE = 10;
  const decoder = {
    width: 2,
    reserve() {},
    empty: (): KvCache => ({ length: 0, tensors: {} }),
    embed: async (ids: readonly number[]) => new Float32Array(2 * ids.length),
    async prefill(cache: KvCache, embeds: Float32Array, { signal, onTokens }: Record<string, never> = {}) {
      let { length } = cache;
      const end = length + embeds.length / 2;
      while (length < end) {
        if ((signal as AbortSignal | undefined)?.aborted)
          return { cache: { length, tensors: {} }, logits: null };
        const tokens = Math.min(PIECE, end - length);
        clock += tokens * token;
        length += tokens;
        (onTokens as ((n: number) => void) | undefined)?.(tokens);
      }
      return { cache: { length, tensors: {} }, logits: new Float32Array(7) };
    },
    async step({ length }: KvCache) {
      fail();
      clock += step;
      return { cache: { length: length + 1, tensors: {} }, logits: new Float32Array(7) };
    },
    greedy: () => null as null | (() => unknown),
  };
  return {
    decoder,
    endIds: [],
    config: { text_config: text },
    encodeVision: async () => {
      clock += frame;
      return new Float32Array(2 * profile.tokensPerFrame);
    },
    encodeMotion: async () => {
      clock += 10;
      return new Float32Array(2);
    },
    endEncoding: async () => {},
    dispose: async () => {},
  };
}

const variant = {
  dtype: 'q4f16',
  target: 'webgpu',
  files: ['onnx/decoder_model_merged_q4f16.onnx_data', 'onnx/vision_encoder_q4f16.onnx_data'],
} as unknown as Variant;

function subject(network: ReturnType<typeof fakeNetwork>, change: Partial<BenchmarkSubject> = {}) {
  return {
    network: network as unknown as Network,
    device: null,
    manifest: {
      name: 'fake',
      profile,
      files: [
        { path: variant.files[0], bytes: 1000 },
        { path: variant.files[1], bytes: 500 },
        { path: 'onnx/decoder_model_merged_q4.onnx_data', bytes: 9000 },
      ],
    } as unknown as Manifest,
    variant,
    promptTokens: PROMPT,
    loadSeconds: 3,
    ...change,
  };
}

const never = () => new AbortController().signal;

it('measures prompt, tokens and first word after a run that is not counted', async () => {
  const stages: string[] = [];
  const speeds = await benchmarkPackage(subject(fakeNetwork({})), never(), (stage) => stages.push(stage));
  expect(stages).toEqual(['prefill', 'decode', 'firstWord']);
  expect(speeds).toMatchObject({
    promptTokens: PROMPT,
    answerTokens: 64,
    load: { value: 3 },
    prefill: { value: expect.closeTo(1000) },
    decode: { value: expect.closeTo(20) },
    outside: { why: 'processor' },
  });
  // Frames, motion, the whole prompt.
  expect(speeds.firstWord).toEqual({ value: (profile.frames * 100 + 10 + PROMPT) / 1000 });
  expect(speeds.work).toEqual({
    loadBytes: 1500,
    prefillOperations: prefillOperations(text, PROMPT, 0) / PROMPT,
    stepBytes: 1000 + cacheBytes(text, PROMPT + 4 + 32, 2),
    firstWordOperations: null,
  });
});

it('ends a slow prompt and a slow answer with the piece after which its time is over', async () => {
  const speeds = await benchmarkPackage(subject(fakeNetwork({ token: 500, step: 9000 })), never(), () => {});
  // Ten tokens take 5 s: five pieces pass 20 s. Three steps of 9 s pass it.
  expect(speeds).toMatchObject({
    promptTokens: 50,
    answerTokens: 3,
    prefill: { value: 2 },
    decode: { value: expect.closeTo(1 / 9) },
  });
});

it('does not wait for frames that would take minutes', async () => {
  const network = fakeNetwork({ frame: 60_000 });
  expect((await benchmarkPackage(subject(network), never(), () => {})).firstWord).toEqual({
    why: 'too-long',
  });
});

it('gives a reason, and goes on, where a run fails', async () => {
  const fail = () => {
    throw new Error('kernel');
  };
  const speeds = await benchmarkPackage(subject(fakeNetwork({ fail })), never(), () => {});
  expect(speeds.decode).toEqual({ why: 'failed', detail: 'kernel' });
  expect(speeds.firstWord).toMatchObject({ value: expect.any(Number) });
});

it('has no share of kernels on a device without timestamps', async () => {
  const device = { features: new Set() } as unknown as GPUDevice;
  const speeds = await benchmarkPackage(subject(fakeNetwork({}), { device }), never(), () => {});
  expect(speeds.outside).toEqual({ why: 'no-timestamps' });
});

it('counts the tokens of a graph of several steps', async () => {
  const network = fakeNetwork({});
  const greedy = async () => {
    clock += 8;
    return { tokens: new Array<number>(16).fill(1), logits: new Float32Array(16) };
  };
  network.decoder.greedy = () => greedy;
  const speeds = await benchmarkPackage(subject(network), never(), () => {});
  expect(speeds).toMatchObject({ answerTokens: 64, decode: { value: expect.closeTo(2000) } });
});

it('rejects when it is stopped', async () => {
  const stop = new AbortController();
  const network = fakeNetwork({ fail: () => stop.abort() });
  await expect(benchmarkPackage(subject(network), stop.signal, () => {})).rejects.toThrow(/abort/i);
});
