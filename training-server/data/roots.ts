/**
 * Folders that the server may read. Every path of a request or a recipe is resolved here with its symbolic links and then
 * compared with the roots; a file is opened first and the opened file is checked, so that replacing it in between has no effect.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { CodedError } from '../../core/errors.ts';

const outside = (field: string) => new CodedError('train/path', { field });
const absent = (field: string) => new CodedError('train/missing-path', { field });

export interface Roots {
  /** Real paths of the roots. */
  readonly folders: readonly string[];
  /**
   * Real path of something that exists. A relative path is resolved in the working folder, then in each root.
   * @param field name in the error, e.g. `data.train[0].file`; defaults to the path itself
   * @throws `train/path` {field} outside the roots (links followed), `train/missing-path` {field} where nothing exists
   */
  resolve(path: string, field?: string): Promise<string>;
  /** Opens a regular file to read; the caller closes it. Throws like `resolve`. */
  open(path: string, field?: string): Promise<FileHandle>;
  /** True for a real path within a root. */
  holds(real: string): boolean;
}

/** True for a path within a folder: `/data-old` is not in `/data`. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** @throws `train/missing-path` for a missing root */
export async function openRoots(paths: readonly string[]): Promise<Roots> {
  const folders = await Promise.all(
    paths.map((path) =>
      realpath(resolve(path)).catch(() => {
        throw absent(path);
      }),
    ),
  );
  const holds = (real: string) => folders.some((folder) => isWithin(folder, real));

  const starts = [...new Set([process.cwd(), ...folders])];

  async function find(path: string, field: string): Promise<string> {
    if (path.includes('\0')) throw outside(field);
    const named = isAbsolute(path) ? [resolve(path)] : starts.map((folder) => join(folder, path));
    // Compared as text first, so that the error does not reveal whether a path outside exists.
    const candidates = named.filter(holds);
    if (candidates.length === 0) throw outside(field);
    let escaped = false;
    for (const candidate of candidates) {
      const real = await realpath(candidate).catch(() => null);
      if (real !== null && holds(real)) return real;
      escaped ||= real !== null;
    }
    throw escaped ? outside(field) : absent(field);
  }

  return {
    folders,
    holds,
    resolve: (path, field = path) => find(path, field),
    async open(path, field = path) {
      const real = await find(path, field);
      // Refuses a last component that has become a link; does not block on a pipe or a device.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const handle = await open(real, flags).catch(() => {
        throw absent(field);
      });
      try {
        if (!(await handle.stat()).isFile()) throw absent(field);
        if (!(await isStillWithin(handle, real, holds))) throw outside(field);
      } catch (error) {
        await handle.close();
        throw error;
      }
      return handle;
    },
  };
}

/** Checks the opened file: by its descriptor on Linux; elsewhere the path must still lead to the same file. */
async function isStillWithin(
  handle: FileHandle,
  real: string,
  holds: (path: string) => boolean,
): Promise<boolean> {
  if (process.platform === 'linux') return holds(await readlink(`/proc/self/fd/${handle.fd}`));
  const again = await realpath(real);
  const [opened, named] = await Promise.all([handle.stat(), stat(again)]);
  return holds(again) && opened.dev === named.dev && opened.ino === named.ino;
}
