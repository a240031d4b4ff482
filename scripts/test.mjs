/**
 * `npm test`: the whole fast tier with all of its set-up. Steps run one after another, every step runs even if an
 * earlier one failed, and the last line has the totals. `--all` adds the slow tier, `--only NAME` runs one step.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { install } from './start.mjs';
import { countTests } from './totals.mjs';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
process.chdir(root);
install();
const { setUpPython, python } = await import('./python.mjs');
const { setUpChromium } = await import('./chromium.mjs');
const { setUpEngines } = await import('./engines.mjs');

const all = process.argv.includes('--all');
const at = process.argv.indexOf('--only');
const only = at > 0 ? process.argv[at + 1] : null;
const shared = process.env.VQA_SHARED ?? join(root, '..', 'shared');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const env = {
  ...process.env,
  VQA_SHARED: shared,
  PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
  ...(all ? { VQA_SLOW: '1' } : {}),
};

/** name, command, pattern of the tool's closing line with its counts */
const steps = [
  ['types', [bin('tsc'), '-b']],
  ['lint', [bin('biome'), 'check', '.']],
  ['unit', [bin('vitest'), 'run']],
  ['python-lint', [python, '-m', 'ruff', 'check', 'training-server/torch']],
  ['python-types', [python, '-m', 'mypy', '--config-file', 'training-server/torch/pyproject.toml']],
  ['python', [python, '-m', 'pytest', 'training-server/torch', ...(all ? [] : ['-m', 'not slow'])]],
  ['conformance', [bin('node'), 'scripts/conformance.mjs', join(shared, 'golden'), '--browser']],
  ['build', ['npm', 'run', '--silent', 'build']],
  ['browser', [bin('playwright'), 'test', '--project=wasm', ...(all ? ['--project=webgpu'] : [])]],
];
// Foreign engines come from the system's packages, of whatever version: the slow tier.
if (all || only === 'engines') steps.push(['engines', [bin('playwright'), 'test', '--project=engines']]);

function run([command, ...args]) {
  return new Promise((done) => {
    let output = '';
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const tee = (stream) => (chunk) => {
      output = (output + chunk).slice(-20_000);
      stream.write(chunk);
    };
    child.stdout.on('data', tee(process.stdout));
    child.stderr.on('data', tee(process.stderr));
    child.on('error', (error) => done({ status: 1, output: String(error) }));
    child.on('close', (status) => done({ status: status ?? 1, output }));
  });
}

if (!only || ['python', 'python-lint', 'python-types', 'conformance', 'unit', 'browser'].includes(only))
  setUpPython({ tests: true });
if (!only || ['browser', 'conformance', 'engines', 'unit'].includes(only)) setUpChromium();
if ((all && !only) || only === 'engines') setUpEngines();
spawnSync(bin('node'), ['scripts/ort-assets.mjs'], { stdio: 'inherit' });

const total = { passed: 0, failed: 0, skipped: 0 };
const rows = [];
for (const [name, command] of steps) {
  if (only && name !== only) continue;
  if (name === 'conformance' && !existsSync(join(shared, 'golden'))) {
    rows.push([name, 'skipped: no shared golden data', 0]);
    total.skipped += 1;
    continue;
  }
  console.log(`\n── ${name} ${'─'.repeat(Math.max(0, 70 - name.length))}`);
  const started = Date.now();
  const { status, output } = await run(command);
  const counts = countTests(output);
  if (counts.passed + counts.failed + counts.skipped === 0) counts[status === 0 ? 'passed' : 'failed'] = 1;
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  for (const key of Object.keys(total)) total[key] += counts[key];
  rows.push([name, status === 0 ? 'ok' : 'FAILED', Math.round((Date.now() - started) / 1000)]);
}

console.log(
  `\n${rows.map(([name, state, seconds]) => `${name.padEnd(14)} ${state.padEnd(10)} ${seconds} s`).join('\n')}\n`,
);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);
