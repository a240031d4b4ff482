/** Files whose clock is too coarse for their frame rate: the frames of ffmpeg, in its order, or a notice. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  greyOf,
  lengthPrefixed,
  pcmConfiguration,
  pcmFrame,
  pcmParameterSets,
} from '../../e2e/media/pcm-stream.ts';
import { recording } from '../../e2e/media/stream-arbitrary.ts';
import { type PacketIndex, presentationOrder } from './packet-index.ts';
import { tieOrder } from './tie-order.ts';
import { Video } from './video.ts';

const encoders = spawnSync('ffmpeg', ['-v', 'quiet', '-encoders'], { encoding: 'utf8' }).stdout ?? '';
const folder = mkdtempSync(join(tmpdir(), 'coarse-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('presentationOrder', () => {
  it('takes ranks where times are equal or a few frames off, times where ranks are far off', () => {
    const pts = Float64Array.of(0, 8, 8, 16, 12);
    expect([...presentationOrder(pts)]).toEqual([0, 1, 2, 4, 3]);
    expect([...presentationOrder(pts, Float64Array.of(0, 2, 1, 3, 4))]).toEqual([0, 2, 1, 3, 4]);
    const long = Float64Array.from({ length: 40 }, (_, i) => i >> 1);
    const odd = Float64Array.from({ length: 40 }, (_, i) => (i < 20 ? 100 + i : i));
    expect([...presentationOrder(long, odd)]).toEqual([...Array(40).keys()]);
  });
});

describe('tieOrder', () => {
  /** Packets of a generated stream whose clock has `frames` frames to a tick. */
  const indexOf = (packets: readonly { shown: number; key: boolean }[], frames: number): PacketIndex => {
    const format = { width: 16, height: 32 };
    const sets = pcmParameterSets(format);
    const bytes = packets.map(({ shown }, d) => {
      const idr = d === 0;
      const reference = packets[d + 1] === undefined || packets[d + 1]!.shown < shown;
      return lengthPrefixed(
        pcmFrame(format, { grey: greyOf(shown), shown, idr, reference, frameNumber: d & 255 }).flat(),
      );
    });
    return {
      codec: 'avc1.4d001e',
      description: new Uint8Array(pcmConfiguration(sets)),
      packets: {
        size: Uint32Array.from(bytes, ({ length }) => length),
        pts: Float64Array.from(packets, ({ shown }) => Math.floor(shown / frames)),
      },
      readRun: async (start: number, end: number) => bytes.slice(start, end),
    } as unknown as PacketIndex;
  };

  it('orders frames of one time as the slices do', async () => {
    await fc.assert(
      fc.asyncProperty(recording, fc.integer({ min: 2, max: 9 }), async (packets, frames) => {
        const index = indexOf(packets, frames);
        const { rank, certain } = await tieOrder(index, index.packets.pts, []);
        expect(certain).toBe(true);
        const expected = packets.map((_, d) => d).sort((a, b) => packets[a]!.shown - packets[b]!.shown);
        expect([...presentationOrder(index.packets.pts, rank)]).toEqual(expected);
      }),
    );
  });

  it('says where nothing tells the order', async () => {
    const index = indexOf(
      [0, 2, 1].map((shown, d) => ({ shown, key: d === 0 })),
      3,
    );
    const blind = { ...index, readRun: async () => [0, 1, 2].map(() => new Uint8Array(8)) } as PacketIndex;
    expect(await tieOrder(blind, index.packets.pts, [])).toEqual({ rank: null, certain: false });
  });
});

const CODERS = {
  libx264: (bframes: number, pyramid: boolean) => [
    '-preset',
    'veryfast',
    '-x264-params',
    `bframes=${bframes}:b-adapt=0:b-pyramid=${pyramid ? 2 : 0}:open-gop=${pyramid ? 1 : 0}`,
  ],
  libx265: (bframes: number, pyramid: boolean) => [
    '-preset',
    'ultrafast',
    '-x265-params',
    `log-level=none:bframes=${Math.min(4, bframes)}:b-adapt=0:b-pyramid=${pyramid ? 1 : 0}:open-gop=${pyramid ? 1 : 0}:keyint=20`,
  ],
};

/** Packets as ffmpeg decodes and shows them, by their positions in the file. */
function shownPositions(path: string): number[] {
  const all = path.endsWith('.mp4') ? ['-ignore_editlist', '1'] : [];
  const shown = [...all, '-show_entries', 'frame=pkt_pos', '-of', 'csv=p=0'];
  const text = execFileSync('ffprobe', ['-v', 'quiet', '-select_streams', 'V:0', ...shown, path]).toString();
  return text.split('\n').flatMap((line) => (line ? [Number.parseInt(line, 10)] : []));
}

const encoded = fc.record({
  coder: fc.constantFrom(...(Object.keys(CODERS) as (keyof typeof CODERS)[])),
  rate: fc.integer({ min: 1100, max: 8000 }),
  bframes: fc.integer({ min: 1, max: 8 }),
  pyramid: fc.boolean(),
  frames: fc.integer({ min: 2, max: 60 }),
  coarse: fc.constantFrom('mkv', 'mp4'),
});

describe.skipIf(!encoders.includes('libx26'))(
  'files of ffmpeg with more frames than ticks',
  { timeout: 60_000 },
  () => {
    it('show the frames of ffmpeg', async () => {
      const property = fc.asyncProperty(
        encoded,
        async ({ coder, rate, bframes, pyramid, frames, coarse }) => {
          if (!encoders.includes(coder)) return;
          const path = join(folder, `coarse.${coarse}`);
          const source = ['-f', 'lavfi', '-i', `testsrc2=s=96x64:r=${rate}`, '-frames:v', String(frames)];
          const clock = coarse === 'mp4' ? ['-video_track_timescale', '1000'] : [];
          const options = [
            '-c:v',
            coder,
            '-pix_fmt',
            'yuv420p',
            '-g',
            '20',
            ...CODERS[coder](bframes, pyramid),
          ];
          execFileSync('ffmpeg', ['-v', 'error', '-y', ...source, ...options, ...clock, path]);
          const { facts, order } = await Video.open(new File([readFileSync(path)], `coarse.${coarse}`));
          const expected = shownPositions(path);
          const stored = [...expected].sort((a, b) => a - b);
          expect(facts.notices).toEqual([]);
          expect([...order.at]).toEqual(expected.map((position) => stored.indexOf(position)));
        },
      );
      await fc.assert(property, { numRuns: 8, seed: 7, endOnFailure: true });
    });
  },
);
