/**
 * `npm run pack`: builds the command and packs it with model, runtime and sample into `.scratch/vqathinker-VERSION.tgz`.
 * The page is that of the last `npm run build`. `--folder` stops at the folder `.scratch/command`, from which it runs as installed.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { copyPage } from './page.ts';

const root = join(import.meta.dirname, '..');
const out = join(root, '.scratch', 'command');

interface Package {
  readonly version: string;
  readonly license?: string;
}

function manifest(): object {
  const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Package;
  return {
    name: 'vqathinker',
    version,
    description: 'Quality of videos, with reasons, on this machine.',
    ...(license ? { license } : {}),
    type: 'module',
    bin: { vqathinker: './vqathinker.mjs' },
    engines: { node: '>=20.11' },
    // Its binary is GPL, so it is the user's choice and no part of this package.
    peerDependencies: { 'node-av': '^6.1.1' },
    peerDependenciesMeta: { 'node-av': { optional: true } },
  };
}

await build({ configFile: join(import.meta.dirname, 'vite.config.ts') });
for (const name of ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'])
  cpSync(join(root, 'node_modules/onnxruntime-web/dist', name), join(out, 'ort', name));
cpSync(join(root, 'public/models/small'), join(out, 'models/small'), { recursive: true });
cpSync(join(root, 'public/sample.mp4'), join(out, 'sample.mp4'));
cpSync(join(import.meta.dirname, 'README.md'), join(out, 'README.md'));
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
const folderOnly = process.argv.includes('--folder');
if (!folderOnly || existsSync(join(root, 'dist/index.html'))) copyPage(join(root, 'dist'), out);
if (!folderOnly) {
  const scratch = join(root, '.scratch');
  for (const old of [join(scratch, 'vqathinker.tgz')]) rmSync(old, { force: true });
  process.stdout.write(execFileSync('npm', ['pack', '--pack-destination', scratch], { cwd: out }));
}
