import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  circles,
  fault,
  importsOf,
  isOurs,
  layers,
  python,
  pythonImportsOf,
  root,
  sources,
  typescript,
} from './layers.ts';
import { docs, withTables } from './layers-table.ts';

const LONGEST_FILE = 500;
/** Two tests of one harness each, whose parts share its set-up. */
const LONGER_TESTS = ['training-server/http/server.test.ts', 'training-server/runs/manager.test.ts'];
const isTest = (path: string) => /\.test\.tsx?$|(^|\/)(test_\w+|conftest)\.py$/.test(path);
const imports = typescript.flatMap(importsOf);
const pythonImports = python.flatMap(pythonImportsOf);

describe('who imports whom (layers.json)', () => {
  test('TypeScript', () => {
    const wrong = imports
      .filter(({ from }) => !isTest(from))
      .map((entry) => fault(entry, layers.typescript))
      .filter(Boolean);
    expect(wrong).toEqual([]);
  });

  test('Python', () => {
    const wrong = pythonImports.map((entry) => fault(entry, layers.python)).filter(Boolean);
    expect(wrong).toEqual([]);
  });

  test('tests stay within the walls of their room too, but for tools and test material', () => {
    const tool = (to: string) => !isOurs(to) || /^(scripts|e2e|core)\//.test(to);
    const wrong = imports
      .filter(({ from, to }) => isTest(from) && !tool(to))
      .map((entry) => fault(entry, layers.typescript))
      .filter(Boolean);
    expect(wrong).toEqual([]);
  });

  test('no arrow runs back: the rooms form no circle', () => {
    const withoutTests = (entries: typeof imports) => entries.filter(({ from }) => !isTest(from));
    expect(circles(withoutTests(imports), layers.typescript)).toEqual([]);
    expect(circles(withoutTests(pythonImports), layers.python)).toEqual([]);
  });

  test('at most two exceptions, for a type alone, each with its reason', () => {
    expect(layers.typeOnlyExceptions.length).toBeLessThanOrEqual(2);
    for (const { reason } of layers.typeOnlyExceptions) expect(reason.length).toBeGreaterThan(20);
  });

  test('docs/architecture.md prints the table (node scripts/layers-table.ts)', () => {
    const text = readFileSync(docs, 'utf8');
    expect(withTables(text)).toBe(text);
  });

  test('an arrow against the table is found', () => {
    const of = (from: string, to: string) =>
      fault({ from, to, specifier: to, typeOnly: false }, layers.typescript);
    expect(of('core/stats/a.ts', 'src/ui/b.ts')).not.toBeNull();
    expect(of('core/stats/a.ts', 'react')).not.toBeNull();
    expect(of('src/features/assess/a.ts', 'src/features/batch/b.ts')).not.toBeNull();
    expect(of('src/assessment/a.ts', 'workers/media/demux.ts')).not.toBeNull();
    expect(of('src/assessment/a.ts', 'workers/media/api.ts')).toBeNull();
    expect(of('src/features/assess/a/b.ts', 'src/features/assess/c.ts')).toBeNull();
    const arrow = (from: string, to: string) => ({ from, to, specifier: to, typeOnly: false });
    const circle = [arrow('src/ui/a.ts', 'src/page/b.ts'), arrow('src/page/c.ts', 'src/ui/d.ts')];
    expect(circles(circle, layers.typescript).sort()).toEqual(['src/page', 'src/ui']);
    const [imported] = pythonImportsOf({
      path: 'training-server/torch/modules/a.py',
      text: 'from engine.text import FILES\n',
    });
    expect(fault(imported!, layers.python)).not.toBeNull();
  });

  test('relative imports name the whole file, as Node needs it', () => {
    const bare = imports.filter(
      ({ specifier }) =>
        specifier.startsWith('.') && !/\.(tsx?|m?js|json|css|svg|wasm)(\?.*)?$/.test(specifier),
    );
    expect(bare.map(({ from, specifier }) => `${from}: ${specifier}`)).toEqual([]);
  });

  test('imports are seen at all', () => {
    const text = [
      "import a from './a.ts';",
      "import type { B } from '../b.ts';",
      "import {\n  c,\n} from 'c';",
      "export { d } from './d.ts';",
      "import './e.css';",
      "const f = await import('./f.ts');",
      "new Worker(new URL('./g.ts', import.meta.url));",
      "import h from './h.json' with { type: 'json' };",
    ].join('\n');
    const imported = importsOf({ path: 'core/x/y.ts', text }).map(({ to }) => to);
    const at = (name: string) => `core/x/${name}`;
    const wanted = [
      at('a.ts'),
      'core/b.ts',
      'c',
      at('d.ts'),
      at('e.css'),
      at('f.ts'),
      at('g.ts'),
      at('h.json'),
    ];
    expect(imported.sort()).toEqual(wanted.sort());
    expect(imports.length).toBeGreaterThan(100);
  });
});

describe('every file', () => {
  test(`is at most ${LONGEST_FILE} lines long`, () => {
    const long = sources.filter(
      ({ path, text }) => !LONGER_TESTS.includes(path) && text.split('\n').length - 1 > LONGEST_FILE,
    );
    expect(long.map(({ path, text }) => `${path}: ${text.split('\n').length - 1}`)).toEqual([]);
  });

  test('is typed: no any', () => {
    const code = (text: string) => text.replace(/\/\*.*?\*\//gs, '').replace(/(^|\s)\/\/.*$/gm, '');
    const untyped = /(?::|\bas|=|<|,|\|)\s*any\b\s*(?:[;,)\]}>=|&[]|$)/m;
    // Put together here, so that this file does not find itself.
    for (const form of ['const a: ? = 1;', 'x as ?', 'Map<string, ?>', 'type A = ?;'])
      expect(form.replace('?', 'any')).toMatch(untyped);
    const wrong = typescript.filter(({ text }) => untyped.test(code(text)));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

test('onnxruntime-web is there once, so that page and transformers.js share one runtime', () => {
  const listed = execFileSync('npm', ['ls', 'onnxruntime-web', '--all', '--parseable'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const copies = new Set(listed.split('\n').filter((line) => line.endsWith('onnxruntime-web')));
  expect([...copies]).toHaveLength(1);
});
