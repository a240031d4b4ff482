/** Files on disk for the media session. */
import { openAsBlob, statSync } from 'node:fs';
import { basename } from 'node:path';

export { type ThreadMedia as NodeMedia, threadMedia as nodeMedia } from '../../library/in-thread.ts';

/** A file on disk whose pieces are read when they are wanted. @throws Error of the file system */
export async function fileOf(path: string): Promise<File> {
  const { mtimeMs } = statSync(path);
  return new File([await openAsBlob(path)], basename(path), { lastModified: mtimeMs });
}
