import { describe, expect, it } from 'vitest';
import { featurePlanes } from './feature-planes.ts';
import type { Planes } from './planes.ts';

const limited = { matrix: 'bt709', range: 'limited' } as const;
const full = { matrix: 'bt709', range: 'full' } as const;

/** A frame of 4 × 2 with rows of 6 samples, chroma below. */
function planar(values: readonly number[], bitDepth: 8 | 10, shiftX: 0 | 1, shiftY: 0 | 1): Planes {
  const samples = bitDepth === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
  const rows = 2 >> shiftY;
  const plane = (offset: number) => ({ offset, stride: 6, step: 1 as const });
  return {
    ...{ width: 4, height: 2, bitDepth, shiftX, shiftY, samples },
    ...{ y: plane(0), u: plane(12), v: plane(12 + 6 * rows) },
  };
}

const luma = [0, 16, 126, 235, 9, 9, 255, 17, 128, 100, 9, 9];

describe('featurePlanes', () => {
  it('takes 8-bit 4:2:0 of the limited range as it is, without the padding of its rows', () => {
    const frame = featurePlanes(
      planar([...luma, 16, 240, 9, 9, 9, 9, 128, 90, 9, 9, 9, 9], 8, 1, 1),
      limited,
    );
    expect([...frame.y]).toEqual([0, 16, 126, 235, 255, 17, 128, 100]);
    expect([[...frame.cb], [...frame.cr]]).toEqual([
      [16, 240],
      [128, 90],
    ]);
  });

  it('brings the full range to the limited one', () => {
    const frame = featurePlanes(planar([...luma, 0, 255, 9, 9, 9, 9, 128, 64, 9, 9, 9, 9], 8, 1, 1), full);
    expect([...frame.y]).toEqual([16, 30, 124, 218, 235, 31, 126, 102]);
    expect([[...frame.cb], [...frame.cr]]).toEqual([
      [16, 240],
      [128, 72],
    ]);
  });

  it('rounds 10 bits to 8 and averages chroma of 4:2:2 and 4:4:4', () => {
    const deep = luma
      .map((value) => 4 * value + (value === 126 ? 2 : 1))
      .map((value) => Math.min(value, 1023));
    const wide = [40, 80, 0, 0, 0, 0, 44, 90, 0, 0, 0, 0];
    const frame = featurePlanes(planar([...deep, ...wide, ...wide], 10, 1, 0), limited);
    expect([...frame.y]).toEqual([0, 16, 127, 235, 255, 17, 128, 100]);
    expect([...frame.cb]).toEqual([11, 22]);
    const all = [10, 20, 1, 3, 0, 0, 30, 41, 5, 8, 0, 0];
    const even = featurePlanes(planar([...luma, ...all, ...all], 8, 0, 0), limited);
    expect([...even.cr]).toEqual([25, 4]);
  });

  it('reads interleaved chroma, and cuts the last group of an odd width', () => {
    const samples = Uint8Array.from([1, 2, 3, 50, 60, 70, 80]);
    const interleaved: Planes = {
      ...{ width: 3, height: 1, bitDepth: 8, shiftX: 1, shiftY: 1, samples },
      y: { offset: 0, stride: 3, step: 1 },
      ...{ u: { offset: 3, stride: 4, step: 2 }, v: { offset: 4, stride: 4, step: 2 } },
    };
    const frame = featurePlanes(interleaved, limited);
    expect([[...frame.y], [...frame.cb], [...frame.cr]]).toEqual([
      [1, 2, 3],
      [50, 70],
      [60, 80],
    ]);
  });

  it('converts RGB by BT.601: white, black and primary colours', () => {
    const rgba = [255, 255, 255, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 255, 0];
    const colours: Planes = {
      ...{ width: 4, height: 1, bitDepth: 8, shiftX: 0, shiftY: 0, samples: Uint8Array.from(rgba) },
      v: { offset: 0, stride: 16, step: 4 },
      ...{ y: { offset: 1, stride: 16, step: 4 }, u: { offset: 2, stride: 16, step: 4 } },
    };
    const frame = featurePlanes(colours, { matrix: 'identity', range: 'full' });
    expect([...frame.y]).toEqual([235, 16, 81, 41]);
    expect([[...frame.cb], [...frame.cr]]).toEqual([
      [128, 165],
      [128, 175],
    ]);
  });
});
