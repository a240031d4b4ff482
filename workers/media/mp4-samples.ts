/** Sample tables and track runs of MP4 (ISO/IEC 14496-12 §8.6–8.8), expanded to one column entry a packet. */
import { MAX_PACKETS, type PacketTable } from './packet-index.ts';

/** Run-length coded tables of `stbl`. */
export interface SampleTables {
  readonly sizes: readonly number[];
  readonly chunkOffsets: readonly number[];
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
  /** Byte offset of the first sample in the file; null = it follows the previous run. */
  readonly offset: number | null;
  /** Decode time of the first sample; null = it follows the previous run. */
  readonly time: number | null;
  readonly size: (i: number) => number;
  readonly duration: (i: number) => number;
  readonly shift: (i: number) => number;
  readonly flags: (i: number) => number;
}

/** `sample_is_non_sync_sample`, and `sample_depends_on` = 1 (depends on others), as ffmpeg reads key frames. */
const NOT_KEY = 0x01_01_00_00;

/** Growing columns, because the number of samples is known only at the end of the fragments. */
export class PacketColumns {
  private readonly offset: number[] = [];
  private readonly size: number[] = [];
  private readonly pts: number[] = [];
  private readonly key: number[] = [];
  /** Decode time and file offset behind the last packet. */
  private time = 0;
  private end = 0;

  get length(): number {
    return this.size.length;
  }

  /** Decode time behind the last packet. */
  get duration(): number {
    return this.time;
  }

  private push(offset: number, size: number, shift: number, duration: number, key: boolean): void {
    this.offset.push(offset);
    this.size.push(size);
    this.pts.push(this.time + shift);
    this.key.push(key ? 1 : 0);
    this.time += duration;
    this.end = offset + size;
  }

  addTables(t: SampleTables): void {
    const duration = runLength(t.durations.map((d) => [d.count, d.delta]));
    const shift = runLength(t.shifts.map((s) => [s.count, s.shift]));
    const sync = t.sync && new Set(t.sync);
    let run = 0;
    let sample = 0;
    for (let chunk = 1; chunk <= t.chunkOffsets.length && sample < t.sizes.length; chunk++) {
      while (run + 1 < t.chunkRuns.length && t.chunkRuns[run + 1]!.first <= chunk) run++;
      let offset = t.chunkOffsets[chunk - 1]!;
      const last = Math.min(t.sizes.length, sample + (t.chunkRuns[run]?.count ?? 0));
      for (; sample < last; sample++) {
        const size = t.sizes[sample]!;
        // The first sample starts the stream whatever `stss` says.
        this.push(offset, size, shift(), duration(), sample === 0 || !sync || sync.has(sample + 1));
        offset += size;
      }
    }
  }

  /** @throws RangeError when there are more packets than can be */
  addRun(run: TrackRun): void {
    if (this.length + run.count > MAX_PACKETS) throw new RangeError(`More than ${MAX_PACKETS} packets.`);
    if (run.time !== null) this.time = run.time;
    let offset = run.offset ?? this.end;
    for (let i = 0; i < run.count; i++) {
      const size = run.size(i);
      this.push(offset, size, run.shift(i), run.duration(i), (run.flags(i) & NOT_KEY) === 0);
      offset += size;
    }
  }

  /**
   * The packets that begin before the end of the file; a packet that is there in part counts, as it does for ffmpeg.
   * Packets without bytes (ffmpeg drops them too) do not.
   */
  table(timescale: number, fileSize: number): { packets: PacketTable; missing: number } {
    const inFile: number[] = [];
    let missing = 0;
    for (let i = 0; i < this.length; i++) {
      if (this.size[i] === 0) continue;
      if (this.offset[i]! < fileSize) inFile.push(i);
      else missing++;
    }
    const column = (values: readonly number[]) => inFile.map((i) => values[i]!);
    return {
      missing,
      packets: {
        timescale,
        offset: Float64Array.from(column(this.offset)),
        size: Uint32Array.from(column(this.size)),
        pts: Float64Array.from(column(this.pts)),
        key: Uint8Array.from(column(this.key)),
      },
    };
  }
}

/** Reads a run-length list value by value; past its end the last value holds. */
function runLength(runs: readonly (readonly [count: number, value: number])[]): () => number {
  let at = 0;
  let used = 0;
  return () => {
    while (at + 1 < runs.length && used >= runs[at]![0]) {
      at++;
      used = 0;
    }
    used++;
    return runs[at]?.[1] ?? 0;
  };
}
