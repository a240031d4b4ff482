import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkPerturb } from '../../scripts/conformance/rules/perturb.ts';

const path = `${process.env.VQA_SHARED ?? '../shared'}/golden/rules/perturb.json`;

test.skipIf(!existsSync(path))('every case of perturb.json', () => {
  const file = JSON.parse(readFileSync(path, 'utf8'));
  const report = checkPerturb(file);
  expect(report.failures).toEqual([]);
  expect(report.cases).toBeGreaterThan(200);
  file.cases[0].indices.reverse();
  expect(checkPerturb(file).failures).toHaveLength(1);
});
