import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { pcmParameterSets } from '../../e2e/media/pcm-stream.ts';
import { parseH264Sps } from './h264.ts';
import { withSquarePixels } from './h264-aspect.ts';
import { annexBUnits, findSps } from './nal.ts';

const ffmpeg = spawnSync('ffmpeg', ['-v', 'quiet', '-encoders'], { encoding: 'utf8' }).stdout ?? '';

/** The sequence parameter set of x264 for pixels of a shape. */
function spsOf(aspect: string): Uint8Array {
  const source = ['-f', 'lavfi', '-i', `testsrc2=s=48x36,setsar=${aspect}`, '-frames:v', '1'];
  const bytes = execFileSync('ffmpeg', ['-v', 'error', ...source, '-c:v', 'libx264', '-f', 'h264', '-']);
  return findSps('avc', annexBUnits(bytes))!;
}

const differing = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, byte, i) => sum + (byte === b[i] ? 0 : 1), 0);

describe('withSquarePixels', () => {
  it('leaves parameter sets without a shape alone', () => {
    expect(withSquarePixels(pcmParameterSets({ width: 16, height: 32 })[0])).toBeNull();
    expect(withSquarePixels(Uint8Array.of(0x67, 77))).toBeNull();
  });

  // 12:11 has a number in the table, 128:117 is stated in two.
  it.skipIf(!ffmpeg.includes('libx264')).each(['12/11', '128/117'])(
    'states square pixels for %s',
    (aspect) => {
      const sps = spsOf(aspect);
      const square = withSquarePixels(sps)!;
      expect(withSquarePixels(square)).toBeNull();
      expect(parseH264Sps(square)).toEqual({ ...parseH264Sps(sps), pixelShape: { width: 1, height: 1 } });
      if (aspect === '12/11') expect(differing(square, sps)).toBeLessThanOrEqual(2);
      expect(withSquarePixels(spsOf('1'))).toBeNull();
    },
  );
});
