/** The command that a package records: it travels with the package, the folders of its maker do not. */
import { basename, isAbsolute, relative } from 'node:path';

/** A path in or below `folder` as seen from there, any other absolute one by its last name. */
function portable(path: string, folder: string): string {
  if (!isAbsolute(path)) return path;
  const below = relative(folder, path);
  return below === '' ? '.' : below.startsWith('..') || isAbsolute(below) ? basename(path) : below;
}

/** `program` and its arguments; absolute paths are made relative to `folder`, or lose what leads to them. */
export function recordedCommand(program: string, argv: readonly string[], folder = process.cwd()): string {
  const written = argv.map((argument) => {
    const option = /^(--[a-z-]+=)(.*)$/s.exec(argument);
    return option ? `${option[1]}${portable(option[2] ?? '', folder)}` : portable(argument, folder);
  });
  return [program, ...written].join(' ');
}
