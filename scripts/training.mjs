/**
 * The training commands from a fresh clone: installs the packages, makes the Python environment and, for the server,
 * builds the page; then runs the command on the pinned Node. Node built-ins only.
 *
 *   node scripts/training.mjs cli/serve.ts …     npm run train-server
 *   node scripts/training.mjs cli/train.ts …     npm run train
 *   node scripts/training.mjs cli/evaluate.ts  npm run evaluate
 *   node scripts/training.mjs cli/bench.ts …    npm run bench:train
 *   node scripts/training.mjs cli/curve.ts …   npm run train:curve
 *   node scripts/training.mjs cli/learning.ts  npm run train:seeds
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, install } from './start.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..');
const [command = '', ...args] = process.argv.slice(2);
const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(`Node ${process.versions.node} is too old. Install Node 20 or later from nodejs.org.`);
  process.exit(1);
}
const onlyHelp = args.includes('--help');
install();
if (!onlyHelp) {
  const { setUpPython } = await import('./python.mjs');
  try {
    setUpPython();
  } catch (error) {
    // The command says by its own code what cannot be done without; the page and old runs can be looked at.
    console.error(error.message);
  }
  if (command === 'cli/serve.ts' && !args.includes('--no-page')) build();
}

const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
const child = spawn(node, [join(root, 'training-server', command), ...args], { stdio: 'inherit' });
// A terminal's Ctrl-C reaches the command by itself; what is sent to this process alone is passed on.
for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT'])
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
child.on('close', (status, signal) => process.exit(status ?? (signal ? 1 : 0)));
