import { describe, expect, it, vi } from 'vitest';
import { FramePixels } from './pixels.ts';
import { PlaneReader } from './planes.ts';
import { colourTables } from './yuv.ts';

/** The part of `VideoFrame` that `PlaneReader` uses; Node has none. Rows are 16 bytes longer than the picture, as decoders like them. */
function frame(format: string, width: number, height: number, planes: readonly (readonly number[])[]) {
  const chroma = format.startsWith('NV12') ? 2 : 1;
  const wide = /P1[02]$/.test(format) ? 2 : 1;
  const rows = planes.map((_, i) => (i === 0 ? height : (height + 1) >> 1));
  const samples = planes.map((_, i) => (i === 0 ? width : ((width + 1) >> 1) * chroma));
  const layout: PlaneLayout[] = [];
  let bytes = 0;
  for (const [i, count] of samples.entries()) {
    layout.push({ offset: bytes, stride: count * wide + 16 });
    bytes += layout[i]!.stride * rows[i]!;
  }
  return {
    format,
    visibleRect: { width, height },
    allocationSize: () => bytes,
    async copyTo(to: Uint8Array) {
      const view = new DataView(to.buffer, to.byteOffset, to.byteLength);
      for (const [i, plane] of planes.entries())
        for (const [k, value] of plane.entries()) {
          const row = Math.floor(k / samples[i]!);
          const at = layout[i]!.offset + row * layout[i]!.stride + (k % samples[i]!) * wide;
          if (wide === 2) view.setUint16(at, value, true);
          else view.setUint8(at, value);
        }
      return layout;
    },
  } as unknown as VideoFrame;
}

const luma = [16, 60, 120, 235, 30, 90, 150, 200, 40, 41];
const u = [100, 140, 180];
const v = [90, 128, 200];
const i420 = frame('I420', 5, 2, [luma, u, v]);
const nv12 = frame('NV12', 5, 2, [luma, u.flatMap((value, i) => [value, v[i]!])]);

async function rgba(of: VideoFrame): Promise<number[]> {
  const planes = await new PlaneReader().read(of);
  const tables = colourTables({ matrix: 'bt709', range: 'limited' }, planes.bitDepth);
  return [...new FramePixels(planes, tables, 0).image().rgba];
}

describe('PlaneReader', () => {
  it('finds U and V one behind the other in NV12', async () => {
    const planes = await new PlaneReader().read(nv12);
    expect(planes.u).toEqual({ offset: 42, stride: 22, step: 2 });
    expect(planes.v).toEqual({ offset: 43, stride: 22, step: 2 });
  });

  it('gives the same picture of NV12 as of I420, rows longer than the picture and an odd width', async () => {
    const rgb = await rgba(nv12);
    expect(rgb).toEqual(await rgba(i420));
    expect(rgb.slice(0, 3)).not.toEqual(rgb.slice(12, 15));
  });

  it('reads two bytes a sample above 8 bits', async () => {
    const deep = frame(
      'I420P10',
      5,
      2,
      [luma, u, v].map((plane) => plane.map((value) => value * 4)),
    );
    const [a, b] = [await rgba(deep), await rgba(i420)];
    for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThanOrEqual(3);
  });

  it('draws a frame whose planes the browser does not copy', async () => {
    const drawImage = vi.fn();
    const getImageData = () => ({ data: new Uint8ClampedArray(4 * 5 * 2).fill(77) });
    class Canvas {
      width = 5;
      height = 2;
      getContext = () => ({ canvas: this, drawImage, getImageData });
    }
    vi.stubGlobal('OffscreenCanvas', Canvas);
    const refused = { ...i420, copyTo: () => Promise.reject(new TypeError('Unable to copy data')) };
    const planes = await new PlaneReader().read(refused as unknown as VideoFrame);
    expect(planes).toMatchObject({ width: 5, height: 2, fromRgb: true });
    expect(drawImage).toHaveBeenCalledWith(refused, 0, 0, 5, 2);
    vi.unstubAllGlobals();
  });

  it('uses memory again once it is given back', async () => {
    const reader = new PlaneReader();
    const first = await reader.read(i420);
    const second = await reader.read(i420);
    expect(second.samples.buffer).not.toBe(first.samples.buffer);
    reader.release(first);
    expect((await reader.read(i420)).samples.buffer).toBe(first.samples.buffer);
  });
});
