/**
 * H.264 of field pictures, of which some writers put each field into a packet of its own. A decoder of WebCodecs takes
 * whole frames, so the two fields of a frame become one packet.
 */
import { type H264Slice, isSecondField, mayHoldFields, sliceOf } from './h264-slice.ts';
import type { PacketIndex } from './packet-index.ts';
import { readAhead } from './read-ahead.ts';

/** Bytes of interlaced video that are read through for fields when a file is opened. */
const READ_THROUGH = 256e6;

/**
 * @param sps sequence parameter set of the stream
 * @param unitsOf NAL units of a packet
 * @returns the index with one packet a frame; the same one where that holds already
 */
export async function pairFields(
  index: PacketIndex,
  sps: Uint8Array | null,
  unitsOf: (packet: Uint8Array) => Iterable<Uint8Array>,
): Promise<PacketIndex> {
  const { packets } = index;
  const count = packets.size.length;
  if (!mayHoldFields(sps) || packets.size.reduce((sum, size) => sum + size, 0) > READ_THROUGH) return index;
  const starts: number[] = [];
  let before: H264Slice | null = null;
  for await (const [d, packet] of readAhead(index, 0, count)) {
    const slices = [...unitsOf(packet)].filter(isSlice).map((unit) => sliceOf(unit.subarray(0, 48), sps));
    const [first] = slices;
    const isLone = first && first.field !== 'frame' && slices.every(({ field }) => field === first.field);
    // Writers that store both fields together do so throughout.
    if (first && first.field !== 'frame' && !isLone) return { ...index, fieldCoded: true };
    if (before && isLone && !index.restarts?.includes(d) && isSecondField(before, first)) {
      before = null;
      continue;
    }
    starts.push(d);
    before = isLone ? first : null;
  }
  if (starts.length === count) return index;
  return merged(index, starts);
}

const isSlice = (unit: Uint8Array): boolean => [1, 2, 5].includes((unit[0] ?? 0) & 31);

/** Packets [starts[i], starts[i + 1]) as one. */
function merged(index: PacketIndex, starts: readonly number[]): PacketIndex {
  const { packets } = index;
  const total = packets.size.length;
  const end = (i: number) => starts[i] ?? total;
  const first = Uint32Array.from(starts);
  const size = Uint32Array.from(starts, (d, i) =>
    packets.size.subarray(d, end(i + 1)).reduce((sum, bytes) => sum + bytes, 0),
  );
  const readRun = async (from: number, to: number): Promise<Uint8Array[]> => {
    const fields = await index.readRun(end(from), end(to));
    return Array.from({ length: to - from }, (_, i) => {
      const frame = new Uint8Array(size[from + i]!);
      let at = 0;
      for (const field of fields.slice(end(from + i) - end(from), end(from + i + 1) - end(from))) {
        frame.set(field, at);
        at += field.length;
      }
      return frame;
    });
  };
  return {
    ...index,
    fieldCoded: true,
    restarts: index.restarts?.map((d) => starts.indexOf(d)),
    // The last packet was one of two fields.
    lastDuration: total - starts.at(-1)! === 2 ? 2 * index.lastDuration : index.lastDuration,
    packets: {
      timescale: packets.timescale,
      offset: Float64Array.from(first, (d) => packets.offset[d]!),
      size,
      pts: Float64Array.from(first, (d) => packets.pts[d]!),
      key: Uint8Array.from(first, (d) => packets.key[d]!),
    },
    readRun,
    read: async (d) => (await readRun(d, d + 1))[0]!,
  };
}
