/** Opens a file of any container the page reads. */
import { type NamedBlob, readRange } from './bytes.ts';
import { containerOf } from './container.ts';
import { indexWithMediabunny } from './mediabunny-index.ts';
import { indexMp4 } from './mp4.ts';
import { indexMpegTs } from './mpegts.ts';
import { packetGrid } from './mpegts-packets.ts';
import type { PacketIndex } from './packet-index.ts';

/** Bytes that tell the container: six MPEG-TS packets and the rest of one before them. */
const HEAD = 1500;

/**
 * @throws CodedError `media/container`, `format`, `raw`, `pointer`, `web-page`, `codec`, `encrypted`, `truncated`, `no-video`, `no-frames` or `changed`.
 */
export async function demux(file: NamedBlob): Promise<PacketIndex> {
  const head = await readRange(file, 0, HEAD);
  switch (containerOf(head, file.name)) {
    case 'mp4':
      return indexMp4(file, head);
    case 'matroska':
      return indexWithMediabunny(file);
    case 'mpegts':
      return indexMpegTs(file, packetGrid(head)!);
  }
}
