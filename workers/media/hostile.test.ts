/** Cut, swapped and overwritten files: a named error or an index, in time, whatever comes. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { containerOf } from './container.ts';
import { demux } from './demux.ts';
import { bestStream } from './stream-choice.ts';
import { Video } from './video.ts';

const folder = resolve(process.env.VQA_SHARED ?? '../shared', 'media');
const here = existsSync(folder);
const bytesOf = (name: string) => new Uint8Array(readFileSync(resolve(folder, name)));
const latin = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** A box of MP4 with a 32-bit size. */
function box(type: string, ...content: Uint8Array[]): Uint8Array {
  const size = content.reduce((sum, part) => sum + part.length, 8);
  const out = new Uint8Array(size);
  new DataView(out.buffer).setUint32(0, size);
  out.set(latin(type), 4);
  let at = 8;
  for (const part of content) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

async function outcome(bytes: Uint8Array<ArrayBuffer>, name = 'x.mp4'): Promise<string> {
  try {
    const { facts } = await Video.open(new File([bytes], name));
    return `${facts.frames}+${facts.missing}`;
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
}

describe('containerOf', () => {
  it.each([
    ['%PDF-1.7', 'PDF'],
    ['\x89PNG\r\n\x1a\n', 'PNG'],
    ['PK\x03\x04', 'ZIP'],
    ['\0\0\0\x1cftypavif', 'AVIF'],
    ['\0\0\0\x1cftypheic', 'HEIC'],
    ['path,mos\na.mp4,3', 'text'],
    ['', 'an empty file'],
  ])('tells %j from a video', (head, looksLike) => {
    expect(() => containerOf(latin(head))).toThrow(
      expect.objectContaining({ code: 'media/container', params: { looksLike } }),
    );
  });
  it('does not guess', () => {
    expect(() => containerOf(Uint8Array.of(1, 2, 3, 0))).toThrow(expect.objectContaining({ params: {} }));
  });
  it.each([
    ['\0\0\0\x20ftypisom', 'mp4'],
    ['\0\0\0\x08wide\0\0\0\0mdat', 'mp4'],
    ['\x1a\x45\xdf\xa3', 'matroska'],
    [`G${'\0'.repeat(187)}G`, 'mpegts'],
    [`\0\0\0\0G${'\0'.repeat(191)}G`, 'mpegts'],
  ])('knows %j', (head, family) => {
    expect(containerOf(latin(head))).toBe(family);
  });
});

describe('bestStream', () => {
  const stream = { isDefault: true, impaired: false, packets: 100, bytes: 1e6, seconds: 10 };
  it.each([
    ['the default one', [{ ...stream, isDefault: false, bytes: 9e6 }, stream], 1],
    [
      'one with frames to look at before one with a higher bit rate',
      [{ ...stream, packets: 1, bytes: 9e6 }, stream],
      1,
    ],
    [
      'the higher bit rate before more frames',
      [
        { ...stream, packets: 900 },
        { ...stream, bytes: 2e6 },
      ],
      1,
    ],
    ['more frames at one bit rate', [stream, { ...stream, packets: 101 }], 1],
    ['the first on a tie', [stream, stream], 0],
    [
      'not the one for people who see badly',
      [
        { ...stream, impaired: true },
        { ...stream, bytes: 1 },
      ],
      1,
    ],
  ])('takes %s', (_what, streams, index) => {
    expect(bestStream(streams)).toBe(index);
  });
});

describe('files that are not whole', () => {
  const ftyp = box('ftyp', latin('isom\0\0\0\0'));
  const cases: [string, Uint8Array[], string][] = [
    ['no index at all', [ftyp, box('mdat', new Uint8Array(100))], 'media/container'],
    ['an index behind the end', [ftyp, box('mdat', new Uint8Array(100)).subarray(0, 60)], 'media/truncated'],
    ['an index cut in two', [ftyp, box('moov', new Uint8Array(100)).subarray(0, 60)], 'media/truncated'],
    ['an index without tracks', [ftyp, box('moov', box('mvhd', new Uint8Array(100)))], 'media/no-video'],
    ['an index of zeros', [ftyp, box('moov', new Uint8Array(100))], 'media/no-video'],
  ];
  it.each(cases)('%s', async (_what, parts, code) => {
    expect(
      await outcome(new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer())),
    ).toBe(code);
  });

  it('refuses a sample table that counts to four milliards, at once', async () => {
    const huge = new Uint8Array(12);
    huge.set([0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255]);
    const stbl = box('stbl', box('stsz', huge));
    const video = box('hdlr', latin('\0\0\0\0\0\0\0\0vide'));
    const moov = box('moov', box('trak', box('mdia', video, box('minf', stbl))));
    const begun = performance.now();
    expect(
      await outcome(new Uint8Array(await new Blob([ftyp, moov] as Uint8Array<ArrayBuffer>[]).arrayBuffer())),
    ).toBe('media/container');
    expect(performance.now() - begun).toBeLessThan(500);
  });

  it.skipIf(!here)('counts the frames that are there when media data is cut off', async () => {
    // Its index comes first: whatever is cut, present and missing frames add up.
    const whole = bytesOf('car-detection.mp4');
    for (const part of [0.3, 0.5, 0.9]) {
      const [present, missing] = (await outcome(whole.slice(0, whole.length * part))).split('+').map(Number);
      expect(present! + missing!).toBe(377);
      expect(present).toBeGreaterThan(377 * part * 0.5);
      expect(present).toBeLessThan(377);
    }
  });

  it.skipIf(!here)('knows that a Matroska file is cut off', async () => {
    const whole = bytesOf('bbb_642x642_768kbps_30fps_vp9.webm');
    const [present, missing] = (await outcome(whole.slice(0, whole.length * 0.8))).split('+').map(Number);
    expect(present).toBeLessThan(90);
    expect(Math.abs(present! + missing! - 90)).toBeLessThanOrEqual(1);
    expect(await outcome(bytesOf('walk.mkv').slice(0, 9000))).toBe('media/truncated');
  });

  it.skipIf(!here)(
    'answers to 300 corrupted files with an index or a named error',
    async () => {
      let seed = 7;
      const random = (n: number) => {
        seed = (seed * 48271) % 2147483647;
        return seed % n;
      };
      for (const name of ['video_90.mov', 'silent-black-10s.mp4', 'av1-clearkey-cbcs-video.mp4']) {
        const whole = bytesOf(name);
        for (let i = 0; i < 100; i++) {
          const corrupted = whole.slice();
          for (let k = 0; k < 1 + random(20); k++) corrupted[random(corrupted.length)] = random(256);
          expect(await outcome(corrupted, name)).toMatch(/^(\d+\+\d+|media\/[a-z-]+)$/);
        }
      }
    },
    30_000,
  );
});

describe.skipIf(!here)('a file that changes', () => {
  it('is named', async () => {
    class Gone extends File {
      override slice(): Blob {
        throw new DOMException('The file could not be read.', 'NotReadableError');
      }
    }
    await expect(demux(new Gone([bytesOf('bikes.mp4')], 'bikes.mp4'))).rejects.toMatchObject({
      code: 'media/changed',
      params: { name: 'bikes.mp4' },
    });
  });
});
