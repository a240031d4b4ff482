/**
 * The package as its users get it: `npm run pack`, installed from the tarball without network. Slow tier (VQA_SLOW=1): it
 * packs, and scores on three releases of Node.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decoderHome, setUpDecoder } from '../scripts/decoder.mjs';
import { olderNodes, setUpPackageTools, toolPath } from '../scripts/package-tools.mjs';

const root = join(import.meta.dirname, '..');
const slow = process.env.VQA_SLOW === '1';
const tools = slow && setUpPackageTools();
const folder = mkdtempSync(join(tmpdir(), 'package '));
afterAll(() => rmSync(folder, { recursive: true }));
const app = join(folder, 'app');
const installed = join(app, 'node_modules', 'vqathinker');
let tarball = '';

function hasDecoder(): boolean {
  if (!slow) return false;
  setUpDecoder();
  try {
    createRequire(join(decoderHome, 'package.json'))('node-av/lib');
    return true;
  } catch {
    return false;
  }
}

const nodes = [...olderNodes, { version: process.versions.node, path: process.execPath }];
/** Runs without network where the system lets a process have none. */
const alone = spawnSync('unshare', ['-rn', 'true']).status === 0 ? ['unshare', '-rn'] : [];

function run(node: string, args: readonly string[]): string {
  const [command, ...rest] = [...alone, node, ...args];
  return execFileSync(command!, rest, {
    cwd: app,
    env: { ...process.env, VQATHINKER_DECODER: decoderHome },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
}

/** Code blocks of the package's README by their language. */
function blocks(language: string): string[] {
  const text = readFileSync(join(installed, 'README.md'), 'utf8');
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, lang]) => lang === language)
    .map(([, , code]) => code!);
}

/** A consumer's module, built by Vite; the bytes of its scripts. */
async function builtBytes(name: string, code: string): Promise<{ script: string; assets: string[] }> {
  const home = join(app, name);
  mkdirSync(home);
  writeFileSync(join(home, 'index.html'), '<script type="module" src="./main.js"></script>');
  writeFileSync(join(home, 'main.js'), code);
  await build({ configFile: false, root: home, logLevel: 'error', build: { modulePreload: false } });
  const output = join(home, 'dist', 'assets');
  const assets = existsSync(output) ? readdirSync(output) : [];
  // Where nothing is left, Vite writes no script.
  const script = assets.find((file) => /^index-.*\.js$/.test(file));
  return { script: script === undefined ? '' : readFileSync(join(output, script), 'utf8'), assets };
}

