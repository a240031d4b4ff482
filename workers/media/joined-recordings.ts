/** Files that are glued one behind another: their indices as one. */
import type { PacketIndex, PacketTable } from './packet-index.ts';

/** True where the packets of both go into one decoder. */
export function joinable(a: PacketIndex, b: PacketIndex): boolean {
  const same = (one: Uint8Array = new Uint8Array(), other: Uint8Array = new Uint8Array()) =>
    one.length === other.length && one.every((byte, i) => byte === other[i]);
  return (
    a.codec === b.codec &&
    a.rotation === b.rotation &&
    a.packets.timescale === b.packets.timescale &&
    same(a.description, b.description)
  );
}

/** The packets of two recordings one after another, each with its own clock. */
export function joined(a: PacketIndex, b: PacketIndex): PacketIndex {
  const n = a.packets.size.length;
  const packets: PacketTable = {
    timescale: a.packets.timescale,
    offset: Float64Array.from([...a.packets.offset, ...b.packets.offset]),
    size: Uint32Array.from([...a.packets.size, ...b.packets.size]),
    pts: Float64Array.from([...a.packets.pts, ...b.packets.pts]),
    key: Uint8Array.from([...a.packets.key, ...b.packets.key]),
  };
  return {
    ...a,
    packets,
    restarts: [...(a.restarts ?? []), n, ...(b.restarts ?? []).map((d) => d + n)],
    missing: b.missing,
    lastDuration: b.lastDuration,
    statedDuration: 0,
    notices: [...(a.notices ?? []), ...(b.notices ?? [])],
    read: (i) => (i < n ? a.read(i) : b.read(i - n)),
    async readRun(start, end) {
      const first = start < n ? await a.readRun(start, Math.min(end, n)) : [];
      return end > n ? [...first, ...(await b.readRun(Math.max(0, start - n), end - n))] : first;
    },
  };
}

/** The index of a file behind whose first recording another one lies that cannot be joined to it. */
export const unread = (index: PacketIndex): PacketIndex => ({
  ...index,
  notices: [...(index.notices ?? []), { code: 'unread-recording', params: {} }],
});
