/** Files of a batch's videos by path, and the folders that a later visit can read them from. */

import type { BatchRow } from '../../../../core/files/batch.ts';
import { filesBelow, mayRead } from '../../../assessment/model/folder-handles.ts';
import type { BatchVideo } from './state.ts';
import type { Folders } from './storage.ts';

export class BatchSources {
  #files: ReadonlyMap<string, File> = new Map();
  #folders: Folders = new Map();
  #retained: ReadonlySet<string> = new Set();

  get folders(): Folders {
    return this.#folders;
  }

  /** Paths whose file can be read. */
  paths(): ReadonlySet<string> {
    return new Set(this.#files.keys());
  }

  /** Paths whose file a later visit can read, by the handle of its folder. */
  retained(): ReadonlySet<string> {
    return this.#retained;
  }

  file(path: string): File | null {
    return this.#files.get(path) ?? null;
  }

  /** @param handle of the folder `name` that the videos come from */
  add(videos: readonly BatchVideo[], name: string, handle?: FileSystemDirectoryHandle): void {
    this.#addFiles(videos);
    if (!handle || videos.length === 0) return;
    this.#folders = new Map(this.#folders).set(name, handle);
    this.#retain(videos);
  }

  /** Folders of an earlier visit; `reach` reads them. */
  restore(folders: Folders): void {
    this.#folders = folders;
  }

  /** @returns puts back what was cleared */
  clear(): () => void {
    const [files, folders, retained] = [this.#files, this.#folders, this.#retained];
    this.#files = new Map();
    this.#folders = new Map();
    this.#retained = new Set();
    return () => {
      this.#files = new Map([...this.#files, ...files]);
      this.#folders = folders;
      this.#retained = retained;
    };
  }

  /**
   * Takes the files of rows from the folders; another size under the same path is another video.
   *
   * @returns names of the folders that the browser does not let the page read
   */
  async reach(rows: readonly BatchRow[], how: 'query' | 'request'): Promise<readonly string[]> {
    const bytes = new Map(rows.map((row) => [row.path, row.bytes]));
    const locked: string[] = [];
    for (const [name, folder] of this.#folders) {
      if (!(await mayRead(folder, how))) {
        locked.push(name);
        continue;
      }
      // A folder that was moved has no files any more: the person is asked for it.
      const files = await filesBelow(folder).catch(() => []);
      const videos = files.filter(({ path, file }) => bytes.get(path) === file.size);
      this.#addFiles(videos);
      this.#retain(videos);
    }
    return locked;
  }

  #retain(videos: readonly BatchVideo[]): void {
    this.#retained = new Set([...this.#retained, ...videos.map(({ path }) => path)]);
  }

  #addFiles(videos: readonly BatchVideo[]): void {
    this.#files = new Map([...this.#files, ...videos.map(({ path, file }) => [path, file] as const)]);
  }
}
