/**
 * `npm start`: set-up, build, serve, open. Node built-ins only, so that it runs on a bare Node 20 before anything
 * is installed. Every later step runs on the Node that is pinned in package.json.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createStaticServer, listen } from './serve.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stamps = join(root, 'node_modules', '.cache');

function stop(message) {
  console.error(`\n${message}`);
  process.exit(1);
}

function run(title, command, args, env = {}) {
  console.log(title);
  const shell = process.platform === 'win32';
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell,
    env: { ...process.env, ...env },
  });
  if (result.status !== 0) stop(`"${command} ${args.join(' ')}" failed. The lines above say why.`);
}

/** Hash of everything the build reads; dates do not matter. */
function fingerprint(paths) {
  const hash = createHash('sha256');
  const visit = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return;
    if (statSync(full).isDirectory()) {
      for (const name of readdirSync(full).sort()) visit(join(path, name));
    } else {
      hash.update(path).update(statSync(full).size > 4e6 ? String(statSync(full).size) : readFileSync(full));
    }
  };
  for (const path of paths) visit(path);
  return hash.digest('hex');
}

function fresh(name, key) {
  const file = join(stamps, name);
  return existsSync(file) && readFileSync(file, 'utf8') === key;
}

function remember(name, key) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, name), key);
}

/** Installs exactly what package-lock.json says, once for each lock file. */
export function install() {
  const key = fingerprint(['package.json', 'package-lock.json']);
  if (fresh('installed', key)) return;
  // onnxruntime-node's own install step fetches a CUDA library that nothing here uses, and fails without network.
  run('Installing packages (once) …', 'npm', ['ci', '--no-audit', '--no-fund'], {
    ONNXRUNTIME_NODE_INSTALL: 'skip',
  });
  remember('installed', key);
}

/** Builds the page into `dist` unless nothing has changed since the last time. */
export function build() {
  const key = fingerprint([
    'index.html',
    'vite.config.ts',
    'package-lock.json',
    'core',
    'convert',
    'src',
    'workers',
    'public',
    'scripts',
  ]);
  if (existsSync(join(root, 'dist', 'index.html')) && fresh('built', key)) return;
  run('Building the page …', 'npm', ['run', '--silent', 'build']);
  remember(
    'built',
    fingerprint([
      'index.html',
      'vite.config.ts',
      'package-lock.json',
      'core',
      'convert',
      'src',
      'workers',
      'public',
      'scripts',
    ]),
  );
}

function openBrowser(address) {
  if (process.env.CI || process.argv.includes('--no-open')) return;
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform] ?? 'xdg-open';
  spawn(opener, [address], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20)
    stop(
      `Node ${process.versions.node} is too old. Install Node 20 or later from nodejs.org, then run npm start again.`,
    );
  install();
  build();
  const address = await listen(
    createStaticServer({ root: join(root, 'dist') }),
    Number(process.env.PORT ?? 4173),
  );
  console.log(
    `\n  VQAThinker is ready:  ${address}\n  Drop a video into the page. Nothing leaves this machine. Ctrl+C stops.\n`,
  );
  openBrowser(address);
}
