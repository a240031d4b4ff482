/**
 * Folders by the browser's handles. A handle outlives the page: after a reload the browser opens its files at once, or
 * when the person permits it.
 */

import type { FolderFile } from '../../../workers/model/api.ts';
import { keepAliveDuring } from '../../../workers/thread/file-handles.ts';

/** The permissions of Chromium's handles; no other browser has them. */
type Asked = FileSystemDirectoryHandle &
  Partial<Record<'queryPermission' | 'requestPermission', (o: { mode: 'read' }) => Promise<PermissionState>>>;

/** True when the page may read a folder. `request` asks the person, and must come from a click. */
export async function mayRead(folder: Asked, how: 'query' | 'request'): Promise<boolean> {
  const ask = how === 'query' ? folder.queryPermission : folder.requestPermission;
  return (await ask?.call(folder, { mode: 'read' }).catch(() => 'denied')) === 'granted';
}

/** Every file below a folder, in the order of the file system. */
export async function filesBelow(folder: FileSystemDirectoryHandle, above = ''): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === 'directory') {
      files.push(...(await filesBelow(handle as FileSystemDirectoryHandle, `${above}${name}/`)));
    } else {
      const file = await keepAliveDuring(handle as FileSystemFileHandle, (one) => one.getFile());
      files.push({ path: above + name, file });
    }
  }
  return files;
}
