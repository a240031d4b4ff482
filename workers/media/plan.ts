/** Decode ranges: the packets to be decoded for given frames. Pure: no decoder, no file. */

/** Order of a stream's frames: `at[i]` is the position of frame i in decode order, `frame[d]` the frame of packet d. */
export interface FrameOrder {
  readonly at: Uint32Array;
  readonly frame: Uint32Array;
  /** 1 for packets at which decoding can start; a mark may be taken back when the packet turns out to be none. */
  readonly key: Uint8Array;
}

/** Packets [start, end) in decode order that go into the decoder, one flush after the last. */
export interface DecodeRange {
  readonly start: number;
  readonly end: number;
  /** Frames wanted from this run, ascending. */
  readonly frames: readonly number[];
}

export function frameOrder(at: Uint32Array, key: Uint8Array): FrameOrder {
  const frame = new Uint32Array(at.length);
  for (let i = 0; i < at.length; i++) frame[at[i]!] = i;
  return { at, frame, key };
}

/** The last key packet at or before d in decode order; the first packet when there is none. */
export function keyBefore(order: FrameOrder, d: number): number {
  let k = d;
  while (k > 0 && order.key[k] === 0) k--;
  return k;
}

/** The first key packet after d in decode order, or the number of packets. */
export function keyAfter(order: FrameOrder, d: number): number {
  let k = d + 1;
  while (k < order.key.length && order.key[k] === 0) k++;
  return k;
}

/**
 * True for a packet behind a start whose picture is shown before it: it refers to what lies before the start, so it is
 * not fed to a decoder that begins there.
 */
export function leads(order: FrameOrder, d: number, start: number): boolean {
  return d > start && order.frame[d]! < order.frame[start]!;
}

/**
 * Where decoding must start for the packet at d. Pictures that lead a key frame (open GOP: after it in decode order,
 * before it in presentation order) need the GOP before.
 */
export function startOf(order: FrameOrder, d: number): number {
  const key = keyBefore(order, d);
  return leads(order, d, key) && key > 0 ? keyBefore(order, key - 1) : key;
}

/**
 * The fewest packets that give the wanted frames: each GOP that holds one, from its key packet to its last wanted frame
 * in decode order. Everything that a frame refers to lies before it in decode order, so nothing after it is fed.
 * Runs that overlap (open GOPs) become one.
 *
 * @param wanted frames, any order; repeats count once
 */
export function planRanges(order: FrameOrder, wanted: Iterable<number>): DecodeRange[] {
  const frames = [...new Set(wanted)].sort((a, b) => order.at[a]! - order.at[b]!);
  const runs: { start: number; end: number; frames: number[] }[] = [];
  for (const frame of frames) {
    const d = order.at[frame]!;
    let run = { start: startOf(order, d), end: d + 1, frames: [frame] };
    // Reaching back into the GOP before may take in more than one run.
    for (let last = runs.at(-1); last && run.start < last.end; last = runs.at(-1)) {
      runs.pop();
      run = { start: Math.min(last.start, run.start), end: run.end, frames: [...last.frames, ...run.frames] };
    }
    runs.push(run);
  }
  for (const run of runs) run.frames.sort((a, b) => a - b);
  return runs;
}

/** Packets that a plan feeds. */
export function packetsOf(runs: readonly DecodeRange[]): number {
  return runs.reduce((sum, run) => sum + run.end - run.start, 0);
}
