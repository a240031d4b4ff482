/**
 * The table of rooms, `layers.json`, and the imports of the code. Read by the test of the walls and by the command that
 * prints the table into `docs/architecture.md`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';

export const root = join(import.meta.dirname, '..');

export interface Room {
  /** Folder from the root, or a pattern `folder/*` whose every folder is a room of its own. */
  readonly room: string;
  readonly holds: string;
  readonly imports: readonly string[];
  /** Packages that may be imported; absent: any. */
  readonly packages?: readonly string[];
  /** Rooms of which only the border files may be imported. */
  readonly borders?: readonly string[];
}

export interface Layers {
  readonly typescript: readonly Room[];
  readonly python: readonly Room[];
  readonly borders: { readonly files: readonly string[] };
  readonly typeOnlyExceptions: readonly {
    readonly from: string;
    readonly to: string;
    readonly reason: string;
  }[];
}

export const layers = JSON.parse(readFileSync(join(root, 'layers.json'), 'utf8')) as Layers;

export interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const CODE = /\.(ts|tsx|mts|mjs|js|py|css)$/;
const TOP = [
  'core',
  'convert',
  'workers',
  'src',
  'library',
  'command',
  'training-server',
  'scripts',
  'e2e',
  'public',
];
/** Made by tools or installed, not written here. */
const notOurs = /(^|\/)(node_modules|dist|__pycache__|\.[a-z_]+)(\/|$)|^public\/ort\//;

export const sources: readonly Source[] = TOP.flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && CODE.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !notOurs.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })),
);

export interface Import {
  readonly from: string;
  /** A package's name, or a path from the root. */
  readonly to: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

export const isOurs = (to: string): boolean => TOP.some((room) => to.startsWith(`${room}/`));

/** Static and dynamic imports, re-exports, and `new URL('…', import.meta.url)`, which starts a worker. */
export function importsOf({ path, text }: Source): Import[] {
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
      return { from: path, to, specifier, typeOnly: /^\s*(?:import|export)\s+type\s/.test(match[0]) };
    }),
  );
}

const TORCH = 'training-server/torch/';

/** Imports between the folders of `training-server/torch`, as `room/module`. */
export function pythonImportsOf({ path, text }: Source): Import[] {
  const rooms = layers.python.map(({ room }) => room).join('|');
  const pattern = new RegExp(`^\\s*(?:from|import)\\s+((?:${rooms})(?:\\.[\\w.]+)?)(?=\\s|$)`, 'gm');
  return [...text.matchAll(pattern)].map((match) => ({
    from: path.slice(TORCH.length),
    to: match[1]!.replaceAll('.', '/'),
    specifier: match[1]!,
    typeOnly: false,
  }));
}

export const typescript = sources.filter(({ path }) => /\.tsx?$/.test(path));
export const python = sources.filter(({ path }) => path.startsWith(TORCH) && path.endsWith('.py'));

/** The most special room of a table that a path lies in; for a pattern, the folder that it matched. */
export function roomOf(path: string, table: readonly Room[]): { room: Room; name: string } | null {
  let best: { room: Room; name: string } | null = null;
  for (const room of table) {
    const folder = room.room.replace(/\/\*$/, '');
    if (!path.startsWith(`${folder}/`)) continue;
    const rest = path.slice(folder.length + 1);
    if (room.room.endsWith('/*') && !rest.includes('/')) continue;
    const name = room.room.endsWith('/*') ? `${folder}/${rest.split('/')[0]}` : folder;
    if (best === null || name.length > best.name.length) best = { room, name };
  }
  return best;
}

const names = (list: readonly string[], name: string): boolean =>
  list.some((entry) => (entry.endsWith('/*') ? name.startsWith(entry.slice(0, -1)) : entry === name));

/** Why an import is against the table, or null. */
export function fault({ from, to, typeOnly }: Import, table: readonly Room[]): string | null {
  const here = roomOf(from, table);
  if (here === null) return `${from} lies in no room`;
  const there = roomOf(to, table);
  if (there === null) {
    const { packages } = here.room;
    const allowed = packages?.some((name) => to === name || to.startsWith(`${name}/`)) ?? true;
    return allowed ? null : `${from} → ${to}`;
  }
  if (there.name === here.name || names(here.room.imports, there.name)) return null;
  const isBorder = layers.borders.files.some((file) => to.endsWith(`/${file}`));
  if (isBorder && names(here.room.borders ?? [], there.name)) return null;
  const excepted = layers.typeOnlyExceptions.some((entry) => entry.from === from && entry.to === to);
  return typeOnly && excepted ? null : `${from} → ${to}`;
}

/** Pairs of rooms between which imports run both ways, directly or around a circle. */
export function circles(imports: readonly Import[], table: readonly Room[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    const [a, b] = [roomOf(from, table)?.name, roomOf(to, table)?.name];
    if (a && b && a !== b) next.set(a, (next.get(a) ?? new Set()).add(b));
  }
  const reached = new Map<string, Set<string>>();
  const reach = (start: string): Set<string> => {
    const seen = new Set<string>();
    const queue = [start];
    for (let room = queue.pop(); room !== undefined; room = queue.pop())
      for (const other of next.get(room) ?? [])
        if (!seen.has(other)) queue.push(...[other].filter((o) => seen.add(o)));
    return seen;
  };
  for (const room of next.keys()) reached.set(room, reach(room));
  return [...reached].filter(([room, all]) => all.has(room)).map(([room]) => room);
}
