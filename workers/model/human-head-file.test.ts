import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { humanScore } from '../../core/answer/human-head.ts';
import { featureColumns } from '../../core/sampling/human-features.ts';
import { srcc } from '../../core/stats/correlation.ts';
import { Npz } from '../../scripts/conformance/npz.ts';
import { readHumanHead } from './human-head-file.ts';

const file = readFileSync(
  resolve(import.meta.dirname, '../../training-server/torch/small/human/head.safetensors'),
);
const shared = resolve(process.env.VQA_SHARED ?? '../shared', 'human');

/** The file with a replacement in its header, whose length stays right. */
function altered(from: string, to: string): Uint8Array {
  const length = Number(file.readBigUInt64LE(0));
  const header = Buffer.from(file.toString('utf8', 8, 8 + length).replace(from, to));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([start, header, file.subarray(8 + length)]);
}

describe('readHumanHead', () => {
  it('reads the shipped head with its training', () => {
    const head = readHumanHead(file);
    expect(head.clips).toBe(2435);
    expect(head.trainedOn).toContain('KoNViD-1k');
    expect(head.innerBias).toHaveLength(3 * 128);
  });

  it.each([
    ['an empty file', new Uint8Array(3), /shorter/],
    ['a header past the end', file.subarray(0, 100), /ends past the file/],
    ['a file cut short', file.subarray(0, file.length - 8), /another size/],
    ['no JSON', altered('{', '['), /not valid JSON/],
    ['other columns', altered('avg_si', 'avg_xy'), /other columns/],
    ['a missing tensor', altered('"low"', '"bow"'), /low/],
  ])('refuses %s by its name', (_, bytes, message) => {
    expect(() => readHumanHead(bytes)).toThrow(
      expect.objectContaining({ code: 'model/manifest', message: expect.stringMatching(message) }),
    );
  });
});

describe('humanScore', () => {
  const head = readHumanHead(file);

  it('counts a missing column as the training mean, and bounds the others', () => {
    const typical = [...head.mean];
    const score = humanScore(head, typical);
    expect(score).toBeGreaterThan(2);
    expect(score).toBeLessThan(5);
    expect(
      humanScore(
        head,
        typical.map(() => Number.NaN),
      ),
    ).toBeCloseTo(score, 4);
    expect(
      humanScore(
        head,
        typical.map(() => 1e9),
      ),
    ).toBe(humanScore(head, [...head.high]));
  });

  // The same three as `npm run evaluate-small -- --features` prints of the torch module.
  it.skipIf(!existsSync(shared)).each([
    ['konvid1k', 0.789],
    ['livevqc', 0.706],
    ['youtubeugc', 0.71],
  ])('agrees with the human scores of the test clips of %s as the torch module does', (set, expected) => {
    const table = new Npz(readFileSync(resolve(shared, 'features.npz')));
    const names = table.strings('columns');
    const values = table.numbers(`${set}_light480_3fps`);
    const at = featureColumns.map((column) => names.indexOf(column));
    const [head0, ...lines] = readFileSync(resolve(shared, `mos_${set}.csv`), 'utf8')
      .trim()
      .split(/\r?\n/);
    const field = (line: string, name: string) => line.split(',')[head0!.split(',').indexOf(name)]!;
    const chosen = lines
      .map((line, row) => ({ line, row }))
      .filter(({ line }) => field(line, 'split') === 'test' && field(line, 'gray') !== '1');
    const scores = chosen.map(({ row }) =>
      humanScore(
        head,
        at.map((j) => values[row * names.length + j]!),
      ),
    );
    const mos = chosen.map(({ line }) => Number(field(line, 'mos_common_1to5')));
    expect(srcc(scores, mos).value).toBeCloseTo(expected, 3);
  });
});
