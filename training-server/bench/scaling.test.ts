import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { python } from '../../scripts/python.mjs';

const project = join(import.meta.dirname, '..', '..');

const slow = it.skipIf(process.env.VQA_SLOW !== '1' || !existsSync(python));

slow('the table of docs/scaling.md is what the script prints', { timeout: 600_000 }, () => {
  const text = readFileSync(join(project, 'docs', 'scaling.md'), 'utf8');
  const written = /<!-- scaling: begin -->\n([\s\S]*?)<!-- scaling: end -->/.exec(text)?.[1];
  const cwd = join(project, 'training-server', 'torch');
  const printed = execFileSync(python, ['-m', 'bench.scaling'], { cwd, encoding: 'utf8' });
  expect(written).toBe(printed);
});
