/** Sample tables and track runs of MP4 (ISO/IEC 14496-12 §8.6–8.8), expanded to one column entry a packet. */
import { CodedError } from '../../core/errors.ts';
import { MAX_PACKETS, type PacketTable } from './packet-index.ts';

/** Values of a table in their order; an array, or one value repeated. */
interface Column {
  readonly length: number;
  at(i: number): number | undefined;
}

/** Run-length coded tables of `stbl`. */
export interface SampleTables {
  readonly sizes: Column;
  readonly chunkOffsets: Column;
  /** `stsc`: chunks from `first` (1-based) on hold `count` samples each. */
  readonly chunkRuns: readonly { readonly first: number; readonly count: number }[];
  readonly durations: readonly { readonly count: number; readonly delta: number }[];
  /** `ctts`; empty = presentation order is decode order. */
  readonly shifts: readonly { readonly count: number; readonly shift: number }[];
  /** `stss`, 1-based; null when the box is absent, which says that every sample is a sync sample. */
  readonly sync: readonly number[] | null;
}

/** One `trun` with its defaults filled in. */
export interface TrackRun {
  readonly count: number;
  /** Byte offset of the first sample in the file. */
  readonly offset: number;
  /** Bytes of all samples together. */
  readonly bytes: number;
  /** Decode time of the first sample; null = it follows the previous run. */
  readonly time: number | null;
  readonly size: (i: number) => number;
  readonly duration: (i: number) => number;
  readonly shift: (i: number) => number;
  readonly flags: (i: number) => number;
}

/** `sample_is_non_sync_sample`, and `sample_depends_on` = 1 (depends on others), as ffmpeg reads key frames. */
const NOT_KEY = 0x01_01_00_00;

/** So many frames are nine hours of video; a file that lists more must be able to hold them. */
const MANY_PACKETS = 1_000_000;
/** Fewest bytes that a packet takes on average in a long video; a frame of nothing but skipped blocks takes about ten. */
const LEAST_BYTES = 8;

/**
 * Refuses an index that lists more frames than its file can hold, before they are expanded.
 *
 * @param bytes of the file, or as many as its boxes state
 * @throws CodedError `media/index` with `frames` and `bytes`
 */
export function refuseImpossible(frames: number, bytes: number): void {
  if (frames > MAX_PACKETS || (frames > MANY_PACKETS && frames * LEAST_BYTES > bytes))
    throw new CodedError('media/index', { frames, bytes });
}

/**
 * Growing columns of the packets that begin before the end of the file; a packet that is there in part counts, as it
 * does for ffmpeg. Packets without bytes (ffmpeg drops them too) do not.
 */
export class PacketColumns {
  /** Packets of the table that begin behind the end of the file. */
  missing = 0;
  /** Bytes of the packets in the file. */
  bytes = 0;
  private readonly fileSize: number;
  private readonly offset: number[] = [];
  private readonly size: number[] = [];
  private readonly pts: number[] = [];
  private readonly key: number[] = [];
  /** Shift and duration of the packets in the file. */
  private readonly shift: number[] = [];
  private firstTime = Number.NaN;
  private lastTime = Number.NaN;
  /** Packets with another decode time than the one before. */
  private steps = 0;
  /** Decode time behind the last packet, and behind the last one in the file. */
  private time = 0;
  private presentEnd = 0;

  constructor(fileSize: number) {
    this.fileSize = fileSize;
  }

  get length(): number {
    return this.size.length;
  }

  /** Decode time behind the last packet. */
  get duration(): number {
    return this.time;
  }

  private push(offset: number, size: number, shift: number, duration: number, key: boolean): void {
    if (size > 0 && (offset < 0 || offset >= this.fileSize)) this.missing++;
    else if (size > 0) {
      if (this.length >= MANY_PACKETS) refuseImpossible(this.length, this.fileSize);
      if (this.length === 0) this.firstTime = this.time;
      else if (this.time !== this.lastTime) this.steps++;
      this.lastTime = this.time;
      this.offset.push(offset);
      this.size.push(size);
      this.bytes += size;
      this.pts.push(this.time + shift);
      this.shift.push(shift);
      this.key.push(key ? 1 : 0);
      this.presentEnd = this.time + duration;
    }
    this.time += duration;
  }

