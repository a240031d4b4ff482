/**
 * `npm run conformance -- FOLDER [--browser] [--verbose]`: holds everything in a folder of golden data against this
 * project. One line a file and stage; exit status 1 on a miss. Sets up what it needs, then runs on the pinned Node.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from './start.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const bin = join(here, '..', 'node_modules', '.bin');
if (!existsSync(join(bin, 'node'))) install();

const { setUpPython, python } = await import('./python.mjs');
try {
  if (!existsSync(python)) setUpPython({ tests: true });
  if (process.argv.includes('--browser')) (await import('./chromium.mjs')).setUpChromium();
} catch (error) {
  // Not the end: the stages that lack their tool say so by name, the others run.
  console.error(error.message);
}

const { status } = spawnSync(
  join(bin, 'node'),
  [join(here, 'conformance', 'main.ts'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
);
process.exit(status ?? 1);
