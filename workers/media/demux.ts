/** Opens a file of any container the page reads. */
import { type NamedBlob, readRange } from './bytes.ts';
import { containerOf } from './container.ts';
import { indexWithMediabunny } from './mediabunny-index.ts';
import { indexMp4 } from './mp4.ts';
import type { PacketIndex } from './packet-index.ts';

/**
 * @throws CodedError `media/container`, `codec`, `encrypted`, `truncated`, `no-video`, `no-frames` or `changed`.
 */
export async function demux(file: NamedBlob): Promise<PacketIndex> {
  const head = await readRange(file, 0, 600);
  const family = containerOf(head);
  return family === 'mp4' ? indexMp4(file, head) : indexWithMediabunny(file, family);
}
