/** Packet positions at which decoders wait, and the choice of the nearest one. Pure. */
import { type FrameOrder, keyAfter, startOf } from './plan.ts';

/**
 * Positions in decode order at which decoders wait, so that no packet is further than `reach` from one of them or from a
 * key packet before it. Where there are too few decoders for that, the longest remaining distance is divided first.
 *
 * @returns packets, ascending; each is the first one that its decoder has not been fed
 */
export function seekPositions(order: FrameOrder, room: number, reach: number): number[] {
  const groups: { start: number; length: number; parts: number }[] = [];
  for (let start = 0; start < order.key.length; ) {
    const end = keyAfter(order, start);
    groups.push({ start, length: end - start, parts: 1 });
    start = end;
  }
  for (let left = room; left > 0; left--) {
    let longest: (typeof groups)[number] | undefined;
    for (const group of groups)
      if (!longest || group.length / group.parts > longest.length / longest.parts) longest = group;
    if (!longest || longest.length / longest.parts <= reach) break;
    longest.parts++;
  }
  return groups.flatMap(({ start, length, parts }) =>
    Array.from({ length: parts - 1 }, (_, i) => start + Math.round(((i + 1) * length) / parts)),
  );
}

/** Frames by which decoding order and the order on screen differ at most (H.264 and HEVC allow 16). */
const REORDERED = 16;

/**
 * The last position at which a decoder may stand so that a frame and all that are shown after it still lie ahead: a picture
 * that others refer to is decoded before those that are shown before it.
 */
export function positionBefore(order: FrameOrder, frame: number): number {
  let position = order.at[frame]!;
  for (let i = frame + 1; i <= frame + REORDERED && i < order.at.length; i++)
    position = Math.min(position, order.at[i]!);
  return position;
}

/** True where a decoder that has been fed everything before `next` needs fewer packets for packet d than a new one. */
export function isOnTheWay(order: FrameOrder, next: number, d: number): boolean {
  return next <= d && next > startOf(order, d);
}

/** The decoder that needs the fewest packets for packet d; undefined where a new decoder needs fewer. */
export function nearest<T extends { readonly next: number }>(
  order: FrameOrder,
  standing: Iterable<T>,
  d: number,
): T | undefined {
  let best: T | undefined;
  for (const one of standing) if (isOnTheWay(order, one.next, d) && one.next > (best?.next ?? -1)) best = one;
  return best;
}
