import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodingStart, isAv1Key, isHiddenVp8, isVp8Key, isVp9Key } from './frame-marks.ts';
import { Video } from './video.ts';

const inputs = resolve(process.env.VQA_SHARED ?? '../shared', 'inputs');
const media = resolve(process.env.VQA_SHARED ?? '../shared', 'media');
const open = (path: string, name: string) => Video.open(new File([readFileSync(resolve(path, name))], name));

describe('decodingStart', () => {
  const RECOVERY = Uint8Array.of(6, 6, 1, 0xc4, 0x80);
  const LATER = Uint8Array.of(6, 6, 1, 0x44, 0x80);
  const [intra, inter] = [Uint8Array.of(0x41, 0b1_0001000), Uint8Array.of(0x41, 0b1_1_100000)];
  it.each([
    ['an IDR picture of H.264', 'avc', [Uint8Array.of(9), Uint8Array.of(0x67), Uint8Array.of(0x65)], 'fresh'],
    ['another picture of H.264', 'avc', [Uint8Array.of(9), intra], null],
    ['an intra picture with a recovery point', 'avc', [RECOVERY, intra], 'recovery'],
    ['an inter picture with a recovery point', 'avc', [RECOVERY, inter], null],
    ['a recovery point of a later picture', 'avc', [LATER, intra], null],
    ['no picture', 'avc', [], null],
    ['an IDR picture of HEVC', 'hevc', [Uint8Array.of(0x40, 1), Uint8Array.of(0x26, 1)], 'fresh'],
    ['a clean random access picture', 'hevc', [Uint8Array.of(0x2a, 1)], 'fresh'],
    ['another picture of HEVC', 'hevc', [Uint8Array.of(0x02, 1)], null],
  ] as const)('%s', (_name, codec, units, start) => {
    expect(decodingStart(codec, units)).toBe(start);
  });
});

describe('key frames by their own header', () => {
  it.each([
    ['a VP8 key frame', isVp8Key, [0x10, 0, 0], true],
    ['a VP8 inter frame', isVp8Key, [0x11, 0, 0], false],
    ['an empty VP8 packet', isVp8Key, [], false],
    ['a VP9 key frame', isVp9Key, [0b10_00_0_0_1_0], true],
    ['a VP9 inter frame', isVp9Key, [0b10_00_0_1_1_0], false],
    ['a VP9 repeat of an existing frame', isVp9Key, [0b10_00_1_000], false],
    ['a VP9 key frame of profile 3', isVp9Key, [0b10_11_0_0_0_1], true],
    ['a VP9 inter frame of profile 3', isVp9Key, [0b10_11_0_0_1_1], false],
    ['no VP9', isVp9Key, [0], false],
    ['an AV1 key frame', isAv1Key, [0x12, 0, 0x0a, 1, 0x00, 0x32, 1, 0b0_00_10000], true],
    ['an AV1 inter frame', isAv1Key, [0x12, 0, 0x32, 1, 0b0_01_10000], false],
    ['an AV1 repeat of an existing frame', isAv1Key, [0x12, 0, 0x1a, 1, 0b1_0000000], false],
    ['an AV1 still picture', isAv1Key, [0x0a, 1, 0b000_1_1_000, 0x32, 1, 0b1_0000000], true],
    ['an AV1 packet without a frame', isAv1Key, [0x12, 0], false],
  ] as const)('%s', (_name, isKey, bytes, expected) => {
    expect(isKey(Uint8Array.from(bytes))).toBe(expected);
  });
});

describe.skipIf(!existsSync(media))('clips whose containers mark key frames rightly', () => {
  it.each([
    'bbb_642x642_768kbps_30fps_vp9.webm',
    'bbb_800x640_768kbps_30fps_vp9.mp4',
    'bbb_960x540_60fps_vp8.webm',
    'sample_av1.mkv',
    'long_1080p_av1.mp4',
  ])('%s keeps its marks', async (name) => {
    const video = await open(media, name);
    for (const d of video.order.key.keys())
      if (video.order.key[d] === 1) expect(await video.trustedKey(d)).toBe(d);
  });
});

describe.skipIf(!existsSync(inputs))('VP8 as people have it', () => {
  it('takes back marks of packets that are no key frames', async () => {
    const video = await open(inputs, 'vp8-all-marked-key.webm');
    expect(video.index.packets.key.includes(0)).toBe(false);
    expect(await video.plan([24])).toEqual([{ start: 0, end: 25, frames: [24] }]);
  });

  it('counts hidden packets as frames, but not for the rate, and shows the frame before them', async () => {
    const video = await open(inputs, 'vp8-hidden-alt-ref.webm');
    expect(video.facts).toMatchObject({ frames: 160, fps: 25, duration: 6, notices: [] });
    const hidden: number[] = [];
    for (const [frame, d] of video.order.at.entries())
      if (isHiddenVp8(await video.index.read(d))) hidden.push(frame);
    expect(hidden).toHaveLength(10);
    for (const frame of video.order.at.keys())
      expect(video.shown(frame)).toBe(hidden.includes(frame) ? frame - 1 : frame);
  });
});
