/** Opens a file of any container the page reads. */
import { type NamedBlob, readRange } from './bytes.ts';
import { containerOf } from './container.ts';
import { indexWithMediabunny } from './mediabunny-index.ts';
import { indexMp4 } from './mp4.ts';
import { indexMpegTs } from './mpegts.ts';
import { packetGrid, TS_HEAD } from './mpegts-packets.ts';
import type { PacketIndex } from './packet-index.ts';

/**
 * @throws CodedError `media/container`, `format`, `raw`, `pointer`, `web-page`, `codec`, `encrypted`, `truncated`, `no-video`, `no-frames` or `changed`.
 */
export async function demux(file: NamedBlob): Promise<PacketIndex> {
  const head = await readRange(file, 0, TS_HEAD);
  switch (containerOf(head, file.name)) {
    case 'mp4':
      return indexMp4(file, head);
    case 'matroska':
      return indexWithMediabunny(file);
    case 'mpegts':
      return indexMpegTs(file, packetGrid(head)!);
  }
}
