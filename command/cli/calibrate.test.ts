import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readCalibration } from '../../core/files/calibration.ts';
import { seededRandom } from '../../core/stats/random.ts';
import type { Scored } from '../node/rows.ts';
import { UsageError } from './arguments.ts';
import { calibrate, pairsOf, tableAt, videosOf } from './calibrate.ts';

const folder = mkdtempSync(join(tmpdir(), 'calibrate-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const row = (path: string, score: number | null, sha256 = 'a'.repeat(64)): Scored => ({
  path,
  score,
  scale: [1, 5],
  band: 3,
  text: '',
  distortions: [],
  frame_indices: [],
  per_frame_scores: [],
  substituted: 0,
  video: { codec: 'VP9', width: 640, height: 360, fps: 25, frames: 50, duration: 2 },
  notices: [],
  model: { name: 'small', sha256 },
  ms: 1,
});

/** 60 clips whose human scores are a monotone distortion of the model's, with noise. */
const random = seededRandom('calibrate');
const rows = Array.from({ length: 60 }, (_, k) =>
  row(`clips/${k}.mp4`, Math.round(100 * (1.5 + 3 * random.uniform())) / 100),
);
const human = (score: number) => 100 / (1 + Math.exp(-(score - 2.6) / 0.3)) + 4 * random.normal();
const lines = (all: readonly object[]) => all.map((one) => `${JSON.stringify(one)}\n`).join('');

const parts = { module: '', signal: new AbortController().signal };
let printed = '';
beforeAll(() => {
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  return () => write.mockRestore();
});

describe('calibrate', () => {
  const scores = at('scores.jsonl', lines(rows));
  const table = at(
    'mos.csv',
    `name,mos,std\n${rows.map(({ path, score }) => `${path},${human(score!).toFixed(2)},0.5\n`).join('')}`,
  );

  test('60 clips: the held-out error of 5 folds lies below that of the raw score, the interval without 0', async () => {
    const output = join(folder, 'calibration.json');
    printed = '';
    expect(await calibrate([table, '--scores', scores, '-o', output], parts)).toBe(0);
    const calibration = readCalibration(JSON.parse(readFileSync(output, 'utf8')));
    const { folds, n, rmse, rawRmse, gainInterval } = calibration.heldOut;
    expect({ folds, n }).toEqual({ folds: 5, n: 60 });
    expect(rmse).toBeLessThan(rawRmse);
    expect(gainInterval[0]).toBeGreaterThan(0);
    // The noise of the human scores, 4, is what no map can remove.
    expect(rmse).toBeLessThan(8);
    expect(calibration).toMatchObject({ table: 'mos.csv', model: { name: 'small' } });
    expect(printed).toContain('held-out RMSE');
    expect(printed).toContain('--calibration');
  });

  test('the order of the rows changes nothing', () => {
    const read = tableAt(table, null);
    expect(pairsOf([...rows].reverse(), read)).toEqual(pairsOf(rows, read));
  });

  test('rows of two models are refused', async () => {
    const mixed = at('mixed.jsonl', lines([...rows.slice(1), row('clips/0.mp4', 3, 'b'.repeat(64))]));
    await expect(calibrate([table, '--scores', mixed], parts)).rejects.toMatchObject({
      code: 'calibration/model',
    });
  });

  test('few clips with both scores are refused', async () => {
    const few = at('few.jsonl', lines(rows.slice(0, 19)));
    await expect(calibrate([table, '--scores', few], parts)).rejects.toMatchObject({
      code: 'calibration/too-few',
      params: { n: 19, least: 20 },
    });
  });

  test.each([
    [[]],
    [['absent.csv']],
    [[table, '--scores', 'absent.jsonl']],
    [[table, folder, '--scores', scores]],
    [[table, '--column', 'nothing', '--scores', scores]],
    // No video of the table is here.
    [[table]],
  ])('%j is a wrong call', async (args) => {
    await expect(calibrate(args, parts)).rejects.toThrow(UsageError);
  });
});

describe('the table', () => {
  test('a column is chosen by name or number, and asked for where several could be meant', () => {
    const path = at('two.csv', 'file,x,sharpness\na.mp4,3.5,1.5\nb.mp4,4.5,2.5\n');
    expect(() => tableAt(path, null)).toThrow(/--column/);
    expect(tableAt(path, 'Sharpness').rows.map(({ mos }) => mos)).toEqual([1.5, 2.5]);
    expect(tableAt(path, '2').rows.map(({ mos }) => mos)).toEqual([3.5, 4.5]);
  });

  test('its videos are found beside it', () => {
    const path = at('beside.csv', 'file,mos\na.mp4,3\nabsent.mp4,4\n');
    const video = at('a.mp4', '');
    expect(videosOf(tableAt(path, null), path)).toEqual([video]);
  });

  test('a file without human scores is refused in words', () => {
    expect(() => tableAt(at('words.csv', 'nothing here\n'), null)).toThrow(UsageError);
  });
});
