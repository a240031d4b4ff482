/** A folder dropped on the page: a model package when it holds a manifest, else the files in it. */
import { models } from '../state/session.ts';
import { offerFiles, offerFolder } from './intake.ts';

interface FolderFile {
  /** Path inside the folder, `/` between parts. */
  readonly path: string;
  readonly file: File;
}

/** The folder of a drop, or null when files were dropped. Must be asked during the event. */
export function droppedFolder(event: DragEvent): FileSystemDirectoryEntry | null {
  const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry());
  return entries.find((entry): entry is FileSystemDirectoryEntry => entry?.isDirectory ?? false) ?? null;
}

/** A reader gives its entries in portions, and an empty one at the end. */
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
  const found: FolderFile[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = `${above}${entry.name}`;
    if (entry.isDirectory) found.push(...(await filesOf(entry as FileSystemDirectoryEntry, `${path}/`)));
    else {
      const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
      found.push({ path, file });
    }
  }
  return found;
}

export async function openDroppedFolder(folder: FileSystemDirectoryEntry): Promise<void> {
  const files = await filesOf(folder);
  if (offerFolder(files)) return;
  const isPackage = files.some(({ path }) => path === 'manifest.json');
  // The header says what is wrong with a package; the open place what is wrong with a file.
  if (isPackage) await models.load({ kind: 'files', files }).catch(() => {});
  else
    offerFiles(
      files.map(({ file }) => file),
      'drop',
    );
}
