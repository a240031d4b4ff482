/** Cost of decoding 12 frames of a minute of 1080p, against decoding all of it in the same browser. */
import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { uniformIndices } from '../../core/sampling/frame-sampling.ts';
import type { Harness } from '../media/harness.ts';
import { median, scratchFile } from './browser.ts';

declare global {
  interface Window {
    media: Harness;
  }
}

const RUNS = 3;
const FRAMES = 12;
/**
 * The time may exceed the share of frames from the key frames to the wanted ones by this factor: reading, colour and
 * resize. How many of these were decoded stands beside it, since those that no other frame refers to are left out.
 */
const LIMIT = 1.15;

/**
 * Some seconds of 1080p30 in H.264 with the usual three B-frames.
 *
 * @param gop distance of key frames
 */
export function clip1080(gop: number, seconds = 60, rate = '5M'): string {
  const recipe = ['-f', 'lavfi', '-i', 'testsrc2=size=1920x1080:rate=30', '-t', String(seconds)];
  const encode = [
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-b:v',
    rate,
    '-g',
    String(gop),
    '-pix_fmt',
    'yuv420p',
  ];
  return scratchFile(`1080p-${seconds}s-${rate}-gop${gop}.mp4`, [...recipe, ...encode], (path) => {
    // Under another name until it is whole: a run that is stopped leaves no half a clip behind.
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...recipe, ...encode, `${path}.part.mp4`], {
      stdio: 'inherit',
    });
    renameSync(`${path}.part.mp4`, path);
  });
}

export interface BenchMetric {
  readonly what: string;
  readonly value: string;
  readonly bar: string;
}

/**
 * @param address where the harness page of e2e/media is served, without its path
 */
export async function benchMedia(page: Page, address: string): Promise<BenchMetric[]> {
  await page.goto(`${address.replace(/\/$/, '')}/e2e/media/harness.html`);
  await page.waitForFunction(() => 'media' in window);
  const rows: BenchMetric[] = [];
  for (const gop of [60, 250]) {
    await page.locator('input').setInputFiles(clip1080(gop));
    const opened = await page.evaluate(() => window.media.open('chosen:'));
    if ('code' in opened) throw new Error(opened.code);
    const wanted = uniformIndices(opened.facts.frames, FRAMES);
    const reached = await page.evaluate((indices) => window.media.reached('chosen:', indices), wanted);
    const [some, all, shares]: [number[], number[], number[]] = [[], [], []];
    let decoded = 0;
    for (let run = 0; run < RUNS; run++) {
      const whole = await page.evaluate(() => window.media.decodeAll('chosen:'));
      const part = await page.evaluate(
        ([id, indices]) => window.media.frames(id, indices, 448, [{ pixels: 'squash' }]),
        [opened.id, wanted] as const,
      );
      if ('code' in part) throw new Error(part.code);
      some.push(part.seconds);
      all.push(whole.seconds);
      shares.push(part.seconds / whole.seconds / (reached / opened.facts.frames));
      decoded = part.decoded;
    }
    rows.push({
      what: `${FRAMES} frames of 60 s of 1080p H.264, a key frame every ${gop}`,
      value: `${median(shares).toFixed(2)} × (${median(some).toFixed(2)} s of ${median(all).toFixed(2)} s for all; ${reached} of ${opened.facts.frames} frames reached, ${decoded} of them decoded)`,
      bar: `≤ ${LIMIT} ×`,
    });
  }
  return rows;
}
