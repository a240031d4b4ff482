/**
 * The Python of this project: a virtual environment in `.venv`, made here.
 *
 *   node scripts/python.mjs [--tests] -m small.train …     runs a module of training-server/torch
 *   node scripts/python.mjs --setup [--tests]              only makes the environment
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(import.meta.dirname, '..');
const home = join(root, 'training-server', 'torch');
const venv = join(root, '.venv');
export const python =
  process.platform === 'win32' ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python');

/** Variables that Python, torch and CUDA may need. */
const NEEDED =
  /^(PATH|HOME|USER|LANG|LC_.*|TMPDIR|TZ|LD_LIBRARY_PATH|CUDA_.*|NVIDIA_.*|NCCL_.*|GLOO_.*|TORCH.*|PYTORCH_.*|OMP_.*|MKL_.*|TRITON_.*|VQA_(SHARED|CACHE|WORKERS)|SYSTEMROOT|TEMP|TMP)$/i;

/** The environment of a Python child, which reads files of strangers: no secret of the parent is in it. */
export const pythonEnvironment = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => NEEDED.test(name)));

function run(command, args) {
  const result = spawnSync(command, args, { stdio: 'inherit' });
  if (result.error?.code === 'ENOENT') return false;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
  return true;
}

function findPython() {
  for (const name of [process.env.PYTHON, 'python3.12', 'python3.11', 'python3', 'python'].filter(Boolean)) {
    const test = spawnSync(name, ['-c', 'import sys; print(sys.version_info >= (3, 11))'], {
      encoding: 'utf8',
    });
    if (test.stdout?.trim() === 'True') return name;
  }
  throw new Error(
    'Python 3.11 or later is needed for the training server and the tests. Install it, or name it in PYTHON.',
  );
}

/** Makes `.venv` with what `requirements.txt` (and for tests `requirements-test.txt`) lists. */
export function setUpPython({ tests = false } = {}) {
  for (const list of tests ? ['requirements.txt', 'requirements-test.txt'] : ['requirements.txt']) {
    const file = join(home, list);
    const key = createHash('sha256').update(readFileSync(file)).digest('hex');
    const stamp = join(venv, `${list}.sha256`);
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) continue;
    if (!existsSync(python)) run(findPython(), ['-m', 'venv', venv]);
    console.log(`Installing ${list} …`);
    const pip = [python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']];
    // torch first and alone: later packages must find it and not bring another build.
    const torch = /^torch==.*$/m.exec(readFileSync(file, 'utf8'))?.[0];
    if (torch) run(pip[0], [...pip[1], torch]);
    run(pip[0], [...pip[1], '-r', file]);
    writeFileSync(stamp, key);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const take = (flag) => args.includes(flag) && args.splice(args.indexOf(flag), 1).length > 0;
  const [tests, setupOnly] = [take('--tests'), take('--setup')];
  try {
    setUpPython({ tests });
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
  // Modules take relative paths from the caller's folder; npm names it, a direct call has it as its own.
  const env = { ...process.env, INIT_CWD: process.env.INIT_CWD ?? process.cwd() };
  if (!setupOnly) process.exit(spawnSync(python, args, { cwd: home, env, stdio: 'inherit' }).status ?? 1);
}