describe.skipIf(!tools)('the package (skipped without VQA_SLOW=1 or its tools)', { timeout: 600_000 }, () => {
  beforeAll(() => {
    if (!existsSync(join(root, 'dist/index.html')))
      execFileSync('npm', ['run', '--silent', 'build'], { cwd: root });
    const printed = execFileSync(process.execPath, [join(root, 'command/pack.ts'), '--into', folder], {
      encoding: 'utf8',
    });
    process.stdout.write(printed);
    tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))!);
    mkdirSync(app);
    writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }');
    execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', tarball], {
      cwd: app,
    });
    for (const name of ['holiday.mp4', 'copy.mp4', 'encodes/a.mp4']) {
      mkdirSync(join(app, name, '..'), { recursive: true });
      copyFileSync(join(installed, 'sample.mp4'), join(app, name));
    }
  }, 600_000);

  test('is at most 60 MB', () => {
    expect(readFileSync(tarball).byteLength).toBeLessThan(60e6);
  });

  test('its exports and types resolve (attw, publint)', () => {
    const attw = spawnSync(toolPath('attw'), [tarball, '--profile', 'esm-only', '--format', 'ascii'], {
      encoding: 'utf8',
    });
    expect(attw.status, attw.stdout + attw.stderr).toBe(0);
    const publint = spawnSync(toolPath('publint'), ['--strict', tarball], { encoding: 'utf8' });
    expect(publint.status, publint.stdout + publint.stderr).toBe(0);
  });

  test('a strict consumer compiles, and a wrong call does not', () => {
    const consumer = (more: string) => `
      import { type OpenModel, openModel } from 'vqathinker/browser';
      import { bandOf, srcc } from 'vqathinker/core';
      import { VideoQualityElement } from 'vqathinker/element';
      import * as node from 'vqathinker/node';
      export const model: Promise<OpenModel> = openModel({ model: '/models/small/', signal: new AbortController().signal });
      export const score: Promise<number | null> = model.then((m) => m.score(new File([], 'a'))).then(({ score }) => score);
      export const other: Promise<number | null> = node.openModel().then((m) => m.score('a')).then(({ score }) => score);
      export const rest = [bandOf(3).grade, srcc([1], [2]).value, VideoQualityElement];
      ${more}`;
    const compiled = (more: string) => {
      writeFileSync(join(app, 'consumer.ts'), consumer(more));
      const options = [
        '--noEmit',
        '--strict',
        '--exactOptionalPropertyTypes',
        '--module',
        'nodenext',
        '--target',
        'es2024',
      ];
      return spawnSync(
        process.execPath,
        [join(root, 'node_modules/typescript/bin/tsc'), ...options, 'consumer.ts'],
        {
          cwd: app,
          encoding: 'utf8',
        },
      );
    };
    const right = compiled('');
    expect(right.status, right.stdout).toBe(0);
    expect(compiled('openModel({ modle: 1 });').stdout).toContain('modle');
  });

  test('of core, a bundler takes what is imported; of the browser entry, worker and runtime come along', async () => {
    const core = await builtBytes(
      'core-app',
      "import { bandOf } from 'vqathinker/core';\nconsole.log(bandOf(3.3).grade);",
    );
    process.stdout.write(`one function of core: ${core.script.length} bytes\n`);
    expect(core.script.length).toBeLessThan(2500);
    const browser = await builtBytes(
      'browser-app',
      "import { openModel } from 'vqathinker/browser';\nwindow.model = openModel({ model: '/models/small/' });",
    );
    process.stdout.write(`openModel of browser: ${browser.script.length} bytes\n`);
    expect(browser.script.length).toBeLessThan(40_000);
    for (const wanted of [/^worker-.*\.js$/, /^ort-.*\.wasm$/, /^ort-.*\.mjs$/])
      expect(
        browser.assets.filter((name) => wanted.test(name)),
        String(wanted),
      ).toHaveLength(1);
    const nothing = await builtBytes(
      'unused-app',
      "import 'vqathinker/core';\nimport 'vqathinker/browser';\n",
    );
    expect(nothing.script.length).toBeLessThan(100);
  });

  describe.skipIf(!hasDecoder())('with a decoder', () => {
    test.each(nodes)(
      'one command scores a folder on Node $version, without network',
      ({ path, version }) => {
        expect(run(path, ['--version']).trim()).toBe(`v${version}`);
        const [row] = JSON.parse(
          run(path, [join(installed, 'vqathinker.mjs'), 'score', 'encodes', '-f', 'json', '-q']),
        );
        expect(row).toMatchObject({ path: join('encodes', 'a.mp4'), scale: [1, 5] });
        expect(row.text).toContain(`<answer>${row.score.toFixed(2)}</answer>`);
      },
      300_000,
    );

    test.each(nodes)(
      'the README’s modules run on Node $version',
      ({ path }) => {
        const code = blocks('js').filter((block) => !block.includes('vqathinker/browser'));
        expect(code).toHaveLength(2);
        const printed = code.map((block, k) => {
          writeFileSync(join(app, `example-${k}.js`), block);
          return run(path, [`example-${k}.js`]);
        });
        expect(printed[0]).toMatch(/^[1-5]\.\d+ <think>/);
        expect(printed[0]).toContain('identical');
        expect(printed[1]).toContain('3.2\n0.8\n');
      },
      300_000,
    );
  });
});
