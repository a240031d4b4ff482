/** Folders dropped on the page; the kind of their files decides which page opens them. */
import type { FolderFile } from '../../workers/model/api.ts';
import { kindOfFolder } from '../assessment/model/folder-kind.ts';
import { models } from '../assessment/session.ts';
import { offerFiles, offerFolder, type PickedFolder, passFolderToNextPage } from './file-input.ts';
import { goTo } from './router.ts';

/** A folder of a drop, before its files are read. */
export interface DroppedFolder {
  readonly entry: FileSystemDirectoryEntry;
  /** Null where the browser gives none. */
  readonly handle: Promise<FileSystemDirectoryHandle | null>;
}

type Handles = DataTransferItem & {
  readonly getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
};

function handleOf(item: Handles): DroppedFolder['handle'] {
  const asked = item.getAsFileSystemHandle?.() ?? Promise.resolve(null);
  // Some system folders have no handle; they are read but cannot be opened again after a reload.
  return asked.then(
    (handle) => (handle?.kind === 'directory' ? (handle as FileSystemDirectoryHandle) : null),
    () => null,
  );
}

/** Folders and files of a drop. Must be called during the event. */
export function droppedItems(event: DragEvent): { folders: DroppedFolder[]; files: File[] } {
  const folders: DroppedFolder[] = [];
  const files: File[] = [];
  for (const item of event.dataTransfer?.items ?? []) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry();
    if (entry?.isDirectory) {
      folders.push({ entry: entry as FileSystemDirectoryEntry, handle: handleOf(item) });
      continue;
    }
    const file = item.getAsFile();
    if (file) files.push(file);
  }
  return { folders, files };
}

/** Entries of a folder; the reader returns them in portions until one is empty. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (portion.length === 0) return all;
    all.push(...portion);
  }
}

async function filesOf(folder: FileSystemDirectoryEntry, above = ''): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = `${above}${entry.name}`;
    if (entry.isDirectory) files.push(...(await filesOf(entry as FileSystemDirectoryEntry, `${path}/`)));
    else {
      const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
      files.push({ path, file });
    }
  }
  return files;
}

export async function openDroppedFolder({ entry, handle }: DroppedFolder): Promise<void> {
  const files = await filesOf(entry);
  const given = await handle;
  const folder: PickedFolder = { name: entry.name, files, ...(given && { handle: given }) };
  const kind = kindOfFolder(files);
  if (offerFolder(folder, kind)) return;
  // The header shows the errors of a package, the open page those of a file.
  if (kind === 'package') await models.load({ kind: 'files', files }).catch(() => {});
  else if (kind === 'checkpoint') {
    passFolderToNextPage(folder, kind);
    goTo('models');
  } else
    offerFiles(
      files.map(({ file }) => file),
      'drop',
    );
}
