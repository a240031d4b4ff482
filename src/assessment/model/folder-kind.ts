/** Kind of a folder, by the files in it: each kind is opened by another page. */
import type { FolderFile } from '../../../workers/model/api.ts';

/** `other` may hold videos. */
export type FolderKind = 'package' | 'checkpoint' | 'other';

const last = (path: string) => path.split('/').at(-1) ?? path;

export function kindOfFolder(files: readonly FolderFile[]): FolderKind {
  const names = new Set(files.map(({ path }) => last(path)));
  if (names.has('manifest.json')) return 'package';
  return names.has('config.json') && [...names].some((name) => name.endsWith('.safetensors'))
    ? 'checkpoint'
    : 'other';
}
