/** Luma of frames that stand in for the browser's: padded rows, rotation, range, RGB, another size. */
import { describe, expect, it, vi } from 'vitest';
import type { VideoFacts } from '../media/api.ts';
import type { ComparedLuma } from './api.ts';
import { LumaReader } from './luma.ts';

const luma = (width: number, height: number, more: Partial<ComparedLuma> = {}): ComparedLuma => ({
  width,
  height,
  bitDepth: 8,
  peak: 255,
  range: 'limited',
  resized: null,
  mixedMatrices: false,
  ...more,
});

const facts = (more: Partial<VideoFacts> = {}, colour: Partial<VideoFacts['colour']> = {}) => ({
  rotation: 0 as const,
  colour: { matrix: 'bt709', range: 'limited', source: 'bitstream', transfer: 'sdr', ...colour } as const,
  ...more,
});

/** A colour that no chroma of a 4:2:0 image gives to neighbours. */
const colourOf = (value: number) => [value, 255 - value, (value * 7) % 256] as const;

/** A frame whose luma is given row by row; rows of I420 are padded by three samples. */
function frame(rows: number[][], format: 'I420' | 'RGBA' = 'I420'): VideoFrame {
  const [width, height] = [rows[0]!.length, rows.length];
  const stride = width + 3;
  const isRgba = format === 'RGBA';
  return {
    format,
    colorSpace: { toJSON: () => ({}) },
    visibleRect: { width, height },
    allocationSize: () => (isRgba ? width * height * 4 : stride * height * 2),
    copyTo: async (out: Uint8Array) => {
      if (isRgba) {
        for (const [i, value] of rows.flat().entries()) out.set([...colourOf(value), 255], i * 4);
        return [{ offset: 0, stride: width * 4 }];
      }
      out.fill(99);
      for (const [y, row] of rows.entries()) out.set(row, y * stride);
      const chroma = { offset: stride * height, stride: stride >> 1 };
      return [{ offset: 0, stride }, chroma, chroma];
    },
    close: vi.fn(),
  } as unknown as VideoFrame;
}

/** The samples that a comparison sees, row by row. */
async function read(
  reader: LumaReader,
  given: VideoFrame,
  { width, height }: ComparedLuma,
): Promise<number[][]> {
  const { samples, offset, stride, release } = await reader.read(given);
  const rows = Array.from({ length: height }, (_, y) =>
    Array.from(samples.subarray(offset + y * stride, offset + y * stride + width)),
  );
  release();
  expect(given.close).toHaveBeenCalled();
  return rows;
}

const SCENE = [
  [16, 40, 60, 80],
  [100, 120, 140, 235],
];

describe('LumaReader', () => {
  it('reads the planes as they are, whatever the stride of their rows', async () => {
    const to = luma(4, 2);
    const reader = new LumaReader(facts(), to);
    // Twice: the second frame is copied into the memory of the first.
    for (let k = 0; k < 2; k++) expect(await read(reader, frame(SCENE), to)).toEqual(SCENE);
    expect(reader.fromRgb).toBe(false);
  });

  it('turns the image as a player does', async () => {
    const to = luma(2, 4);
    const turned = (rotation: 90 | 270) => read(new LumaReader(facts({ rotation }), to), frame(SCENE), to);
    expect(await turned(90)).toEqual([
      [100, 16],
      [120, 40],
      [140, 60],
      [235, 80],
    ]);
    expect(await turned(270)).toEqual([
      [80, 235],
      [60, 140],
      [40, 120],
      [16, 100],
    ]);
    const mirrored = luma(4, 2);
    const selfie = new LumaReader(facts({ mirrored: true }), mirrored);
    expect((await read(selfie, frame(SCENE), mirrored))[0]).toEqual([80, 60, 40, 16]);
    const half = luma(4, 2);
    const [first] = await read(new LumaReader(facts({ rotation: 180 }), half), frame(SCENE), half);
    expect(first).toEqual([235, 140, 120, 100]);
  });

  it('brings range and depth to those of the other side', async () => {
    const full = luma(4, 2, { range: 'full' });
    const rows = await read(new LumaReader(facts(), full), frame(SCENE), full);
    expect([rows[0]![0], rows[1]![3]]).toEqual([0, 255]);
    const deep = luma(4, 2, { bitDepth: 10, peak: 1023 });
    expect((await read(new LumaReader(facts(), deep), frame(SCENE), deep))[1]).toEqual([400, 480, 560, 940]);
  });

  it('computes luma of RGB where the browser gives no planes, and says so', async () => {
    const to = luma(4, 2, { range: 'full' });
    const reader = new LumaReader(facts(), to);
    const expected = SCENE.map((row) =>
      row.map((value) => {
        const [red, green, blue] = colourOf(value);
        return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
      }),
    );
    expect(await read(reader, frame(SCENE, 'RGBA'), to)).toEqual(expected);
    expect(reader.fromRgb).toBe(true);
  });

  it('enlarges a smaller image', async () => {
    const to = luma(8, 4);
    const rows = await read(
      new LumaReader(facts(), to),
      frame([
        [50, 50, 50, 50],
        [50, 50, 50, 50],
      ]),
      to,
    );
    expect(rows).toEqual(Array.from({ length: 4 }, () => Array.from({ length: 8 }, () => 50)));
  });
});
