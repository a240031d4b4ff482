import { describe, expect, it } from 'vitest';
import { packetGrid } from './mpegts-packets.ts';
import { programmeOf } from './mpegts-streams.ts';

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
  packet(0x100, 2, [0xe1, 0x01, 0xf0, 2, 9, 0, ...types.flatMap((type, i) => [type, 0xe1, i, 0xf0, 1, 0])]);
/** A PES packet of video that begins with a unit. */
const pes = (unit: number) => [
  ...[0x47, 0x41, 0x00, 0x10, 0, 0, 1, 0xe0, 0, 0, 0x80, 0, 0, 0, 0, 1, unit],
  ...Array(171).fill(1),
];
const file = (...packets: number[][]) => new File([Uint8Array.from(packets.flat())], 'a.ts');

describe('programmeOf', () => {
  it.each<[string, File, [number, string][], string | null]>([
    [
      'H.264 and HEVC behind sound',
      file(association, map(0x0f, 27, 36)),
      [
        [0x101, 'avc'],
        [0x102, 'hevc'],
      ],
      null,
    ],
    ['MPEG-2 behind sound', file(association, map(0x0f, 2)), [], 'MPEG-2'],
    ['VC-1', file(association, map(234)), [], 'VC-1'],
    ['sound alone', file(association, map(0x0f, 3)), [], null],
    ['no map', file(association, association), [], null],
    ['a map that nothing names', file(map(27), map(27)), [], null],
    ['a map of sound alone before another', file(association, map(3), map(3, 27)), [[0x101, 'avc']], null],
    ['a file that ends in a packet', file(association, map(2).slice(0, 40)), [], null],
    ['no tables, H.264', file(pes(0x67), pes(1)), [[0x100, 'avc']], null],
    ['no tables, HEVC', file(pes(0x40), pes(1)), [[0x100, 'hevc']], null],
    ['no tables, no parameter sets', file(pes(1), pes(1)), [], null],
  ])('%s', async (name, of, video, undecoded) => {
    const programme = await programmeOf(of, { start: 0, stride: 188 });
    expect([...programme.video]).toEqual(video);
    expect(programme.undecoded).toBe(undecoded);
    expect(programme.sound).toBe(name.includes('sound'));
  });
});

describe('packetGrid', () => {
  const packets = (count: number, before: number, behind: number) =>
    Uint8Array.from(
      Array.from({ length: count }, () => [
        ...Array(before).fill(1),
        0x47,
        ...Array(187).fill(1),
        ...Array(behind).fill(1),
      ]).flat(),
    );
  it.each<[string, Uint8Array, ReturnType<typeof packetGrid>]>([
    ['plain', packets(6, 0, 0), { start: 0, stride: 188 }],
    ['behind a time of four bytes', packets(6, 4, 0), { start: 4, stride: 192 }],
    ['before an error correction', packets(6, 0, 16), { start: 0, stride: 204 }],
    ['from the middle of a packet', packets(7, 0, 0).subarray(100), { start: 88, stride: 188 }],
    ['from the middle of a packet of 204', packets(7, 0, 16).subarray(150), { start: 54, stride: 204 }],
    [
      'behind other bytes',
      Uint8Array.from([...Array(777).fill(1), ...packets(6, 0, 0)]),
      { start: 777, stride: 188 },
    ],
    ['behind too many other bytes', Uint8Array.from([...Array(1100).fill(1), ...packets(9, 0, 0)]), null],
    ['two packets are all', packets(2, 0, 0), { start: 0, stride: 188 }],
    ['one packet is all', packets(1, 0, 0), null],
    ['four sync bytes by chance', packets(4, 0, 0).subarray(0, 600), null],
    ['nothing', new Uint8Array(2000), null],
  ])('%s', (name, bytes, grid) => {
    // Bytes behind four packets show that they are none.
    const whole = name.startsWith('four') ? Uint8Array.from([...bytes, ...Array(2000).fill(1)]) : bytes;
    expect(packetGrid(whole)).toEqual(grid);
  });
});
