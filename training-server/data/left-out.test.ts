/** Rows that are not used: each is told with its file, its line and the reason, in every form of file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type DataSource, sourceSchema } from '../../core/training/recipe-data.ts';
import { loadSource, openRoots } from './api.ts';

const root = mkdtempSync(join(tmpdir(), 'left-out-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
for (const name of ['a.mp4', 'b.mp4', 'c.mp4']) writeFileSync(join(root, name), name);

const jsonl = (rows: readonly (readonly [string, number])[]) =>
  rows
    .map(([path, mos], id) =>
      JSON.stringify({
        id,
        dataset_name: 'Own',
        image: [path],
        conversations: [{ from: 'gpt', value: mos }],
      }),
    )
    .join('\n');
const csv = (rows: readonly (readonly [string, number])[]) =>
  ['path,mos', ...rows.map(([path, mos]) => `${path},${mos}`)].join('\n');
const annotations = (rows: readonly (readonly [string, number])[]) =>
  JSON.stringify({
    annotations: rows.map(([path, mos]) => ({ image_id: path, ann_type: 'score', score: mos })),
  });
const paths = (rows: readonly (readonly [string, number])[]) => rows.map(([path]) => path).join('\n');

const ROWS = [
  ['a.mp4', 3],
  ['gone.mp4', 3],
  ['../up.mp4', 3],
  ['b.mp4', 2],
  ['a.mp4', 4],
  ['c.mp4', 1],
] as const;

async function leftOut(source: Record<string, unknown>, text: string): Promise<string[]> {
  writeFileSync(join(root, 'rows'), text);
  const parsed: DataSource = sourceSchema.parse({ file: join(root, 'rows'), root, ...source });
  const { report } = await loadSource({ name: 's', source: parsed }, await openRoots([root]), {
    probe: async (files) =>
      files.map((file) => ({
        frames: 9,
        width: 8,
        height: 8,
        fps: 1,
        ...(file.endsWith('b.mp4') && { error: 'there is no video stream in it' }),
      })),
  });
  return report.leftOut;
}

test.each([
  ['jsonl', jsonl, 'line', 1],
  ['csv', csv, 'line', 2],
  ['annotations', annotations, 'record', 1],
  ['paths', paths, 'line', 1],
] as const)('%s', async (kind, write, word, first) => {
  const at = (row: number) => `rows, ${word} ${first + row}`;
  const again = kind === 'paths' ? 'listed before' : 'listed before, with the label 3';
  const labels = kind === 'paths' ? {} : { labels: 'asWritten' };
  expect(await leftOut({ kind, ...labels }, write(ROWS))).toEqual([
    `${at(1)}: gone.mp4: not there`,
    `${at(2)}: ../up.mp4: outside its folder`,
    `${at(4)}: a.mp4: ${again}`,
    `${at(3)}: b.mp4: there is no video stream in it`,
  ]);
});

test('a data set without a folder in the recipe is told as such', async () => {
  expect(await leftOut({ kind: 'jsonl', root: { Other: root } }, jsonl([['a.mp4', 3]]))).toEqual([
    "rows, line 1: a.mp4: the recipe's root names no folder of the data set Own",
  ]);
});
