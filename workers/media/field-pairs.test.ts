import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lengthPrefixed, pcmFrame, pcmParameterSets } from '../../e2e/media/pcm-stream.ts';
import { recording } from '../../e2e/media/stream-arbitrary.ts';
import { pairFields } from './field-pairs.ts';
import { prefixedUnits } from './nal.ts';
import type { PacketIndex } from './packet-index.ts';

/** An index over packets in memory, as a demuxer gives it. */
function indexOf(
  packets: readonly { readonly bytes: Uint8Array; readonly pts: number; readonly key: boolean }[],
): PacketIndex {
  const readRun = async (from: number, to: number) => packets.slice(from, to).map(({ bytes }) => bytes);
  return {
    container: 'mp4',
    codec: 'avc1.4d001e',
    codedWidth: 16,
    codedHeight: 32,
    rotation: 0,
    colour: {},
    missing: 0,
    playerOffset: 0,
    lastDuration: 0,
    packets: {
      timescale: 50,
      offset: new Float64Array(packets.length).fill(-1),
      size: Uint32Array.from(packets, ({ bytes }) => bytes.length),
      pts: Float64Array.from(packets, ({ pts }) => pts),
      key: Uint8Array.from(packets, ({ key }) => (key ? 1 : 0)),
    },
    readRun,
    read: async (d) => packets[d]!.bytes,
  };
}

const fields = { width: 16, height: 32, fields: true };
const [sps] = pcmParameterSets(fields);
const pair = (index: PacketIndex, of = sps) => pairFields(index, of, (packet) => prefixedUnits(packet, 4));

describe('pairFields', () => {
  it('makes one packet of the two fields of each frame, whatever the GOPs', async () => {
    await fc.assert(
      fc.asyncProperty(recording, fc.array(fc.boolean(), { minLength: 1 }), async (frames, references) => {
        let frameNumber = 0;
        const packets = frames.flatMap(({ shown, key }, d) => {
          const reference = key || references[d % references.length]!;
          const frame = { grey: 16 + d, shown, idr: key, reference, frameNumber };
          if (reference) frameNumber = (frameNumber + 1) % 256;
          return pcmFrame(fields, frame).map((units, second) => ({
            bytes: lengthPrefixed(units),
            pts: 2 * shown + second,
            key: key && second === 0,
          }));
        });
        const index = await pair(indexOf(packets));
        expect(index.fieldCoded).toBe(true);
        expect(index.packets.size).toHaveLength(frames.length);
        expect([...index.packets.pts]).toEqual(frames.map(({ shown }) => 2 * shown));
        expect([...index.packets.key]).toEqual(frames.map(({ key }) => (key ? 1 : 0)));
        for (const d of frames.keys()) {
          const packet = await index.read(d);
          expect(packet).toHaveLength(index.packets.size[d]!);
          expect([...packet]).toEqual([...packets[2 * d]!.bytes, ...packets[2 * d + 1]!.bytes]);
        }
      }),
      { numRuns: 20 },
    );
  });

  const field = (bottom: 0 | 1, frameNumber: number, reference = true) => ({
    bytes: lengthPrefixed(
      pcmFrame(fields, { grey: 16, shown: 0, idr: false, reference, frameNumber })[bottom]!,
    ),
    pts: 0,
    key: false,
  });

  it('leaves a field without its other one, and a pair that is whole', async () => {
    const lone = indexOf([field(0, 1), field(0, 2), field(1, 2), field(1, 3)]);
    expect((await pair(lone)).packets.size).toHaveLength(3);
    const whole = indexOf([
      { ...field(0, 1), bytes: Uint8Array.from([...field(0, 1).bytes, ...field(1, 1).bytes]) },
    ]);
    expect(await pair(whole)).toEqual({ ...whole, fieldCoded: true });
  });

  it('does not read a stream of frames', async () => {
    const [progressive] = pcmParameterSets({ width: 16, height: 32 });
    const unread = { ...indexOf([field(0, 1)]), readRun: () => Promise.reject(new Error('read')) };
    expect(await pair(unread, progressive)).toBe(unread);
  });
});
