import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recording } from '../../e2e/media/stream-arbitrary.ts';
import { BitReader } from './bits.ts';
import { parseH264Sps, readSequence } from './h264.ts';
import { h264Chunks } from './h264-chunks.ts';
import { reorderingDepth, withReordering } from './h264-reordering.ts';
import { annexBUnits, prefixedUnits, rawPayload } from './nal.ts';
import { presentationOrder } from './packet-index.ts';
import { frameOrder } from './plan.ts';
import { Video } from './video.ts';

/** SPS of a 160 × 96 clip, without a VUI: header, profile 77, level 30. */
const BARE = Uint8Array.of(0x67, 77, 0, 30, 0xda, 0x0a, 0x36, 0x40);

/** Fields of a VUI that `withReordering` wrote at the end of an SPS that had none. */
function restrictionOf(sps: Uint8Array): { reordered: number; buffered: number } {
  const bits = new BitReader(rawPayload(sps));
  readSequence(bits);
  expect(bits.bits(9)).toBe(0b1_0000_0000);
  expect(bits.bits(2)).toBe(0b11);
  for (let i = 0; i < 4; i++) bits.ue();
  return { reordered: bits.ue(), buffered: bits.ue() };
}

/** A stream whose packets are shown at the given positions. */
const orderOf = (shown: readonly number[]) =>
  frameOrder(presentationOrder(Float64Array.from(shown)), new Uint8Array(shown.length));

describe('reorderingDepth', () => {
  it.each([
    [[0, 1, 2], 0],
    [[0, 2, 1], 1],
    [[0, 4, 2, 1, 3], 2],
    [[3, 2, 1, 0], 3],
  ])('%j: %i', (shown, depth) => {
    expect(reorderingDepth(orderOf(shown))).toBe(depth);
  });

  it('is what a decoder needs that outputs every picture as soon as it can', () => {
    fc.assert(
      fc.property(recording, (packets) => {
        const order = orderOf(packets.map(({ shown }) => shown));
        const depth = reorderingDepth(order);
        const held: number[] = [];
        const shown: number[] = [];
        for (const frame of order.frame) {
          held.push(frame);
          held.sort((a, b) => a - b);
          if (held.length > depth) shown.push(held.shift()!);
        }
        expect([...shown, ...held]).toEqual([...order.at.keys()]);
      }),
    );
  });
});

describe('withReordering', () => {
  it('adds a VUI that states the depth, and leaves the rest', () => {
    const sps = withReordering(BARE, 2)!;
    expect(restrictionOf(sps)).toEqual({ reordered: 2, buffered: 2 });
    expect(parseH264Sps(sps)).toEqual(parseH264Sps(BARE));
  });

  it('leaves an SPS that states its depth', () => {
    expect(withReordering(withReordering(BARE, 2)!, 3)).toBeNull();
  });

  it('leaves what ends early', () => {
    expect(withReordering(BARE.subarray(0, 4), 2)).toBeNull();
  });
});

const NOTE = Uint8Array.from([
  6,
  5,
  60,
  ...Array(16).fill(7),
  ...new TextEncoder().encode('x264 - core 142'),
]);
const prefixed = (...units: Uint8Array[]) =>
  Uint8Array.from(units.flatMap((unit) => [0, 0, 0, unit.length, ...unit]));
const started = (...units: Uint8Array[]) => Uint8Array.from(units.flatMap((unit) => [0, 0, 0, 1, ...unit]));
const avcC = (sps: Uint8Array) =>
  Uint8Array.from([1, 77, 0, 30, 0xff, 0xe1, 0, sps.length, ...sps, 1, 0, 2, 0x68, 0xee]);
const IDR = Uint8Array.of(0x65, 0x88);
const DELIMITER = Uint8Array.of(9, 0xf0);

describe('h264Chunks', () => {
  it('states the depth in avcC where the stream reorders, and keeps what stands behind', () => {
    const { description } = h264Chunks(avcC(BARE), prefixed(IDR), orderOf([0, 2, 1]));
    const length = description![7]!;
    expect(restrictionOf(description!.subarray(8, 8 + length))).toEqual({ reordered: 1, buffered: 1 });
    expect([...description!.subarray(8 + length)]).toEqual([1, 0, 2, 0x68, 0xee]);
    expect(h264Chunks(avcC(BARE), prefixed(IDR), orderOf([0, 1, 2])).description).toEqual(avcC(BARE));
  });

  it('states it in the packets where the parameter sets travel there', () => {
    const packet = started(DELIMITER, BARE, IDR);
    const { chunk } = h264Chunks(undefined, packet, orderOf([0, 2, 1]));
    const units = [...annexBUnits(chunk(packet, false))];
    expect(units.map((unit) => unit[0])).toEqual([9, 0x67, 0x65]);
    expect(restrictionOf(units[1]!).reordered).toBe(1);
  });

  it('puts the encoder’s note before the pictures of every range, once', () => {
    const { chunk } = h264Chunks(avcC(BARE), prefixed(NOTE, IDR), orderOf([0, 1]));
    const types = (packet: Uint8Array) => [...prefixedUnits(packet, 4)].map((unit) => unit[0]! & 31);
    expect(types(chunk(prefixed(DELIMITER, IDR), true))).toEqual([9, 6, 5]);
    expect(types(chunk(prefixed(DELIMITER, IDR), false))).toEqual([9, 5]);
    expect(types(chunk(prefixed(NOTE, IDR), true))).toEqual([6, 5]);
  });

  it('keeps bytes behind a broken length', () => {
    const { chunk } = h264Chunks(avcC(BARE), prefixed(NOTE, IDR), orderOf([0, 1]));
    const packet = Uint8Array.from([...prefixed(IDR), 255, 255, 255, 255, 1, 2, 3]);
    expect([...chunk(packet, true)].slice(-7)).toEqual([255, 255, 255, 255, 1, 2, 3]);
  });
});

const inputs = resolve(process.env.VQA_SHARED ?? '../shared', 'inputs');

it.skipIf(!existsSync(inputs))(
  'a QuickTime export without a stated depth is configured with it',
  async () => {
    const name = 'bt601-nclc.mov';
    const video = await Video.open(new File([readFileSync(resolve(inputs, name))], name));
    const stated = video.config(false).description as Uint8Array;
    const length = stated[7]!;
    expect(stated).not.toEqual(video.index.description);
    expect(withReordering(stated.subarray(8, 8 + length), 1)).toBeNull();
  },
);
