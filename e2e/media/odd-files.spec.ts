/** MP4 files in forms of their own: the frames of the same clip as an ordinary file, each decoded. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { ROOT, SHARED } from './server.ts';
import { sharedHarness } from './shared-page.ts';

const harness = sharedHarness(60_000);
const input = (name: string) => resolve(SHARED, 'inputs', name);
test.skip(!existsSync(input('size-zero.mp4')), 'needs the inputs of VQA_SHARED');

/** Checksums of every frame, at 56 × 56; none may be substituted. */
async function checksums(path: string, count: number): Promise<string[]> {
  const url = harness.server.url(path);
  const indices = Array.from({ length: count }, (_, i) => i);
  const result = await harness.page.evaluate(
    async ([address, wanted]) => {
      const opened = await window.media.open(address);
      return 'code' in opened ? opened : window.media.frames(opened.id, wanted, 56, [{ pixels: 'squash' }]);
    },
    [url, indices] as const,
  );
  if ('code' in result) throw new Error(JSON.stringify(result));
  expect(result.frames.filter(({ substituted }) => substituted !== undefined)).toEqual([]);
  return result.frames.map(({ sha256 }) => sha256);
}

for (const name of ['stz2-small.mp4', 'elst-count.mp4', 'stts-zero.mp4'])
  test(`${name} shows the frames of its clip in their order`, async () => {
    expect(await checksums(input(name), 25)).toEqual(await checksums(input('size-zero.mp4'), 25));
  });

for (const name of ['fmp4-omit-offset.mp4', 'quicktime-compressed-header.mov'])
  test(`${name} shows fifty frames`, async () => {
    expect(new Set(await checksums(input(name), 50)).size).toBe(50);
  });

/** The clip with a configuration in start codes, and its packets too where `both`. */
function withStartCodes(both: boolean): string {
  const bytes = new Uint8Array(readFileSync(input('size-zero.mp4')));
  const view = new DataView(bytes.buffer);
  const at = Buffer.from(bytes).indexOf('avcC') + 4;
  const length = view.getUint32(at - 8) - 8;
  const sps = bytes.slice(at + 8, at + 8 + view.getUint16(at + 6));
  const ppsAt = at + 8 + sps.length + 1;
  const pps = bytes.slice(ppsAt + 2, ppsAt + 2 + view.getUint16(ppsAt));
  // The box keeps its size: zeros behind a unit belong to none.
  const code = [0, 0, 0, 1];
  bytes.fill(0, at, at + length).set([...code, ...sps, ...code, ...pps], at);
  if (both) {
    const media = Buffer.from(bytes).indexOf('mdat') + 4;
    const end = media + view.getUint32(media - 8) - 8;
    for (let unit = media; unit < end; ) {
      const next = unit + 4 + view.getUint32(unit);
      view.setUint32(unit, 1);
      unit = next;
    }
  }
  const folder = resolve(ROOT, '.scratch/odd-files');
  mkdirSync(folder, { recursive: true });
  const path = resolve(folder, `start-codes-${both}.mp4`);
  writeFileSync(path, bytes);
  return path;
}

for (const both of [false, true])
  test(`a configuration with start codes, packets ${both ? 'too' : 'with lengths'}`, async () => {
    expect(await checksums(withStartCodes(both), 25)).toEqual(await checksums(input('size-zero.mp4'), 25));
  });
