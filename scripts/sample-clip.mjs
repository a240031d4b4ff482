/**
 * Makes `public/sample.mp4`: a slow pan over a photograph, clean at first, heavily compressed in its second half, so
 * that a newcomer's first answer has something to say. Needs ffmpeg and the photographs under VQA_SHARED.
 *
 * Photograph: National Park Service / Jacob W. Frank, CC0 1.0.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const photo = join(process.env.VQA_SHARED ?? join(root, '..', 'shared'), 'photos', 'budgie_008.avif');
const work = mkdtempSync(join(tmpdir(), 'sample-'));
const at = (name) => join(work, name);
const ffmpeg = (...args) =>
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...args.flat()], { stdio: 'inherit' });
const x264 = (crf, ...more) => [
  '-c:v',
  'libx264',
  '-preset',
  'slow',
  '-crf',
  String(crf),
  '-pix_fmt',
  'yuv420p',
  ...more,
];

// Panned four times larger than shown, so that a step of one pixel there is a quarter of one here.
const pan =
  "loop=-1:1,setpts=N/25/TB,fps=25,scale=2560:1440,crop=2048:1152:'(iw-ow)*t/6':'(ih-oh)*0.3',scale=512:288:flags=area";
ffmpeg('-i', photo, '-vf', pan, '-t', '6', x264(8), at('clean.mp4'));
ffmpeg('-i', at('clean.mp4'), x264(44), at('damaged.mp4'));
ffmpeg(
  ['-i', at('clean.mp4'), '-i', at('damaged.mp4')],
  [
    '-filter_complex',
    '[0]trim=0:3,setpts=PTS-STARTPTS[a];[1]trim=3:6,setpts=PTS-STARTPTS[b];[a][b]concat=n=2',
  ],
  x264(
    19,
    '-colorspace',
    'bt709',
    '-color_primaries',
    'bt709',
    '-color_trc',
    'bt709',
    '-movflags',
    '+faststart',
    '-an',
  ),
  join(root, 'public', 'sample.mp4'),
);
rmSync(work, { recursive: true });
