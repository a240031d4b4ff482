/** Kind of a folder, by the files in it: each kind is opened by another page. */
import type { FolderFile } from '../../../workers/model/api.ts';

/** `other` may hold videos. */
export type FolderKind = 'package' | 'checkpoint' | 'other';

const last = (path: string) => path.split('/').at(-1) ?? path;

/** Weights in any format: what is no checkpoint of ours is named by the converter, not taken for videos. */
const WEIGHTS = /\.(safetensors|safetensors\.index\.json|bin|pt|pth|ckpt|gguf|h5|msgpack)$/i;

export function kindOfFolder(files: readonly FolderFile[]): FolderKind {
  const names = [...new Set(files.map(({ path }) => last(path)))];
  if (names.includes('manifest.json')) return 'package';
  if (names.some((name) => /\.(safetensors|gguf)$/i.test(name))) return 'checkpoint';
  const described = names.includes('config.json') || names.includes('adapter_config.json');
  const hasWeights = names.some((name) => WEIGHTS.test(name)) || names.includes('tokenizer_config.json');
  return described && hasWeights ? 'checkpoint' : 'other';
}

const folderOf = (path: string) => path.slice(0, path.length - last(path).length);

/** Files of the folder that holds the config, nearest to the top: a checkpoint may lie in a folder of its name. */
export function checkpointFiles(files: readonly FolderFile[]): readonly FolderFile[] {
  const configs = files.filter(({ path }) => /^(adapter_)?config\.json$/.test(last(path)));
  const depth = (path: string) => path.split('/').length;
  const [top] = configs.toSorted((a, b) => depth(a.path) - depth(b.path));
  const folder = folderOf((top ?? files[0])?.path ?? '');
  return files.filter(({ path }) => folderOf(path) === folder);
}
