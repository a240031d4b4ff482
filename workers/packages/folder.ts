/** Folders and files of packages on the origin private file system (OPFS). */
import { keepAliveDuring } from '../thread/file-handles.ts';

/** A file open for writing at its end. Writing throws `QuotaExceededError` when the disk is full. */
export interface Sink {
  readonly size: number;
  append(bytes: Uint8Array): void;
  truncate(size: number): void;
  /** Fills `into` from `at`; returns the bytes read. */
  read(into: Uint8Array, at: number): number;
  flush(): void;
  close(): void;
}

export interface Folder {
  names(): Promise<string[]>;
  folder(name: string): Promise<Folder>;
  /** Null when there is none. */
  file(path: string): Promise<File | null>;
  /** A file can be open once at a time. */
  open(path: string): Promise<Sink>;
  remove(name: string): Promise<void>;
  /** Bytes of all files below a folder of this one; 0 without one. */
  bytes(name: string): Promise<number>;
}

export async function readText(folder: Folder, path: string): Promise<string | null> {
  return (await (await folder.file(path))?.text()) ?? null;
}

/** Replaces a file's text. Not atomic, since OPFS has no rename in every browser: a reader treats half a file as none. */
export async function writeText(folder: Folder, path: string, text: string): Promise<void> {
  const sink = await folder.open(path);
  try {
    sink.truncate(0);
    sink.append(new TextEncoder().encode(text));
    sink.flush();
  } finally {
    sink.close();
  }
}

const isMissing = (error: unknown) => error instanceof DOMException && error.name === 'NotFoundError';

export function opfsFolder(directory: FileSystemDirectoryHandle): Folder {
  const parent = async (path: string, create: boolean) => {
    const parts = path.split('/');
    const name = parts.pop() as string;
    let at = directory;
    for (const part of parts)
      at = await keepAliveDuring(at, (dir) => dir.getDirectoryHandle(part, { create }));
    return { at, name };
  };
  return {
    async names() {
      const names: string[] = [];
      for await (const name of directory.keys()) names.push(name);
      return names;
    },
    async folder(name) {
      return opfsFolder(
        await keepAliveDuring(directory, (dir) => dir.getDirectoryHandle(name, { create: true })),
      );
    },
    async file(path) {
      try {
        const { at, name } = await parent(path, false);
        const file = await keepAliveDuring(at, (dir) => dir.getFileHandle(name));
        return await keepAliveDuring(file, (one) => one.getFile());
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async open(path) {
      const { at, name } = await parent(path, true);
      const file = await keepAliveDuring(at, (dir) => dir.getFileHandle(name, { create: true }));
      const handle = await keepAliveDuring(file, (one) => one.createSyncAccessHandle());
      let size = handle.getSize();
      return {
        get size() {
          return size;
        },
        append(bytes) {
          const written = handle.write(bytes, { at: size });
          size += written;
          // A full disk may write a part of the bytes instead of throwing.
          if (written < bytes.byteLength) throw new DOMException('the disk is full', 'QuotaExceededError');
        },
        truncate(to) {
          handle.truncate(to);
          size = to;
        },
        read: (into, from) => handle.read(into, { at: from }),
        flush: () => handle.flush(),
        close: () => handle.close(),
      };
    },
    async bytes(name) {
      const below = await keepAliveDuring(directory, (dir) => dir.getDirectoryHandle(name)).catch(() => null);
      return below === null ? 0 : bytesBelow(below);
    },
    async remove(name) {
      await directory.removeEntry(name, { recursive: true }).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    },
  };
}

async function bytesBelow(directory: FileSystemDirectoryHandle): Promise<number> {
  let sum = 0;
  for await (const handle of directory.values()) {
    if (handle.kind === 'directory') sum += await bytesBelow(handle as FileSystemDirectoryHandle);
    else sum += (await keepAliveDuring(handle as FileSystemFileHandle, (one) => one.getFile())).size;
  }
  return sum;
}
