/** Files and folders from a drop, a paste or a chooser, passed to the open page. */
import { useEffect, useRef } from 'react';
import type { FolderFile } from '../../workers/model/api.ts';
import { filesBelow } from '../assessment/model/folder-handles.ts';
import type { FolderKind } from '../assessment/model/folder-kind.ts';

export type FileSource = 'drop' | 'paste' | 'choose';
export type FileReceiver = (files: readonly File[], source: FileSource) => void;

let receiver: FileReceiver | null = null;
let pendingFiles: { files: readonly File[]; source: FileSource } | null = null;

/** Passes files to the open page, or keeps them until it is mounted. */
export function offerFiles(files: readonly File[], source: FileSource): void {
  if (files.length === 0) return;
  if (receiver) receiver(files, source);
  else pendingFiles = { files, source };
}

/** Keeps files for the page that is opened next. */
export function passToNextPage(files: readonly File[]): void {
  pendingFiles = { files, source: 'choose' };
}

/** Receives files while the component is mounted. The last caller wins. */
export function useFileInput(receive: FileReceiver): void {
  const latest = useRef(receive);
  useEffect(() => {
    latest.current = receive;
  });
  useEffect(() => {
    const current: FileReceiver = (files, source) => latest.current(files, source);
    receiver = current;
    if (pendingFiles) {
      const { files, source } = pendingFiles;
      pendingFiles = null;
      current(files, source);
    }
    return () => {
      if (receiver === current) receiver = null;
    };
  }, []);
}

/** A folder that was dropped or chosen. */
export interface PickedFolder {
  readonly name: string;
  /** Every file below it. */
  readonly files: readonly FolderFile[];
  /** Where the browser gives one: it can be stored and opened again after a reload. */
  readonly handle?: FileSystemDirectoryHandle;
}

interface FolderReceiver {
  readonly kinds: readonly FolderKind[];
  readonly receive: (folder: PickedFolder) => void;
}

let folderReceiver: FolderReceiver | null = null;
let pendingFolder: { readonly folder: PickedFolder; readonly kind: FolderKind } | null = null;

/** Passes a folder to the open page; false when that receives none of this kind. */
export function offerFolder(folder: PickedFolder, kind: FolderKind): boolean {
  if (!folderReceiver?.kinds.includes(kind)) return false;
  folderReceiver.receive(folder);
  return true;
}

/** Keeps a folder for the next page that receives its kind: another one may be opened before that is loaded. */
export function passFolderToNextPage(folder: PickedFolder, kind: FolderKind): void {
  pendingFolder = { folder, kind };
}

/** Receives folders of these kinds while the component is mounted; the kinds must not change. */
export function useFolderInput(kinds: readonly FolderKind[], receive: (folder: PickedFolder) => void): void {
  const latest = useRef(receive);
  useEffect(() => {
    latest.current = receive;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the kinds are constant
  useEffect(() => {
    const current: FolderReceiver = { kinds, receive: (folder) => latest.current(folder) };
    folderReceiver = current;
    if (pendingFolder && kinds.includes(pendingFolder.kind)) {
      const { folder } = pendingFolder;
      pendingFolder = null;
      current.receive(folder);
    }
    return () => {
      if (folderReceiver === current) folderReceiver = null;
    };
  }, []);
}

let opener: HTMLInputElement | null = null;

/** Opens the file chooser; must be called from a click or a key. The chosen files go to `offerFiles`. */
export function pickFiles(): void {
  opener?.remove();
  opener = document.createElement('input');
  opener.type = 'file';
  opener.multiple = true;
  opener.accept = 'video/*,.mkv,.webm,.mov,.mp4,.m4v,.ts,.json';
  // Attached, because some browsers fire no event on a detached input.
  opener.hidden = true;
  opener.addEventListener('change', () => offerFiles([...(opener?.files ?? [])], 'choose'));
  document.body.append(opener);
  opener.click();
}

/** Opens the folder chooser; must be called from a click or a key. Null when it was cancelled. */
export function pickFolder(): Promise<PickedFolder | null> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.webkitdirectory = true;
    input.hidden = true;
    const done = () => {
      const files = [...(input.files ?? [])];
      input.remove();
      const [first] = files;
      if (!first) return resolve(null);
      // The first part of the path is the folder's own name.
      const name = first.webkitRelativePath.split('/')[0] ?? '';
      // A phone without folders offers files, which have no path.
      const inside = (file: File) => file.webkitRelativePath.slice(name.length + 1) || file.name;
      resolve({ name, files: files.map((file) => ({ path: inside(file), file })) });
    };
    input.addEventListener('change', done);
    input.addEventListener('cancel', done);
    document.body.append(input);
    input.click();
  });
}

/** Chromium's chooser, which gives a handle; other browsers have none. */
type DirectoryPicker = (options: { id: string; mode: 'read' }) => Promise<FileSystemDirectoryHandle>;

/** As `chooseFolder`, with a handle that can be stored where the browser gives one. */
export async function pickPersistentFolder(): Promise<PickedFolder | null> {
  const pick = (globalThis as { showDirectoryPicker?: DirectoryPicker }).showDirectoryPicker;
  if (!pick) return pickFolder();
  try {
    const handle = await pick({ id: 'videos', mode: 'read' });
    return { name: handle.name, files: await filesBelow(handle), handle };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
}
