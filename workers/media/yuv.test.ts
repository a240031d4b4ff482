import { describe, expect, it } from 'vitest';
import type { ColourFacts, FrameImage } from './api.ts';
import { colourFacts } from './colour-facts.ts';
import { FramePixels } from './pixels.ts';
import type { Planes } from './planes.ts';
import { resizeRgb } from './resize.ts';
import { colourTables, type Rotation, writeRgb } from './yuv.ts';

type Colour = Pick<ColourFacts, 'matrix' | 'range'>;
const limited: Colour = { matrix: 'bt601', range: 'limited' };

/** I420 noise of odd size, the same every time. */
function noise(width: number, height: number): Planes {
  const [cw, ch] = [(width + 1) >> 1, (height + 1) >> 1];
  let state = 1;
  const samples = Uint8Array.from({ length: width * height + 2 * cw * ch }, () => {
    state = (state * 48271) % 2147483647;
    return 16 + (state % 220);
  });
  const u = width * height;
  return {
    ...{ width, height, bitDepth: 8, samples, shiftX: 1, shiftY: 1 },
    y: { offset: 0, stride: width, step: 1 },
    u: { offset: u, stride: cw, step: 1 },
    v: { offset: u + cw * ch, stride: cw, step: 1 },
  };
}

function onePixel(y: number, u: number, v: number, bitDepth: 8 | 10 | 12 = 8): Planes {
  const samples = bitDepth === 8 ? Uint8Array.of(y, u, v) : Uint16Array.of(y, u, v);
  const plane = (offset: number) => ({ offset, stride: 1, step: 1 as const });
  return {
    width: 1,
    height: 1,
    bitDepth,
    samples,
    shiftX: 0,
    shiftY: 0,
    y: plane(0),
    u: plane(1),
    v: plane(2),
  };
}

function pixels(planes: Planes, colour: Colour = limited, rotation: Rotation = 0): FramePixels {
  return new FramePixels(planes, colourTables(colour, planes.bitDepth), rotation);
}

/** RGB [height, width, 3] of a whole frame. */
function rgbOf(frame: FramePixels): Uint8ClampedArray {
  return frame.image().rgba.filter((_, i) => i % 4 !== 3);
}

describe('writeRgb', () => {
  // Written down from `ffmpeg -pix_fmt rgb24` of one-colour pictures.
  it.each<[string, Colour, Planes, number[]]>([
    ['black', limited, onePixel(16, 128, 128), [0, 0, 0]],
    ['white', limited, onePixel(235, 128, 128), [254, 254, 254]],
    ['above white', limited, onePixel(255, 128, 128), [255, 255, 255]],
    ['full-range white', { matrix: 'bt709', range: 'full' }, onePixel(255, 128, 128), [255, 255, 255]],
    ['full-range grey', { matrix: 'bt601', range: 'full' }, onePixel(77, 128, 128), [77, 77, 77]],
    ['10-bit white', { matrix: 'bt2020', range: 'limited' }, onePixel(940, 512, 512, 10), [255, 255, 255]],
    ['12-bit black', { matrix: 'bt709', range: 'limited' }, onePixel(256, 2048, 2048, 12), [0, 0, 0]],
    ['RGB in planes', { matrix: 'identity', range: 'full' }, onePixel(20, 30, 10), [10, 20, 30]],
  ])('%s', (_name, colour, planes, rgb) => {
    const actual = [...rgbOf(pixels(planes, colour))];
    for (const [i, value] of actual.entries()) expect(Math.abs(value - rgb[i]!)).toBeLessThanOrEqual(1);
  });

  it.each<[ColourFacts['matrix'], number, number]>([
    ['bt601', 0.299, 0.114],
    ['bt709', 0.2126, 0.0722],
    ['bt2020', 0.2627, 0.0593],
    ['smpte240m', 0.212, 0.087],
    ['fcc', 0.3, 0.11],
  ])('%s follows its luma weights within 3 of 255, as three products are cut down', (matrix, kr, kb) => {
    for (let y = 20; y < 230; y += 30)
      for (let u = 40; u < 230; u += 40)
        for (let v = 40; v < 230; v += 40) {
          const [l, b, r] = [(y - 16) / 219, (u - 128) / 224, (v - 128) / 224];
          const red = l + 2 * (1 - kr) * r;
          const blue = l + 2 * (1 - kb) * b;
          const green = (l - kr * red - kb * blue) / (1 - kr - kb);
          const actual = rgbOf(pixels(onePixel(y, u, v), { matrix, range: 'limited' }));
          for (const [i, exact] of [red, green, blue].entries())
            expect(Math.abs(actual[i]! - 255 * Math.min(1, Math.max(0, exact)))).toBeLessThanOrEqual(3);
        }
  });

  it('reads NV12 as it reads I420', () => {
    const planar = noise(6, 4);
    const samples = new Uint8Array(planar.samples);
    for (let i = 0; i < 6; i++) {
      samples[24 + 2 * i] = planar.samples[24 + i]!;
      samples[24 + 2 * i + 1] = planar.samples[30 + i]!;
    }
    const u = { offset: 24, stride: 6, step: 2 as const };
    const semi: Planes = { ...planar, samples, u, v: { ...u, offset: 25 } };
    expect(rgbOf(pixels(semi))).toEqual(rgbOf(pixels(planar)));
  });

  it.each<[string, Partial<Planes>]>([
    ['4:2:0', {}],
    ['4:2:2', { shiftY: 0, u: { offset: 0, stride: 40, step: 1 }, v: { offset: 7, stride: 40, step: 1 } }],
    ['10 bits', { bitDepth: 10, samples: Uint16Array.from(noise(75, 61).samples, (value) => value * 4 + 3) }],
  ])('writes the same pixels in pairs (RGBA) as one by one (RGB): %s', (_name, change) => {
    const planes: Planes = { ...noise(75, 61), ...change };
    const tables = colourTables(limited, planes.bitDepth);
    const one = new Uint8ClampedArray(75 * 61 * 3);
    const region = { x: 0, y: 0, width: 75, height: 61, step: 1 };
    writeRgb(planes, tables, 0, region, { bytes: one, offset: 0, stride: 75 * 3, channels: 3 });
    expect(rgbOf(new FramePixels(planes, tables, 0))).toEqual(one);
  });

  it('turns clockwise: the left column becomes the top row, from the bottom up', () => {
    const planes = noise(5, 3);
    const upright = rgbOf(pixels(planes));
    const at = (x: number, y: number) => [...upright.subarray((y * 5 + x) * 3, (y * 5 + x) * 3 + 3)];
    const turned = pixels(planes, limited, 90);
    expect([turned.width, turned.height]).toEqual([3, 5]);
    expect([...rgbOf(turned).subarray(0, 9)]).toEqual([...at(0, 2), ...at(0, 1), ...at(0, 0)]);
    expect([...rgbOf(pixels(planes, limited, 180)).subarray(0, 3)]).toEqual(at(4, 2));
    expect([...rgbOf(pixels(planes, limited, 270)).subarray(0, 3)]).toEqual(at(4, 0));
  });

  it.each<Rotation>([0, 90, 180, 270])('mirrors the turned picture (%d°)', (rotation) => {
    const planes = noise(6, 4);
    const table = colourTables(limited, 8);
    const frame = new FramePixels(planes, table, rotation).image();
    const mirrored = new FramePixels(planes, table, rotation, true).image();
    expect([mirrored.width, mirrored.height]).toEqual([frame.width, frame.height]);
    const row = (image: FrameImage, y: number) =>
      Array.from({ length: image.width }, (_, x) => {
        const at = (y * image.width + x) * 4;
        return [...image.rgba.subarray(at, at + 4)];
      });
    for (let y = 0; y < frame.height; y++) expect(row(mirrored, y)).toEqual(row(frame, y).reverse());
  });

  it('writes RGBA with an opaque fourth byte', () => {
    const { rgba, width, height } = pixels(noise(5, 3)).image();
    expect([width, height, rgba.length, rgba[3], rgba[59]]).toEqual([5, 3, 60, 255, 255]);
  });
});

