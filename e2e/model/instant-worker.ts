/** Fake model worker for tests of the rest of the page: loads nothing, answers at once. */
import type { Manifest } from '../../core/files/manifest.ts';
import type { LoadedModel, ModelApi } from '../../workers/model/api.ts';
import { expose, releaseCallback } from '../../workers/thread/rpc.ts';

let answers = 0;

const api: ModelApi = {
  async load(source): Promise<LoadedModel> {
    if (source.kind !== 'url') throw new RangeError('Only packages by address.');
    const manifest = (await (await fetch(`${source.base}manifest.json`)).json()) as Manifest;
    return {
      manifest,
      manifestSha256: '0'.repeat(64),
      profile: manifest.profile,
      humanHead: null,
      dtype: 'q8',
      backend: 'wasm',
      reason: 'asked',
      adapter: '',
      threads: 1,
      seconds: 0,
      bytes: 0,
    };
  },
  has: async (keys) => keys.map(() => false),
  encodeVision: async () => {},
  async assess(request, onEvent) {
    const total = request.vision.length;
    const score = (1 + (answers++ % 400) / 100).toFixed(2);
    const text = `<think>${'The frames are sharp, and the motion is smooth. '.repeat(8)}</think><answer>${score}</answer>`;
    await onEvent({ stage: 'encodeVision', done: total, total, reused: 0 });
    await onEvent({ stage: 'encodeMotion', reused: false });
    await onEvent({ stage: 'prefill', tokens: 600, done: 600 });
    await onEvent({ stage: 'generate', text, tokens: 90 });
    releaseCallback(onEvent);
    const seconds = { encodeVision: 0, encodeMotion: 0, prefill: 0, generate: 0 };
    return { text, tokens: 90, end: 'eos', expected: null, seconds, framesReused: 0 };
  },
  benchmark: () => Promise.reject(new Error('no model')),
  abort: () => {},
  unload: async () => {},
};

expose(api);
