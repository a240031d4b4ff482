/**
 * Tools of `npm run pack` and its tests, in `.scratch/package-tools`: nothing that the page is made of, so no dependency of
 * it. rolldown-plugin-dts joins the type declarations of an entry; attw and publint check a package; Node 20 and 22 run it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const OLDER_NODE = ['20.20.2', '22.23.3'];
const PACKAGES = [
  'rolldown-plugin-dts@0.30.0',
  'rolldown@1.3.3',
  'typescript@7.0.2',
  '@arethetypeswrong/cli@0.18.5',
  'publint@0.3.25',
  ...OLDER_NODE.map((version) => `node-${version}@npm:node-${process.platform}-${process.arch}@${version}`),
];

export const toolsHome = join(import.meta.dirname, '..', '.scratch', 'package-tools');
const modules = join(toolsHome, 'node_modules');

/** Executables of the older releases, each with its version. */
export const olderNodes = OLDER_NODE.map((version) => ({
  version,
  path: join(modules, `node-${version}`, 'bin', 'node'),
}));

/** @param {string} name */
export const toolPath = (name) => join(modules, '.bin', name);

/** Installs the tools once. @returns {boolean} false without network: what needs them is skipped by name */
export function setUpPackageTools() {
  const stamp = join(toolsHome, 'installed');
  const key = PACKAGES.join('\n');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return true;
  mkdirSync(toolsHome, { recursive: true });
  // Without a package.json of its own, npm would look for one further up.
  writeFileSync(join(toolsHome, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', [...args, ...PACKAGES], {
    cwd: toolsHome,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) return false;
  writeFileSync(stamp, key);
  return true;
}

/** @param {string} name @param {string} file */
const load = (name, file) => import(pathToFileURL(join(modules, name, file)).href);

/**
 * Joins the declarations of each entry into one file.
 *
 * @param {string} root
 * @param {Readonly<Record<string, string>>} entries name → module, from the root
 * @param {string} folder
 */
export async function writeDeclarations(root, entries, folder) {
  const made = `${folder}-of-modules`;
  const scratch = join(toolsHome, '..');
  const config = join(scratch, `tsconfig.declarations-${process.pid}.json`);
  const compilerOptions = {
    lib: ['ES2024', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
    types: ['node', 'vite/client'],
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: made,
    rootDir: root,
  };
  const files = [...Object.values(entries), 'workers/model/ort-builds.d.ts'].map((path) => join(root, path));
  writeFileSync(
    config,
    JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions, files }),
  );
  try {
    const { status } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', config],
      {
        cwd: root,
        stdio: 'inherit',
      },
    );
    if (status !== 0) throw new Error('The type declarations could not be written.');
  } finally {
    rmSync(config);
  }
  const { build } = await load('rolldown', 'dist/index.mjs');
  const { dts } = await load('rolldown-plugin-dts', 'dist/index.mjs');
  await build({
    input: Object.fromEntries(
      Object.entries(entries).map(([name, module]) => [name, join(made, module.replace(/\.ts$/, '.d.ts'))]),
    ),
    plugins: [dts({ tsconfig: false, dtsOnly: true, generator: 'oxc' })],
    // Types of packages are in no declaration of ours that an entry shows.
    external: [/^(?![./]|[A-Za-z]:)/],
    output: { dir: folder, format: 'es' },
  });
  rmSync(made, { recursive: true });
}
