/** Files that come in anywhere on the page, by drop, paste or choice, and the place that takes them. */
import { useEffect, useRef } from 'react';
import type { FolderFile } from '../../workers/model/api.ts';
import { filesBelow } from '../assessment/model/folder-handles.ts';
import type { FolderKind } from '../assessment/model/folder-kind.ts';

export type FileSource = 'drop' | 'paste' | 'choose';
export type TakeFiles = (files: readonly File[], source: FileSource) => void;

let taker: TakeFiles | null = null;
let waiting: { files: readonly File[]; source: FileSource } | null = null;

/** Hands files to the open place; before it is there they wait for it. */
export function offerFiles(files: readonly File[], source: FileSource): void {
  if (files.length === 0) return;
  if (taker) taker(files, source);
  else waiting = { files, source };
}

/** Keeps files for the place that is opened next. */
export function handOver(files: readonly File[]): void {
  waiting = { files, source: 'choose' };
}

/** The open place takes what comes in. The last caller wins. */
export function useFileIntake(take: TakeFiles): void {
  const latest = useRef(take);
  useEffect(() => {
    latest.current = take;
  });
  useEffect(() => {
    const mine: TakeFiles = (files, source) => latest.current(files, source);
    taker = mine;
    if (waiting) {
      const { files, source } = waiting;
      waiting = null;
      mine(files, source);
    }
    return () => {
      if (taker === mine) taker = null;
    };
  }, []);
}

/** A folder that was dropped or chosen. */
export interface GivenFolder {
  readonly name: string;
  /** Every file below it. */
  readonly files: readonly FolderFile[];
  /** Where the browser gives one: it can be kept, and asked again after a reload. */
  readonly handle?: FileSystemDirectoryHandle;
}

interface FolderTaker {
  readonly kinds: readonly FolderKind[];
  readonly take: (folder: GivenFolder) => void;
}

let folderTaker: FolderTaker | null = null;
let waitingFolder: GivenFolder | null = null;

/** Hands a folder to the open place; false when that takes none of this kind. */
export function offerFolder(folder: GivenFolder, kind: FolderKind): boolean {
  if (!folderTaker?.kinds.includes(kind)) return false;
  folderTaker.take(folder);
  return true;
}

/** Keeps a folder for the place that is opened next. */
export function handOverFolder(folder: GivenFolder): void {
  waitingFolder = folder;
}

/** The open place takes folders of these kinds; they do not change while it is open. */
export function useFolderIntake(kinds: readonly FolderKind[], take: (folder: GivenFolder) => void): void {
  const latest = useRef(take);
  useEffect(() => {
    latest.current = take;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the kinds of a place are a constant of it
  useEffect(() => {
    const mine: FolderTaker = { kinds, take: (folder) => latest.current(folder) };
    folderTaker = mine;
    if (waitingFolder) {
      const folder = waitingFolder;
      waitingFolder = null;
      mine.take(folder);
    }
    return () => {
      if (folderTaker === mine) folderTaker = null;
    };
  }, []);
}

let opener: HTMLInputElement | null = null;

/** Opens the file chooser; must be called from a click or a key. What is chosen goes to `offerFiles`. */
export function chooseFiles(): void {
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

/** Opens the folder chooser; must be called from a click or a key. Null when it was left without a choice. */
export function chooseFolder(): Promise<GivenFolder | null> {
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
      // A phone that knows no folders lets the person choose files, which have no path.
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

/** As `chooseFolder`, with a handle to keep where the browser gives one. */
export async function chooseLastingFolder(): Promise<GivenFolder | null> {
  const pick = (globalThis as { showDirectoryPicker?: DirectoryPicker }).showDirectoryPicker;
  if (!pick) return chooseFolder();
  try {
    const handle = await pick({ id: 'videos', mode: 'read' });
    return { name: handle.name, files: await filesBelow(handle), handle };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
}
