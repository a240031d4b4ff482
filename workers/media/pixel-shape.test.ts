/** Pixel shape and HDR tags of clips that ffmpeg makes, against what ffprobe says of them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, openAsBlob, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { mediaNoticeText } from '../../core/text/media-notices.ts';
import { pixelShapeNotices, pixelShapeOf, statedShape } from './pixel-shape.ts';
import { Video } from './video.ts';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'pixel-shape-'));
afterAll(() => rmSync(folder, { recursive: true }));

function made(name: string, size: string, ...options: string[]): string {
  const path = join(folder, name);
  const source = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=10:duration=0.2`];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...source, ...options, path]);
  return path;
}

async function opened(path: string) {
  const file = Object.assign(await openAsBlob(path), { name: basename(path) });
  return (await Video.open(file as Blob & { name: string })).facts;
}

function probed(path: string): Record<string, unknown> {
  const shown = 'stream=width,height,sample_aspect_ratio,color_transfer';
  const text = execFileSync(
    'ffprobe',
    ['-v', 'error', '-select_streams', 'v', '-show_entries', shown, '-of', 'json', path],
    {
      encoding: 'utf8',
    },
  );
  return JSON.parse(text).streams[0];
}

/** Size that ffmpeg's own scale to square pixels gives, with sides that need not be even. */
function squared(path: string): string {
  const args = [
    '-v',
    'error',
    '-i',
    path,
    '-vf',
    'scale=w=round(iw*sar):h=ih,setsar=1',
    '-frames:v',
    '1',
    '-f',
    'image2',
  ];
  const image = `${path}.png`;
  execFileSync('ffmpeg', [...args, '-y', image]);
  const { width, height } = probed(image);
  return `${width} × ${height}`;
}

const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];

describe.skipIf(!hasFfmpeg)('clips of ffmpeg (skipped without it)', { timeout: 180_000 }, () => {
  test.each([
    ['pal.mp4', '180x144', '16:15', x264],
    ['wide.mkv', '720x480', '40:33', x264],
    ['dv.mov', '180x144', '64:45', x264],
    ['hdv.ts', '360x270', '4:3', x264],
    [
      'hevc.mp4',
      '640x480',
      '4:3',
      ['-c:v', 'libx265', '-pix_fmt', 'yuv420p', '-x265-params', 'log-level=none'],
    ],
    ['vp9.webm', '160x120', '3:2', ['-c:v', 'libvpx-vp9']],
  ] as const)('%s: %s with pixels of %s', async (name, size, shape, codec) => {
    const path = made(name, size, '-vf', `setsar=${shape.replace(':', '/')}`, ...codec);
    expect(probed(path).sample_aspect_ratio).toBe(shape);
    const notice = (await opened(path)).notices.find(({ code }) => code === 'pixel-shape');
    expect(notice?.params).toMatchObject({ shape });
    for (const lang of ['en', 'zh'] as const) expect(mediaNoticeText(lang, notice!)).toContain(squared(path));
  });

  test('square pixels, stated or not, need no word', async () => {
    for (const sar of ['1/1', '0/1']) {
      const path = made(`square-${sar[0]}.mp4`, '160x120', '-vf', `setsar=${sar}`, ...x264);
      expect((await opened(path)).notices).toEqual([]);
    }
  });

  test.each([
    ['smpte2084', 'pq', 'mp4'],
    ['arib-std-b67', 'hlg', 'mp4'],
    ['arib-std-b67', 'hlg', 'mkv'],
    ['smpte2084', 'pq', 'ts'],
    ['bt709', 'sdr', 'mp4'],
  ] as const)('a transfer of %s is %s in %s', async (tag, transfer, extension) => {
    const params = `transfer=${tag}:colorprim=bt2020:colormatrix=bt2020nc:log-level=none`;
    const options = ['-c:v', 'libx265', '-pix_fmt', 'yuv420p10le', '-x265-params', params];
    const path = made(`${tag}.${extension}`, '160x120', ...options, '-color_trc', tag);
    expect(probed(path).color_transfer).toBe(tag);
    expect((await opened(path)).colour.transfer).toBe(transfer);
  });
});

test('a turned video has turned pixels', () => {
  const [notice] = pixelShapeNotices({ width: 480, height: 720 }, pixelShapeOf(32, 27), false);
  expect(notice?.params).toMatchObject({ shape: '27:32', shownWidth: 405, shownHeight: 720 });
});

test('counts that cannot be a shape are none', () => {
  for (const [width, height] of [
    [0, 1],
    [1, 0],
    [100, 1],
    [Number.NaN, 1],
  ] as const)
    expect(pixelShapeOf(width, height)).toBeUndefined();
});

test('the container wins, unless its whole pixels are the stream’s shape rounded', () => {
  const size = { width: 720, height: 480 };
  const [exact, rounded, other] = [pixelShapeOf(40, 33), pixelShapeOf(873, 720), pixelShapeOf(16, 15)];
  expect(statedShape(rounded, exact, size)).toEqual(exact);
  expect(statedShape(other, exact, size)).toEqual(other);
  expect(statedShape(undefined, exact, size)).toEqual(exact);
});
