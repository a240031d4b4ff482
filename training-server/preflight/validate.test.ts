/** Everything that can be wrong with a recipe, its checkpoint, its videos or the machine is said before a run exists. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, test } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { openRoots, type Probe } from '../data/api.ts';
import { recipeFrom } from '../recipes/recipe-files.ts';
import type { Machine } from './machine.ts';
import { type Validation, validateRecipe } from './validate.ts';

const home = mkdtempSync(join(tmpdir(), 'preflight-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const at = (...names: string[]) => join(home, ...names);
const tiny = join(import.meta.dirname, '..', 'checkpoints', 'tiny');
cpSync(tiny, at('checkpoint'), { recursive: true });
for (const name of ['a.mp4', 'b.mp4', 'c.mp4']) writeFileSync(at(name), name);
writeFileSync(at('train.csv'), 'path,mos\na.mp4,3\nb.mp4,2\n');
writeFileSync(at('wide.csv'), 'path,mos\na.mp4,80\nb.mp4,2\n');
writeFileSync(at('three.csv'), 'path,mos\na.mp4,1\nb.mp4,2\nc.mp4,3\n');

const recipe = {
  name: 'tiny',
  model: { checkpoint: 'checkpoint' },
  engine: { device: 'cpu', precision: 'fp32' },
  rules: { videosPerStep: 2 },
  sources: { clips: { kind: 'csv', file: 'train.csv', labels: 'asWritten' } },
  stages: [{ name: 'grpo', objective: 'grpo', train: ['clips'], steps: 10 }],
};
const cpu: Machine = { device: 'cpu', torch: '2.13.0', gpus: 0, memoryBytes: null };
const roots = await openRoots([home]);
const fails =
  (code: string, params = {}) =>
  async () => {
    throw new CodedError(code, params);
  };

async function faults(given: object, validation: Partial<Validation> = {}) {
  const settings: Validation = { roots, machine: async () => cpu, load: { draw: false }, ...validation };
  const { report } = await validateRecipe(() => recipeFrom({ ...recipe, ...given }), settings);
  expect(report.ok).toBe(report.errors.length === 0);
  return report.errors.map(({ code, params, message }) => ({
    code,
    params,
    message: errorMessage(new CodedError(code, params, message)),
  }));
}

/** A copy of the tiny checkpoint, changed. */
function checkpoint(name: string, change: (folder: string) => void) {
  cpSync(tiny, at(name), { recursive: true });
  change(at(name));
  return { model: { checkpoint: name } };
}

it('a checkpoint whose file is a link out of the roots is refused, one within is not', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'outside-'));
  writeFileSync(join(outside, 'key'), 'secret');
  const given = checkpoint('linked', (folder) => {
    rmSync(join(folder, 'special_tokens_map.json'), { force: true });
    symlinkSync(join(outside, 'key'), join(folder, 'special_tokens_map.json'));
  });
  const report = await faults(given);
  expect(report.map(({ code }) => code)).toEqual(['train/checkpoint']);
  expect(report[0]!.message).toContain('special_tokens_map.json is a link out of the allowed folders');
  rmSync(outside, { recursive: true });
  expect((await faults(given))[0]!.message).toContain('link to nothing');

  const within = checkpoint('linked-within', (folder) => {
    rmSync(join(folder, 'config.json'));
    symlinkSync(at('checkpoint', 'config.json'), join(folder, 'config.json'));
  });
  expect(await faults(within)).toEqual([]);
});

it('a recipe that can be run has no fault', async () => {
  expect(await faults({})).toEqual([]);
});

