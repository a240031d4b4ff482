/** Streams as packets in decode order, drawn at random: GOPs with B-pyramids, closed or open, of any length. */
import fc from 'fast-check';

export interface Packet {
  /** Position on screen, counted from 0 over the recording. */
  readonly shown: number;
  readonly key: boolean;
}

/** Pictures [from, to) between two decoded anchors: the middle one first where it is a reference, else one by one. */
function between(from: number, to: number, pyramid: boolean): number[] {
  if (to <= from) return [];
  if (!pyramid) return Array.from({ length: to - from }, (_, i) => from + i);
  const middle = (from + to) >> 1;
  return [middle, ...between(from, middle, true), ...between(middle + 1, to, true)];
}

interface Gop {
  /** Pictures between the anchors, for each anchor of the GOP; the first is the key picture. */
  readonly groups: readonly number[];
  readonly pyramid: boolean;
  readonly open: boolean;
}

const gop = fc.record<Gop>({
  groups: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 6 }),
  pyramid: fc.boolean(),
  open: fc.boolean(),
});

function packetsOf(gops: readonly Gop[]): Packet[] {
  const packets: Packet[] = [];
  for (const { groups, pyramid, open } of gops)
    for (const [i, size] of groups.entries()) {
      // A closed GOP begins with its key picture; the first picture of a recording has nothing to lean on.
      const leading = packets.length === 0 || (i === 0 && !open) ? 0 : size;
      const at = packets.length;
      packets.push({ shown: at + leading, key: i === 0 });
      for (const shown of between(at, at + leading, pyramid)) packets.push({ shown, key: false });
    }
  return packets;
}

/** One recording: at least one GOP, its first packet a key packet. */
export const recording: fc.Arbitrary<readonly Packet[]> = fc
  .array(gop, { minLength: 1, maxLength: 5 })
  .map(packetsOf);
