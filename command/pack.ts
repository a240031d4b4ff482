/**
 * `npm run pack [--into FOLDER]`: builds command and library and packs them with model, runtime and sample into
 * `.scratch/vqathinker-VERSION.tgz`. `--folder` stops at the folder `.scratch/command`, from which the command runs as
 * installed, and leaves the types out. The page is that of the last `npm run build`.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { setUpPackageTools, writeDeclarations } from '../scripts/package-tools.mjs';
import { type Bundle, project, root, writeBundle } from './bundles.ts';
import { copyPage } from './page.ts';

const { values: options } = parseArgs({
  options: { folder: { type: 'boolean', default: false }, into: { type: 'string' } },
});
const scratch = resolve(options.into ?? join(root, '.scratch'));
/** The one that stands while the next is built. */
const finished = join(scratch, 'command');
const out = join(scratch, `command-${process.pid}`);

const bundles: readonly Bundle[] = [
  { entry: 'command/cli/main.ts', platform: 'node', file: 'vqathinker.mjs', banner: '#!/usr/bin/env node' },
  { entry: 'command/node/index.ts', platform: 'node', file: 'node.js' },
  { entry: 'library/browser/worker.ts', platform: 'browser', file: 'worker.js', minify: true },
  { entry: 'library/browser/index.ts', platform: 'browser', file: 'browser.js' },
  { entry: 'library/browser/element.ts', platform: 'browser', file: 'element.js' },
  { entry: 'library/core.ts', platform: 'browser', file: null },
];

const entries = {
  core: 'library/core.ts',
  browser: 'library/browser/index.ts',
  element: 'library/browser/element.ts',
  node: 'command/node/index.ts',
} as const;

function manifest(): object {
  const { version, license } = project;
  const entry = (name: string, file = `./${name}.js`) => ({ types: `./types/${name}.d.ts`, default: file });
  return {
    name: 'vqathinker',
    version,
    description:
      'Quality of videos, with reasons, on this machine: a command, and a library for Node and browsers.',
    ...(license ? { license } : {}),
    type: 'module',
    bin: { vqathinker: './vqathinker.mjs' },
    exports: {
      './core': entry('core', './library/core.js'),
      './browser': entry('browser'),
      './element': entry('element'),
      './node': entry('node'),
      './package.json': './package.json',
    },
    sideEffects: ['./element.js', './worker.js', './vqathinker.mjs', './node.js'],
    engines: { node: '>=20.11' },
    // Its binary is GPL, so it is the user's choice and no part of this package.
    peerDependencies: { 'node-av': '^6.1.1' },
    peerDependenciesMeta: { 'node-av': { optional: true } },
  };
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const bundle of bundles) await writeBundle(bundle, out);
for (const name of ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'])
  cpSync(join(root, 'node_modules/onnxruntime-web/dist', name), join(out, 'ort', name));
cpSync(join(root, 'public/models/small'), join(out, 'models/small'), { recursive: true });
cpSync(join(root, 'public/sample.mp4'), join(out, 'sample.mp4'));
cpSync(join(import.meta.dirname, 'README.md'), join(out, 'README.md'));
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
const whole = !options.folder;
const page = join(root, 'dist');
if (whole || existsSync(join(page, 'index.html'))) copyPage(page, out);
if (whole) {
  setUpPackageTools();
  await writeDeclarations(root, entries, join(out, 'types'));
}
rmSync(finished, { recursive: true, force: true });
renameSync(out, finished);
if (whole) {
  for (const old of readdirSync(scratch).filter((name) => /^vqathinker-.*\.tgz$/.test(name)))
    rmSync(join(scratch, old));
  const [tarball] = execFileSync('npm', ['pack', '--loglevel=error', '--pack-destination', scratch], {
    cwd: finished,
    encoding: 'utf8',
  })
    .trim()
    .split('\n')
    .slice(-1);
  const bytes = readFileSync(join(scratch, tarball!)).byteLength;
  process.stdout.write(`${join(scratch, tarball!)}: ${megabytes(bytes)}\n`);
  for (const name of ['browser.js', 'element.js', 'worker.js', 'ort/ort-wasm-simd-threaded.wasm']) {
    const file = readFileSync(join(finished, name));
    process.stdout.write(
      `  ${name}: ${megabytes(file.byteLength)}, gzip ${megabytes(gzipSync(file).byteLength)}\n`,
    );
  }
}
