import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkFrames } from '../../scripts/conformance/rules/frames.ts';

const path = `${process.env.VQA_SHARED ?? '../shared'}/golden/rules/frames.json`;

test.skipIf(!existsSync(path))('every case of frames.json', () => {
  const file = JSON.parse(readFileSync(path, 'utf8'));
  const report = checkFrames(file);
  expect(report.failures).toEqual([]);
  expect(report.cases).toBeGreaterThan(200);
  file.cases[0].indices[0] += 1;
  expect(checkFrames(file).failures).toHaveLength(1);
});