describe('FramePixels.input', () => {
  it.each<Rotation>([0, 90, 180, 270])('cuts fragments out of the turned frame (%d°)', (rotation) => {
    const frame = pixels(noise(75, 61), limited, rotation);
    const whole = rgbOf(frame);
    const size = 56;
    const cut = frame.input({ pixels: 'fragments', cell: 28 }, size);
    const edge = (i: number, length: number) => 2 * Math.floor((((2 * i + 1) * length) / 4 - 14) / 2);
    for (const [x, y] of [
      [0, 0],
      [27, 27],
      [28, 5],
      [55, 55],
    ] as const) {
      const [sx, sy] = [
        edge(x < 28 ? 0 : 1, frame.width) + (x % 28),
        edge(y < 28 ? 0 : 1, frame.height) + (y % 28),
      ];
      const at = (sy * frame.width + sx) * 3;
      expect([...cut.subarray((y * size + x) * 3, (y * size + x) * 3 + 3)]).toEqual([
        ...whole.subarray(at, at + 3),
      ]);
    }
  });

  it('scales a frame up first when a side is too short', () => {
    const frame = pixels(noise(80, 40));
    const cut = frame.input({ pixels: 'fragments', cell: 28 }, 56);
    const scaled = resizeRgb(rgbOf(frame), 80, 40, 112, 56);
    expect([...cut.subarray(0, 3)]).toEqual([...scaled.subarray(14 * 3, 14 * 3 + 3)]);
  });

  it('squashes the whole frame', () => {
    const frame = pixels(noise(80, 40));
    expect(frame.input({ pixels: 'squash' }, 28)).toEqual(resizeRgb(rgbOf(frame), 80, 40, 28, 28));
  });
});

describe('FramePixels.thumbnail', () => {
  it('keeps the shown aspect and never scales up', () => {
    const { width, height } = pixels(noise(320, 180), limited, 90).thumbnail(90);
    expect([width, height]).toEqual([51, 90]);
    expect(pixels(noise(32, 18)).thumbnail(90).height).toBe(18);
  });
});

describe('colourFacts', () => {
  it('takes the bitstream before the container before BT.601', () => {
    expect(colourFacts({ matrix: 1, fullRange: true }, { matrix: 9, fullRange: false })).toEqual({
      matrix: 'bt709',
      range: 'full',
      source: 'bitstream',
      transfer: 'sdr',
    });
    expect(colourFacts({ matrix: 2 }, { matrix: 9, transfer: 16 })).toEqual({
      matrix: 'bt2020',
      range: 'limited',
      source: 'container',
      transfer: 'pq',
    });
    expect(colourFacts({}, {})).toEqual({
      matrix: 'bt601',
      range: 'limited',
      source: 'none',
      transfer: 'sdr',
    });
  });

  it('decodes HLG and PQ without a matrix tag as BT.2020', () => {
    expect(colourFacts({ transfer: 18 }, {})).toMatchObject({
      matrix: 'bt2020',
      source: 'none',
      transfer: 'hlg',
    });
  });
});
