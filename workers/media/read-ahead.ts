/** Packets of a stream one after another, the file read a piece ahead of them. */
import type { PacketIndex } from './packet-index.ts';

/** Size of one read: packets, and bytes beyond the first packet. A read of the file costs about 1 ms. */
const PIECE = { packets: 32, bytes: 1 << 20 };

/**
 * Packets [start, end) in decode order; while one piece of the file is used, the next one is read.
 *
 * @param until waits for a piece; it may give up
 */
export async function* readAhead(
  index: Pick<PacketIndex, 'packets' | 'readRun'>,
  start: number,
  end: number,
  until: <T>(piece: Promise<T>) => Promise<T> = (piece) => piece,
): AsyncGenerator<readonly [d: number, data: Uint8Array]> {
  const read = (from: number) => {
    let [to, bytes] = [from + 1, 0];
    while (to < end && to < from + PIECE.packets && bytes < PIECE.bytes) bytes += index.packets.size[to++]!;
    const piece = index.readRun(from, to);
    piece.catch(() => {}); // it may come after the reader has gone
    return piece;
  };
  let next = start < end ? read(start) : null;
  for (let at = start; next; ) {
    const piece = await until(next);
    const first = at;
    at += piece.length;
    next = at < end ? read(at) : null;
    for (const [i, data] of piece.entries()) yield [first + i, data];
  }
}