  addTables(t: SampleTables): void {
    const duration = new RunLength(t.durations.map((d) => [d.count, d.delta]));
    const shift = new RunLength(t.shifts.map((s) => [s.count, s.shift]));
    const sync = t.sync && new Set(t.sync);
    const total = t.sizes.length;
    let run = 0;
    let sample = 0;
    for (let chunk = 1; chunk <= t.chunkOffsets.length && sample < total; chunk++) {
      while (run + 1 < t.chunkRuns.length && t.chunkRuns[run + 1]!.first <= chunk) run++;
      let offset = t.chunkOffsets.at(chunk - 1)!;
      const last = Math.min(total, sample + (t.chunkRuns[run]?.count ?? 0));
      for (; sample < last && offset < this.fileSize; sample++) {
        const size = t.sizes.at(sample)!;
        // The first sample starts the stream whatever `stss` says.
        this.push(offset, size, shift.next(), duration.next(), sample === 0 || !sync || sync.has(sample + 1));
        offset += size;
      }
      // The rest of the chunk lies behind the end of the file.
      this.missing += last - sample;
      shift.skip(last - sample);
      this.time += duration.skip(last - sample);
      sample = last;
    }
  }

  addRun(run: TrackRun): void {
    if (run.time !== null) this.time = run.time;
    let offset = run.offset;
    for (let i = 0; i < run.count; i++) {
      const size = run.size(i);
      this.push(offset, size, run.shift(i), run.duration(i), (run.flags(i) & NOT_KEY) === 0);
      offset += size;
    }
  }

  /** Time for which the last frame is shown: what the decode times leave beyond the presentation times. */
  get lastDuration(): number {
    let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const pts of this.pts) {
      first = Math.min(first, pts);
      last = Math.max(last, pts);
    }
    return this.length === 0 ? 0 : Math.max(0, this.presentEnd - this.firstTime - (last - first));
  }

  /** True where most packets have the decode time of the one before, so that their times say nothing. */
  get untimed(): boolean {
    return this.length > 1 && this.steps < (this.length - 1) / 2;
  }

  table(timescale: number): PacketTable {
    return {
      timescale,
      offset: Float64Array.from(this.offset),
      size: Uint32Array.from(this.size),
      pts: this.untimed ? untimedOrder(this.shift) : Float64Array.from(this.pts),
      key: Uint8Array.from(this.key),
    };
  }
}

/**
 * Places in presentation order of packets without durations. Shifts reorder by multiples of the frame duration; where
 * one duration puts every packet into a place of its own they give the order, else it is the stored one.
 */
export function untimedOrder(shifts: readonly number[]): Float64Array {
  const stored = Float64Array.from(shifts, (_, i) => i);
  const [first] = shifts;
  const step = shifts.reduce((divisor, shift) => commonDivisor(divisor, Math.abs(shift - first!)), 0);
  if (step === 0) return stored;
  const shifted = stored.map((i) => i + (shifts[i]! - first!) / step);
  const least = shifted.reduce((a, b) => Math.min(a, b), 0);
  const positions = shifted.map((position) => position - least);
  // Distinct whole numbers below the number of packets: each place is taken once.
  const complete =
    new Set(positions).size === positions.length &&
    positions.every((position) => position < positions.length);
  return complete ? positions : stored;
}

function commonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/** Reads a run-length list value by value; past its end the last value holds. */
class RunLength {
  private readonly runs: readonly (readonly [count: number, value: number])[];
  private at = 0;
  private used = 0;

  constructor(runs: readonly (readonly [count: number, value: number])[]) {
    this.runs = runs;
  }

  next(): number {
    while (this.at + 1 < this.runs.length && this.used >= this.runs[this.at]![0]) {
      this.at++;
      this.used = 0;
    }
    this.used++;
    return this.runs[this.at]?.[1] ?? 0;
  }

  /** Steps over `count` values and returns their sum. */
  skip(count: number): number {
    let sum = 0;
    for (let left = count; left > 0; ) {
      const value = this.next();
      const rest = this.at + 1 < this.runs.length ? this.runs[this.at]![0] - this.used : left - 1;
      const taken = Math.max(0, Math.min(left - 1, rest));
      this.used += taken;
      sum += value * (1 + taken);
      left -= 1 + taken;
    }
    return sum;
  }
}
