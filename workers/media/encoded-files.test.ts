/** Files of ffmpeg in forms that cameras, recorders and packagers write: the frames that ffprobe shows, in its order. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Video } from './video.ts';

const encoders = spawnSync('ffmpeg', ['-v', 'quiet', '-encoders'], { encoding: 'utf8' }).stdout ?? '';
const source = (rate: number | string, seconds: number) =>
  ['-f', 'lavfi', '-i', `testsrc2=s=96x64:r=${rate}:d=${seconds}`, '-pix_fmt', 'yuv420p'] as const;

const avc = ['-c:v', 'libx264', '-preset', 'veryfast', '-g', '12', '-bf', '3'];
const open = [...avc, '-x264-params', 'open-gop=1:b-pyramid=2'];
const deep = ['-c:v', 'libx264', '-bf', '16', '-x264-params', 'b-adapt=0:b-pyramid=strict:ref=16'];
const hevc = ['-c:v', 'libx265', '-preset', 'ultrafast'];
const hevcOpen = [...hevc, '-x265-params', 'log-level=none:open-gop=1:keyint=12:bframes=4'];
const vp9 = ['-c:v', 'libvpx-vp9', '-cpu-used', '8', '-b:v', '100k', '-auto-alt-ref', '6', '-g', '20'];
const uneven = ['-vf', "select='not(mod(n,3))+not(mod(n,7))'", '-fps_mode', 'vfr'];

interface Form {
  readonly rate?: number;
  readonly seconds?: number;
  readonly options: readonly string[];
}

/** By the name of the file. */
const FORMS: Readonly<Record<string, Form>> = {
  'open-gops.mp4': { options: open },
  'open-gops.mov': { options: open },
  'open-gops.mkv': { options: open },
  'open-gops.ts': { options: open },
  'sixteen-b-frames.mp4': { options: deep },
  'sixteen-b-frames.ts': { options: deep },
  'refreshed.mkv': { options: [...avc, '-x264-params', 'intra-refresh=1'] },
  'interlaced.ts': { options: [...avc, '-flags', '+ildct+ilme'] },
  'fragment-a-frame.mp4': { options: [...open, '-movflags', 'frag_every_frame+empty_moov'] },
  'fragments-without-offset.mp4': {
    options: [...open, '-movflags', 'frag_keyframe+delay_moov+omit_tfhd_offset'],
  },
  'negative-offsets.mp4': {
    options: [...open, '-movflags', 'frag_keyframe+empty_moov+negative_cts_offsets'],
  },
  'dash.mp4': { options: [...open, '-movflags', 'dash+global_sidx', '-frag_duration', '300000'] },
  'smooth-streaming.ismv': { options: [...open, '-f', 'ismv'] },
  'no-edit-list.mp4': { options: [...open, '-use_editlist', '0'] },
  'one-tick-a-second.mp4': { rate: 1, seconds: 20, options: [...open, '-video_track_timescale', '1'] },
  'a-billion-ticks-a-second.mp4': { options: [...open, '-video_track_timescale', '1000000000'] },
  'uneven.mp4': { options: [...uneven, ...open] },
  'uneven.mkv': { options: [...uneven, ...open] },
  'live.mkv': { options: [...open, '-live', '1', '-cluster_time_limit', '100'] },
  'late-clock.ts': { options: [...open, '-output_ts_offset', '95442.5'] },
  'hevc-open-gops.mp4': { options: hevcOpen },
  'hevc-open-gops.mkv': { options: hevcOpen },
  'hevc-open-gops.ts': { options: hevcOpen },
  'alt-refs.webm': { options: vp9 },
  'alt-refs.mp4': { options: vp9 },
};

interface Probed {
  /** Position of the packet in the file. */
  readonly pos: string;
  /** Seconds. */
  readonly time: number;
  /** SHA-256 of the packet. */
  readonly hash: string;
}

/** Frames as ffprobe decodes them. */
function framesOf(path: string): Probed[] {
  const shown = ['frame=pkt_pos,pts_time', 'packet=pos,data_hash'].join(':');
  const options = ['-show_frames', '-show_packets', '-show_data_hash', 'sha256', '-show_entries', shown];
  const json = execFileSync('ffprobe', [
    '-v',
    'quiet',
    '-select_streams',
    'V:0',
    ...options,
    '-of',
    'json',
    path,
  ]);
  const { packets_and_frames: all } = JSON.parse(json.toString()) as {
    packets_and_frames: Readonly<Record<string, string>>[];
  };
  const hashes = new Map(all.flatMap((one) => (one.type === 'packet' ? [[one.pos, one.data_hash]] : [])));
  return all
    .filter(({ type }) => type === 'frame')
    .map(({ pkt_pos = '', pts_time }) => ({
      pos: pkt_pos,
      time: Number(pts_time),
      hash: hashes.get(pkt_pos)!.replace('SHA256:', ''),
    }));
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes.slice())).toString('hex');
}

describe.skipIf(encoders === '')('files of ffmpeg', { timeout: 30_000 }, () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'encoded-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.for(Object.entries(FORMS))('%s', async ([name, { rate = 25, seconds = 1.4, options }], { skip }) => {
    const coder = options[options.indexOf('-c:v') + 1]!;
    skip(!encoders.includes(coder), `this ffmpeg lacks ${coder}`);
    const path = join(folder, name);
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...source(rate, seconds), ...options, path]);
    const expected = framesOf(path);
    const { index, facts, order, times } = await Video.open(new File([readFileSync(path)], name));
    expect(facts).toMatchObject({ frames: expected.length, missing: 0, notices: [] });
    for (const [i, time] of times.entries())
      expect(time).toBeCloseTo(expected[i]!.time - expected[0]!.time, 3);
    // Packets of a transport stream are cut in another way, so only their times are compared.
    if (name.endsWith('.ts')) return;
    const packets = await index.readRun(0, facts.frames);
    const hashes = await Promise.all(Array.from(order.at, (d) => sha256(packets[d]!)));
    expect(hashes).toEqual(expected.map(({ hash }) => hash));
  });
});
