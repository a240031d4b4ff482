/** Decodes wanted frames of a video, and finds the nearest decodable one for those that are damaged. */
import { type DecodeRange, keyAfter, startOf } from './plan.ts';
import { type DecodeOptions, type FrameSink, RunDecoder, type RunOutcome } from './range-decoder.ts';
import type { Video } from './video.ts';

/**
 * Takes one decoded frame and closes it. `index` is the frame that was wanted, `used` the one that `frame` is: itself
 * (for a hidden frame the one shown then), or a neighbour where it could not be decoded.
 */
export type WantedSink = (index: number, used: number, frame: VideoFrame) => Promise<void>;

/** The frame that was used in place of one that could not be decoded. */
export function substitution(video: Video, index: number, used: number): { readonly substituted?: number } {
  return used === video.shown(index) ? {} : { substituted: used };
}

/** Starts before a failed recovery point that are tried: one may have failed for damage, and the first lies far back. */
const RECOVERY_ROUNDS = 2;

/**
 * Each distinct wanted frame goes to the sink once. A GOP that fails is tried again in software; what cannot be decoded
 * then is replaced by the nearest decodable frame before it, else after it.
 *
 * @returns packets fed to decoders
 * @throws CodedError `media/damaged` or, for fields, `media/codec` when nothing can be decoded; `media/stalled`,
 *   `media/changed`; `AbortError`
 */
export async function decodeFrames(
  video: Video,
  wanted: Iterable<number>,
  sink: WantedSink,
  {
    software,
    signal,
    substitutes = true,
  }: DecodeOptions & {
    /** False: frames that cannot be decoded are left out. */
    readonly substitutes?: boolean;
  },
): Promise<number> {
  const wantedOf = Map.groupBy(new Set(wanted), (index) => video.shown(index));
  const handOver = async (frames: readonly number[], used: number, frame: VideoFrame) => {
    const indices = frames.flatMap((shown) => wantedOf.get(shown)!);
    for (const [i, index] of indices.entries()) {
      const copy = i === indices.length - 1 ? frame : frame.clone();
      try {
        await sink(index, used, copy);
      } finally {
        copy.close();
      }
    }
  };
  const left = new Set(wantedOf.keys());
  const runs = await video.plan(left);
  const preferred = new RunDecoder(video, { software, signal });
  let rescue: RunDecoder | undefined;
  const inSoftware = () => {
    rescue ??= new RunDecoder(video, { software: true, signal });
    return rescue;
  };
  const deliver: FrameSink = async (index, frame) => {
    left.delete(index);
    await handOver([index], index, frame);
  };
  try {
    let failed = 0;
    /** Fed since the last flush: a decoder that fails takes their last frames with it. */
    let open: DecodeRange[] = [];
    for (const [i, run] of runs.entries()) {
      const next = runs[i + 1];
      const flush = next === undefined || !video.mayFollow(next.start);
      open.push(run);
      // After two failures the hardware is not asked again.
      const outcome = failed < 2 ? await preferred.run(run, left, { sink: deliver, flush }) : undefined;
      if (outcome && outcome.failure === undefined) {
        if (flush) open = [];
        continue;
      }
      failed++;
      for (const lost of open)
        if (lost.frames.some((frame) => left.has(frame)))
          await inSoftware().run(lost, left, { sink: deliver });
      open = [];
    }
    for (let round = 0; round < RECOVERY_ROUNDS; round++)
      for (const run of await video.plan(video.distrustRecoveries(left)))
        await inSoftware().run(run, left, { sink: deliver });
    if (left.size > 0 && substitutes) await substitute(video, left, handOver, inSoftware());
    await preferred.settle();
    await rescue?.settle();
    return preferred.fed + (rescue?.fed ?? 0);
  } finally {
    preferred.close();
    rescue?.close();
  }
}

/** GOPs are looked through one by one, away from the damaged frame, until one gives a frame. */
async function substitute(
  video: Video,
  left: Set<number>,
  handOver: (frames: readonly number[], used: number, frame: VideoFrame) => Promise<void>,
  decoder: RunDecoder,
): Promise<void> {
  const { order } = video;
  const surveys = new Map<number, readonly number[]>();
  const survey = async (start: number) => {
    let frames = surveys.get(start);
    if (!frames) {
      frames = await decodable(decoder, start, keyAfter(order, start));
      surveys.set(start, frames);
    }
    return frames;
  };
  const uses = new Map<number, number[]>();
  for (const index of [...left].sort((a, b) => a - b)) {
    const home = await video.trustedKey(startOf(order, order.at[index]!));
    let used: number | undefined;
    for (let start = home; used === undefined; start = await video.trustedKey(start - 1)) {
      used = (await survey(start)).findLast((frame) => frame <= index);
      if (start === 0) break;
    }
    for (let start = home; used === undefined && start < order.key.length; start = keyAfter(order, start)) {
      if ((await video.trustedKey(start)) !== start) continue;
      used = (await survey(start)).find((frame) => frame > index);
    }
    if (used === undefined) throw video.undecodable();
    uses.set(used, [...(uses.get(used) ?? []), index]);
  }
  for (const run of await video.plan(uses.keys())) {
    // Fed as in the survey, which has shown that these frames come out then.
    await decoder.run(run, new Set(run.frames), {
      everyPacket: true,
      sink: async (used, frame) => {
        const replaced = uses.get(used)!;
        for (const index of replaced) left.delete(index);
        await handOver(replaced, used, frame);
      },
    });
  }
  await decoder.settle();
  if (left.size > 0) throw video.undecodable();
}

/**
 * Frames of [start, end) that come out of the decoder, ascending. A decoder that fails drops what it still holds, so the
 * longest beginning that it takes to the end is searched by halving.
 */
async function decodable(decoder: RunDecoder, start: number, end: number): Promise<readonly number[]> {
  const attempt = (to: number): Promise<RunOutcome> => decoder.run({ start, end: to }, 'all');
  let best = await attempt(end);
  if (best.failure !== undefined) {
    let [good, bad] = [start, end];
    best = { seen: new Set() };
    while (bad - good > 1) {
      const middle = (good + bad) >> 1;
      const outcome = await attempt(middle);
      if (outcome.failure === undefined) {
        good = middle;
        best = outcome;
      } else bad = middle;
    }
  }
  return [...best.seen].sort((a, b) => a - b);
}
