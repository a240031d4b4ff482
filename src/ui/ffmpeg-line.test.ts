import { expect, it } from 'vitest';
import { ffmpegLine, stem } from './ffmpeg-line.ts';

it('a stem is a name without its extension, and never nothing', () => {
  expect(['a.b.mp4', 'clip', '.mp4'].map(stem)).toEqual(['a.b', 'clip', '.mp4']);
});

it('the line holds the name as a shell reads it', () => {
  expect(ffmpegLine('my $clip "1".MOV')).toBe(
    'ffmpeg -i "my \\$clip \\"1\\".MOV" -c:v libx264 -crf 12 -pix_fmt yuv420p "my \\$clip \\"1\\"-copy.mp4"',
  );
});
