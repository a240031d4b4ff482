/** The list of videos that a call names: files, folders, patterns, lists and standard input. */
import * as fs from 'node:fs';
import { extname, join } from 'node:path';
import { UsageError } from './arguments.ts';

/** Names of files that hold video in a container that is read here, for folders; a file that is named itself is always tried. */
const VIDEO = new Set(['.mp4', '.m4v', '.mov', '.webm', '.mkv', '.ts', '.mts', '.m2ts', '.3gp']);

export interface ListOptions {
  readonly recursive: boolean;
  readonly shard: { readonly of: number; readonly parts: number } | null;
  /** Lines of standard input; read when `-` is named. */
  readonly stdin: () => string;
}

const byCodePoint = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function folder(path: string, recursive: boolean): string[] {
  return (
    fs
      .readdirSync(path, { recursive, withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && VIDEO.has(extname(entry.name).toLowerCase()))
      .map((entry) => join(entry.parentPath, entry.name))
      // A link counts as what it leads to.
      .filter((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile())
      .sort(byCodePoint)
  );
}

const lines = (text: string) =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));

function expand(path: string, options: ListOptions): string[] {
  if (path === '-') return lines(options.stdin());
  if (fs.existsSync(path)) {
    if (fs.statSync(path).isDirectory()) return folder(path, options.recursive);
    return extname(path).toLowerCase() === '.txt' ? lines(fs.readFileSync(path, 'utf8')) : [path];
  }
  // Node 20 has no patterns of its own; there the shell expands them.
  if (/[*?[{]/.test(path) && fs.globSync) {
    const matches = fs.globSync(path).sort(byCodePoint);
    if (matches.length > 0) return matches.flatMap((each) => expand(each, options));
  }
  throw new UsageError(`There is no file or folder ${path}.`);
}

/**
 * Paths in the order in which they were named, folders sorted, each once. A shard has every `parts`-th of them, so that
 * all shards of one list together are the list, on any machine that sees the same names.
 *
 * @throws UsageError for a name that is not there; Error of the file system
 */
export function listFiles(paths: readonly string[], options: ListOptions): string[] {
  const all = [...new Set(paths.flatMap((path) => expand(path, options)))];
  const { shard } = options;
  return shard ? all.filter((_, k) => k % shard.parts === shard.of - 1) : all;
}
