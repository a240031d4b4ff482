/** Clock of an MPEG-TS stream: times of its access units, and where another recording begins. */
import type { AccessUnit } from './access-units.ts';
import type { TsPacket } from './mpegts-packets.ts';

/** Ticks a second of PTS and DTS, and the number at which they start again. */
export const TIMESCALE = 90_000;
const WRAP = 2 ** 33;
/** Packets that fill a stream up. */
const PADDING = 0x1fff;

/** Times that a PES packet states, in ticks. */
export interface PesStamp {
  /** Offset of its first byte in the elementary stream. */
  readonly start: number;
  readonly pts: number;
  /** Null where it is that of presentation, or is left out. */
  readonly dts: number | null;
}

/** Packets at which a programme's clock steps back, or the count of packets of one id is broken. */
export class ClockBreaks {
  /** Offsets in the file, ascending. */
  readonly at: number[] = [];
  private readonly clocks = new Map<number, number>();
  private readonly counters = new Map<number, number>();

  add(at: number, { pid, clock, counter, payload }: TsPacket): void {
    if (pid === PADDING) return;
    const earlier = this.clocks.get(pid);
    let broken = clock !== null && earlier !== undefined && signedDistance(clock - earlier) < 0;
    if (clock !== null) this.clocks.set(pid, clock);
    if (payload.length > 0) {
      // A packet may be sent twice.
      const step = (counter - (this.counters.get(pid) ?? counter)) & 15;
      broken ||= step > 1;
      this.counters.set(pid, counter);
    }
    if (broken) this.at.push(at);
  }
}

/** The stamp of each access unit: a PES packet states the time of the first one that begins in it. */
function stampsOf(units: readonly AccessUnit[], stamps: readonly PesStamp[]): (PesStamp | undefined)[] {
  const stampOf: (PesStamp | undefined)[] = Array(units.length).fill(undefined);
  let unit = 0;
  for (const [i, stamp] of stamps.entries()) {
    while (unit < units.length && units[unit]!.position.start < stamp.start) unit++;
    const next = stamps[i + 1]?.start ?? Number.POSITIVE_INFINITY;
    if (unit < units.length && units[unit]!.position.start < next) stampOf[unit] = stamp;
  }
  return stampOf;
}

/**
 * Times of access units in ticks, the clock's wraps undone. One without a time follows the one before it by the usual
 * gap.
 */
export function timesOf(units: readonly AccessUnit[], stamps: readonly PesStamp[]): Float64Array {
  const times = new Float64Array(units.length).fill(Number.NaN);
  let before = Number.NaN;
  for (const [unit, stamp] of stampsOf(units, stamps).entries()) {
    if (!stamp) continue;
    before = Number.isNaN(before) ? stamp.pts : before + signedDistance(stamp.pts - before);
    times[unit] = before;
  }
  const stated = times.filter((time) => !Number.isNaN(time)).sort();
  const gaps = stated
    .map((time, i) => (i === 0 ? 0 : time - stated[i - 1]!))
    .filter((gap) => gap > 0)
    .sort();
  const gap = gaps[gaps.length >> 1] ?? TIMESCALE / 25;
  for (let i = 0; i < times.length; i++)
    if (Number.isNaN(times[i]!)) times[i] = i === 0 ? (stated[0] ?? 0) - gap : times[i - 1]! + gap;
  return times;
}

/**
 * First access units of recordings that are glued behind the first. Times of decoding never step back inside one; where a
 * stream states none of them, no picture at which decoding can start is shown before an earlier one. At other pictures
 * a clock that steps back by less than a second needs a break of the transport stream beside it.
 *
 * @param breaks offsets in the file, ascending
 */
export function restartsOf(
  units: readonly AccessUnit[],
  stamps: readonly PesStamp[],
  breaks: readonly number[],
): number[] {
  const restarts: number[] = [];
  const statesDecoding = stamps.some(({ dts }) => dts !== null);
  let next = 0;
  const broken = (from: number, to: number) => {
    while (next < breaks.length && breaks[next]! <= from) next++;
    return next < breaks.length && breaks[next]! <= to;
  };
  let before: { readonly stamp: PesStamp; readonly at: number } | undefined;
  let latest = Number.NaN;
  for (const [d, stamp] of stampsOf(units, stamps).entries()) {
    if (!stamp) continue;
    const { key, position } = units[d]!;
    if (before) {
      const step = signedDistance((stamp.dts ?? stamp.pts) - (before.stamp.dts ?? before.stamp.pts));
      const shown = signedDistance(stamp.pts - latest);
      const isRestart = statesDecoding
        ? (step <= 0 && key) ||
          step < -TIMESCALE ||
          (step < 0 && broken(before.at, units[d + 1]?.position.at ?? position.at))
        : (shown <= 0 && key) || (step < 0 && broken(before.at, position.at));
      if (isRestart) {
        restarts.push(d);
        latest = Number.NaN;
      }
    }
    before = { stamp, at: position.at };
    if (Number.isNaN(latest) || signedDistance(stamp.pts - latest) > 0) latest = stamp.pts;
  }
  return restarts;
}

/** A difference of two times on a clock of 33 bits, the shorter way round. */
function signedDistance(ticks: number): number {
  const rest = ((ticks % WRAP) + WRAP) % WRAP;
  return rest >= WRAP / 2 ? rest - WRAP : rest;
}
