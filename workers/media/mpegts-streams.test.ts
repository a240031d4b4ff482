import { describe, expect, it } from 'vitest';
import { undecodedStream } from './mpegts-streams.ts';

/** A packet of 188 bytes that holds one section; its checksum is not looked at. */
function packet(pid: number, table: number, body: readonly number[]): number[] {
  const length = 5 + body.length + 4;
  const section = [table, 0xb0 | (length >> 8), length & 255, 0, 1, 0xc1, 0, 0, ...body, 0, 0, 0, 0];
  const head = [0x47, 0x40 | (pid >> 8), pid & 255, 0x10, 0];
  return [...head, ...section, ...Array(188 - head.length - section.length).fill(255)];
}

const association = packet(0, 0, [0, 0, 0xe0, 0x10, 0, 1, 0xe1, 0x00]);
/** A descriptor of two bytes, then streams of the given types, each with a descriptor of one. */
const map = (...types: number[]) =>
  packet(0x100, 2, [0xe1, 0x01, 0xf0, 2, 9, 0, ...types.flatMap((type) => [type, 0xe1, 1, 0xf0, 1, 0])]);
const file = (...packets: number[][]) => new File([Uint8Array.from(packets.flat())], 'a.ts');

describe('undecodedStream', () => {
  it.each<[string, File, string | null]>([
    ['MPEG-2 behind sound', file(association, map(0x0f, 2)), 'MPEG-2'],
    ['VC-1', file(association, map(234)), 'VC-1'],
    ['sound alone', file(association, map(0x0f, 3)), null],
    ['no map', file(association, association), null],
    ['a map that nothing names', file(map(2), map(2)), null],
    ['a file that ends in a packet', file(association, map(2).slice(0, 40)), null],
    ['times before the packets', file([1, 2, 3, 4, ...association], [1, 2, 3, 4, ...map(2)]), 'MPEG-2'],
  ])('%s', async (_name, of, name) => {
    expect(await undecodedStream(of)).toBe(name);
  });
});
