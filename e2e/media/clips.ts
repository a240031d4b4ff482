/**
 * Expected results of each test clip. `frames` is L of contracts §3 (decord 0.6.0 counts the same where it opens the file),
 * `keys` the packets that the container marks as key frames. Colour is [matrix, range, source, transfer].
 */
export interface Clip {
  readonly frames: number;
  readonly keys: number;
  /** Shown size, rotation applied. */
  readonly size: readonly [number, number];
  readonly codecName: string;
  readonly container: string;
  readonly colour: readonly [string, string, string, string];
  readonly rotation?: number;
  readonly bitDepth?: number;
  readonly chroma?: string;
  /** Error of Chromium without proprietary HEVC, thrown by `open`. */
  readonly browserError?: { readonly code: string; readonly codec: string };
  /** Frame 0 on a player's clock, in seconds. */
  readonly start?: number;
  /** Frames that no decoder of Chromium gives. */
  readonly substituted?: readonly number[];
}

const untagged = ['bt601', 'limited', 'none', 'sdr'] as const;
const hd = ['bt709', 'limited', 'bitstream', 'sdr'] as const;
const high = { codecName: 'H.264 High', container: 'mp4', colour: untagged } as const;

export const CLIPS: Readonly<Record<string, Clip>> = {
  'bbb_642x642_768kbps_30fps_vp9.webm': {
    frames: 90,
    keys: 3,
    size: [642, 642],
    codecName: 'VP9',
    container: 'webm',
    colour: untagged,
  },
  'bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4': { ...high, frames: 120, keys: 4, size: [800, 640] },
  'bbb_800x640_768kbps_30fps_vp9.mp4': { ...high, codecName: 'VP9', frames: 120, keys: 1, size: [800, 640] },
  // Its name says VP8; the track holds VP9.
  'bbb_960x540_60fps_vp8.webm': {
    frames: 60,
    keys: 1,
    size: [960, 540],
    codecName: 'VP9',
    container: 'webm',
    colour: ['bt601', 'limited', 'bitstream', 'sdr'],
  },
  'bikes.mp4': { ...high, frames: 250, keys: 6, size: [640, 272] },
  'block_ends_beyond_cluster.mkv': {
    frames: 1,
    keys: 1,
    size: [576, 432],
    codecName: 'Video for Windows',
    container: 'mkv',
    start: 1.168,
    colour: untagged,
    browserError: { code: 'media/codec', codec: 'Video for Windows' },
  },
  'bottle-detection.mp4': { ...high, frames: 1189, keys: 5, size: [640, 360] },
  'bt709_full_range.mp4': {
    ...high,
    frames: 30,
    keys: 1,
    size: [1280, 720],
    colour: ['bt709', 'full', 'bitstream', 'sdr'],
  },
  'car-detection.mp4': {
    ...high,
    frames: 377,
    keys: 7,
    size: [768, 432],
    codecName: 'H.264 Baseline',
    colour: ['bt601', 'limited', 'bitstream', 'sdr'],
  },
  'carphone_pristine.mp4': { ...high, frames: 120, keys: 1, size: [176, 144] },
  // One key frame; the packet of frame 30 is broken, and what rests on it with it.
  'corrupted.mp4': {
    ...high,
    frames: 50,
    keys: 1,
    size: [1280, 720],
    substituted: [29, 30, 31, ...Array.from({ length: 17 }, (_, i) => 33 + i)],
  },
  'h265_10bits.mp4': {
    ...high,
    frames: 30,
    keys: 1,
    size: [200, 200],
    codecName: 'HEVC Main 10',
    bitDepth: 10,
    browserError: { code: 'media/codec', codec: 'HEVC' },
  },
  'hlg10-color-test.mp4': {
    ...high,
    frames: 9,
    keys: 1,
    size: [1920, 1080],
    codecName: 'HEVC Main 10',
    bitDepth: 10,
    colour: ['bt2020', 'limited', 'bitstream', 'hlg'],
    browserError: { code: 'media/codec', codec: 'HEVC' },
  },
  // An edit list hides the first frame from a player; it counts all the same.
  'iibbibb_editlist_videoonly.mp4': {
    ...high,
    frames: 13,
    keys: 5,
    size: [704, 576],
    codecName: 'H.264 High 4:4:4',
    chroma: '4:4:4',
    start: -0.5,
  },
  'long_1080p_av1.mp4': { ...high, frames: 21766, keys: 68, size: [1920, 1080], codecName: 'AV1' },
  // Two video streams; the second has the higher bit rate.
  'nasa_13013.mp4': { ...high, frames: 390, keys: 2, size: [480, 270], colour: hd },
  'sample_12_5fps_720p_1s.mp4': { ...high, frames: 13, keys: 1, size: [1280, 720], colour: hd },
  'sample_av1.mkv': {
    frames: 30,
    keys: 1,
    size: [720, 1280],
    codecName: 'AV1',
    container: 'mkv',
    bitDepth: 10,
    colour: ['bt2020', 'limited', 'bitstream', 'hlg'],
  },
  'sample_empty_track.mp4': { ...high, frames: 30, keys: 1, size: [1080, 720], colour: hd },
  'sample_fragmented.mp4': { ...high, frames: 30, keys: 1, size: [1080, 720], start: 0.0667 },
  'sample_missing_stsd.mp4': { ...high, frames: 30, keys: 1, size: [1080, 720] },
  'sample_partially_fragmented.mp4': { ...high, frames: 30, keys: 1, size: [1080, 720], start: 0.0667 },
  'sample_portrait.mp4': { ...high, frames: 30, keys: 1, size: [720, 1080] },
  'sample_vvc.mp4': {
    ...high,
    frames: 120,
    keys: 5,
    size: [320, 180],
    codecName: 'VVC',
    browserError: { code: 'media/codec', codec: 'VVC' },
  },
  'sample_with_invalid_nalu.mp4': { ...high, frames: 30, keys: 1, size: [1080, 720] },
  'sample_without_stss.mp4': { ...high, frames: 30, keys: 30, size: [1080, 720] },
  'silent-black-10s.mp4': { ...high, frames: 300, keys: 2, size: [320, 240] },
  'video_90.mov': {
    ...high,
    frames: 3,
    keys: 1,
    size: [320, 568],
    codecName: 'H.264 Baseline',
    container: 'mov',
    rotation: 90,
    colour: hd,
  },
  'walk.mkv': {
    frames: 89,
    keys: 1,
    size: [640, 480],
    codecName: 'H.264 High',
    container: 'mkv',
    colour: ['bt601', 'full', 'none', 'sdr'],
  },
};

/** Clips that cannot be opened at all. */
export const REFUSED: Readonly<Record<string, string>> = { 'av1-clearkey-cbcs-video.mp4': 'media/encrypted' };