test.each<[string, object, string, RegExp]>([
  ['a wrong field', { seed: 'x' }, 'train/recipe', /seed/],
  ['a path outside the roots', { model: { checkpoint: '/etc' } }, 'train/path', /--root/],
  ['a path to nothing', { model: { checkpoint: 'nowhere' } }, 'train/missing-path', /model\.checkpoint/],
  [
    'a profile that it does not have',
    { model: { checkpoint: 'checkpoint', profile: 'x' } },
    'train/recipe',
    /tiny8/,
  ],
  ['a GPU where there is none', { engine: { device: 'cuda', processes: 2 } }, 'train/gpu', /GPU/],
  [
    'labels of another scale',
    { sources: { clips: { ...recipe.sources.clips, file: 'wide.csv' } } },
    'train/labels',
    /0–5, the first is 80/,
  ],
  ['more videos a step than there are', { rules: { videosPerStep: 64 } }, 'train/recipe', /64.* 2 videos/],
  [
    'answers to learn that nobody wrote',
    { stages: [{ name: 'sft', objective: 'sft', train: ['clips'], steps: 1, videosPerStep: 1 }] },
    'train/recipe',
    /stages\[0\]\.texts/,
  ],
])('%s', async (_, given, code, message) => {
  const report = await faults(given);
  expect(report.map((fault) => fault.code)).toEqual([code]);
  expect(report[0]!.message).toMatch(message);
});

test.each<[string, (folder: string) => void, RegExp]>([
  [
    'of another shape',
    (folder) => {
      const file = join(folder, 'config.json');
      const config = JSON.parse(readFileSync(file, 'utf8')) as { llm_config: { intermediate_size: number } };
      config.llm_config.intermediate_size *= 2;
      writeFileSync(file, JSON.stringify(config));
    },
    /language_model\S+ has the shape \[\d+, \d+\] where the config asks for \[\d+, \d+\]/,
  ],
  [
    'of another kind',
    (folder) => writeFileSync(join(folder, 'config.json'), '{"model_type": "llava"}'),
    /of another model \(llava\)/,
  ],
  ['without weights', (folder) => rmSync(join(folder, 'model.safetensors')), /safetensors/],
  [
    'with damaged weights',
    (folder) => writeFileSync(join(folder, 'model.safetensors'), 'damaged'),
    /model\.safetensors/,
  ],
  ['without a tokenizer', (folder) => rmSync(join(folder, 'tokenizer.json')), /no tokenizer/],
  ['that is an empty folder', (folder) => rmSync(join(folder, 'config.json')), /config\.json/],
])('a checkpoint %s', async (name, change, message) => {
  const report = await faults(checkpoint(name.replaceAll(' ', '-'), change));
  expect(report.map(({ code }) => code)).toEqual(['train/checkpoint']);
  expect(report[0]!.message).toMatch(message);
});

it('no Python, no torch: once, and no video is asked to open', async () => {
  const probe: Probe = () => Promise.reject(new CodedError('train/python'));
  for (const code of ['train/python', 'train/torch']) {
    const machine = fails(code, { problem: 'No module named torch' });
    const report = await faults({}, { machine, load: { draw: false, probe } });
    expect(report.map((fault) => fault.code)).toEqual([code]);
  }
});

it('the GPUs of a remote engine are not counted here', async () => {
  expect(await faults({ engine: { device: 'cuda', processes: 8 } }, { machine: async () => null })).toEqual(
    [],
  );
});

it('a video that cannot be read costs itself, all of them the run', async () => {
  const facts = { frames: 10, width: 64, height: 48, fps: 25 };
  const opening =
    (bad: RegExp): Probe =>
    async (paths) =>
      paths.map((path) => (bad.test(path) ? { ...facts, frames: 0, error: 'no video' } : facts));
  const three = { sources: { clips: { ...recipe.sources.clips, file: 'three.csv' } } };
  expect(await faults(three, { load: { probe: opening(/a\.mp4/) } })).toEqual([]);
  const all = await faults(three, { load: { probe: opening(/mp4/) } });
  expect(all.map(({ code }) => code)).toEqual(['train/empty']);
});

it('clips that are not drawn yet are counted: four a scene', async () => {
  mkdirSync(at('cache'), { recursive: true });
  const sources = { clips: { kind: 'procedural', split: 'train', groups: 2 } };
  const load = { draw: false, cache: at('cache') };
  expect(await faults({ sources, rules: { videosPerStep: 8 } }, { load })).toEqual([]);
  expect(await faults({ sources, rules: { videosPerStep: 9 } }, { load })).toMatchObject([
    { code: 'train/recipe', params: { field: 'videosPerStep' } },
  ]);
});
