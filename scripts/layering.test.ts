import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const LONGEST_FILE = 600;
const CODE = /\.(ts|tsx|mts|mjs|js|py|css)$/;
const rooms = ['src', 'workers', 'training-server', 'scripts', 'e2e', 'public'];
/** Made by tools or installed, not written here. */
const notOurs = /(^|\/)(node_modules|dist|__pycache__|\.[a-z_]+)(\/|$)|^public\/ort\//;

interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const sources: Source[] = rooms.flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && CODE.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !notOurs.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })),
);
const typescript = sources.filter(({ path }) => /\.tsx?$/.test(path));
const isTest = (path: string) => /\.test\.tsx?$/.test(path);

interface Import {
  readonly from: string;
  /** A package's name, or a path from the root. */
  readonly to: string;
  readonly specifier: string;
}

/** Static and dynamic imports, re-exports, and `new URL('…', import.meta.url)`, which starts a worker. */
function importsOf({ path, text }: Source): Import[] {
  const patterns = [
    /^\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
    /new URL\(\s*['"](\.[^'"]+\.[mc]?[jt]sx?)['"],\s*import\.meta\.url/g,
  ];
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => {
      const specifier = match[1]!;
      const file = specifier.replace(/\?.*$/, '');
      const to = file.startsWith('.') ? posix.normalize(posix.join(dirname(path), file)) : specifier;
      return { from: path, to, specifier };
    }),
  );
}

const imports = typescript.flatMap(importsOf);
/** The border of a worker: what the page may know of it, and how both sides ask a file handle. */
const isBorder = (path: string) => /^workers\/(.+\/)?(api|client|rpc|file-handles)\.ts$/.test(path);

interface Wall {
  readonly room: string;
  readonly rule: string;
  readonly mayImport: (to: string, from: string) => boolean;
}

const within =
  (...folders: string[]) =>
  (to: string) =>
    folders.some((folder) => to.startsWith(`${folder}/`));
const isPackage = (to: string) => rooms.every((room) => !to.startsWith(`${room}/`));

/** features → state → the workers' borders → core. */
const walls: readonly Wall[] = [
  { room: 'src/core', rule: 'core and zod', mayImport: (to) => within('src/core')(to) || to === 'zod' },
  {
    room: 'src/ui',
    rule: 'ui and core',
    mayImport: (to) => isPackage(to) || within('src/ui', 'src/core')(to),
  },
  {
    room: 'src/state',
    rule: 'state, ui, core and the borders of workers',
    mayImport: (to) => isPackage(to) || within('src/state', 'src/ui', 'src/core')(to) || isBorder(to),
  },
  {
    room: 'src/features',
    rule: 'the page and the borders of workers',
    mayImport: (to) => isPackage(to) || within('src')(to) || isBorder(to),
  },
  {
    room: 'workers',
    rule: 'workers and core (what runs in Node alone may use scripts)',
    mayImport: (to, from) =>
      isPackage(to) ||
      within('workers', 'src/core')(to) ||
      (from.endsWith('.node.ts') && within('scripts')(to)),
  },
  {
    room: 'training-server',
    rule: 'training-server, workers, core, set-up scripts and the words of errors',
    mayImport: (to) =>
      isPackage(to) || within('training-server', 'workers', 'src/core', 'scripts', 'src/ui/words')(to),
  },
];

describe('who imports whom', () => {
  test.each(walls)('$room imports only $rule', ({ room, mayImport }) => {
    const own = imports.filter(({ from }) => from.startsWith(`${room}/`) && !isTest(from));
    const wrong = own.filter(({ to, from }) => !mayImport(to, from)).map(({ from, to }) => `${from} → ${to}`);
    expect(wrong).toEqual([]);
  });

  test('tests stay within the walls of their room too, but for tools and test material', () => {
    const tool = (to: string) => isPackage(to) || within('scripts', 'e2e')(to);
    const wrong = imports
      .filter(({ from }) => isTest(from))
      .filter(({ from, to }) => {
        const wall = walls.find(({ room }) => from.startsWith(`${room}/`));
        return wall && !tool(to) && !wall.mayImport(to, from);
      });
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test('features do not know each other', () => {
    const feature = (path: string) => /^src\/features\/([^/]+)\//.exec(path)?.[1];
    const wrong = imports.filter(
      ({ from, to }) => feature(from) && feature(to) && feature(from) !== feature(to),
    );
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test('relative imports name the whole file, as Node needs it', () => {
    const bare = imports.filter(
      ({ specifier }) => specifier.startsWith('.') && !/\.(tsx?|mjs|json|css|svg)(\?.*)?$/.test(specifier),
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
    const found = importsOf({ path: 'src/core/x/y.ts', text }).map(({ to }) => to);
    const at = (name: string) => `src/core/x/${name}`;
    const wanted = [
      at('a.ts'),
      'src/core/b.ts',
      'c',
      at('d.ts'),
      at('e.css'),
      at('f.ts'),
      at('g.ts'),
      at('h.json'),
    ];
    expect(found.sort()).toEqual(wanted.sort());
    expect(imports.length).toBeGreaterThan(100);
  });
});

describe('every file', () => {
  test(`is at most ${LONGEST_FILE} lines long`, () => {
    const long = sources.filter(({ text }) => text.split('\n').length - 1 > LONGEST_FILE);
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
