/** Files that come in anywhere on the page, by drop, paste or choice, and the place that takes them. */
import { useEffect, useRef } from 'react';

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

/** Files of a folder with their paths inside it. */
export type FolderFiles = readonly { readonly path: string; readonly file: File }[];

let folderTaker: ((files: FolderFiles) => void) | null = null;

/** Hands a folder to the open place; false when it takes none. */
export function offerFolder(files: FolderFiles): boolean {
  folderTaker?.(files);
  return folderTaker !== null;
}

/** The open place takes folders that come in. */
export function useFolderIntake(take: (files: FolderFiles) => void): void {
  const latest = useRef(take);
  useEffect(() => {
    latest.current = take;
  });
  useEffect(() => {
    const mine = (files: FolderFiles) => latest.current(files);
    folderTaker = mine;
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

/** Opens the folder chooser and resolves with its files and their paths inside the folder; `[]` when cancelled. */
export function chooseFolder(): Promise<FolderFiles> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.webkitdirectory = true;
    input.hidden = true;
    const done = () => {
      const files = [...(input.files ?? [])];
      input.remove();
      // The first part of the path is the folder's own name.
      resolve(files.map((file) => ({ path: file.webkitRelativePath.replace(/^[^/]+\//, ''), file })));
    };
    input.addEventListener('change', done);
    input.addEventListener('cancel', done);
    document.body.append(input);
    input.click();
  });
}
