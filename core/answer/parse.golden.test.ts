import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkParse } from '../../scripts/conformance/rules/parse.ts';

const path = `${process.env.VQA_SHARED ?? '../shared'}/golden/rules/parse.json`;

test.skipIf(!existsSync(path))('every case of parse.json', () => {
  const file = JSON.parse(readFileSync(path, 'utf8'));
  const report = checkParse(file);
  expect(report.failures).toEqual([]);
  expect(report.cases).toBeGreaterThan(200);
  file.cases[0].test.value += 1;
  expect(checkParse(file).failures).toHaveLength(1);
});
