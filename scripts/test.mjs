/**
 * `npm test`: the whole fast tier with all of its set-up. Steps run one after another, every step runs even if an
 * earlier one failed, and the last line has the totals. `--all` adds the slow tier, `--only NAME` runs one step.
 *
 * A test that fails is run once more, as Playwright does; one that passes then is reported by name as flaky.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { install } from './start.mjs';
import { countTests, failedTestFiles, failedTests } from './totals.mjs';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
process.chdir(root);
install();
const { setUpPython, python } = await import('./python.mjs');
const { setUpChromium } = await import('./chromium.mjs');
const { setUpEngines } = await import('./engines.mjs');
const { setUpDecoder } = await import('./decoder.mjs');

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

const pytest = [python, '-m', 'pytest', 'training-server/torch', ...(all ? [] : ['-m', 'not slow'])];

/** name, command, and where the runner does not do it itself: the command that repeats what failed */
const steps = [
  ['types', [bin('tsc'), '-b']],
  ['lint', [bin('biome'), 'check', '.']],
  ['unit', [bin('vitest'), 'run'], (output) => [bin('vitest'), 'run', ...failedTestFiles(output)]],
  ['python-lint', [python, '-m', 'ruff', 'check', 'training-server/torch']],
  ['python-types', [python, '-m', 'mypy', '--config-file', 'training-server/torch/pyproject.toml']],
  ['python', pytest, () => [...pytest, '--last-failed', '--last-failed-no-failures=none']],
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
      output = (output + chunk).slice(-500_000);
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
if (!only || only === 'unit') setUpDecoder();
if ((all && !only) || only === 'engines') setUpEngines();
spawnSync(bin('node'), ['scripts/ort-assets.mjs'], { stdio: 'inherit' });

/** Runs a step's failed tests once more; returns false where they fail again or cannot be told apart. */
async function passesAgain(command, output) {
  const failed = failedTests(output);
  if (failed.length === 0) return false;
  console.log(`\nOnce more, alone:\n${failed.map((name) => `  ${name}`).join('\n')}\n`);
  return (await run(command)).status === 0;
}

const total = { passed: 0, failed: 0, skipped: 0, flaky: 0 };
const rows = [];
for (const [name, command, repeat] of steps) {
  if (only && name !== only) continue;
  if (name === 'conformance' && !existsSync(join(shared, 'golden'))) {
    rows.push([name, 'skipped: no shared golden data', 0]);
    total.skipped += 1;
    continue;
  }
  console.log(`\n── ${name} ${'─'.repeat(Math.max(0, 70 - name.length))}`);
  const started = Date.now();
  let { status, output } = await run(command);
  const counts = countTests(output);
  if (counts.passed + counts.failed + counts.skipped === 0) counts[status === 0 ? 'passed' : 'failed'] = 1;
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  if (status !== 0 && repeat && (await passesAgain(repeat(output), output))) {
    status = 0;
    counts.flaky += counts.failed;
    counts.failed = 0;
  }
  for (const key of Object.keys(total)) total[key] += counts[key];
  rows.push([name, status === 0 ? 'ok' : 'FAILED', Math.round((Date.now() - started) / 1000)]);
}

console.log(
  `\n${rows.map(([name, state, seconds]) => `${name.padEnd(14)} ${state.padEnd(10)} ${seconds} s`).join('\n')}\n`,
);
if (total.flaky > 0) console.log(`${total.flaky} flaky: passed only when run again, named above`);
console.log(`${total.passed + total.flaky} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);
