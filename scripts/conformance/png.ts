/** Reads 8-bit PNG files without interlacing, which is what the golden images are. */
import { inflateSync } from 'node:zlib';

interface PngImage {
  readonly width: number;
  readonly height: number;
  /** RGB, row-major; alpha is dropped. */
  readonly data: Uint8Array;
}

const SIGNATURE = '89504e470d0a1a0a';
/** Channels by colour type: grey, RGB, grey with alpha, RGBA. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** @throws Error that says what the file is instead */
export function readPng(file: Buffer): PngImage {
  if (file.subarray(0, 8).toString('hex') !== SIGNATURE) throw new Error('not a PNG file');
  let [width, height, channels] = [0, 0, 0];
  const packed: Buffer[] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const body = file.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') {
      [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
      const [depth, colour, , , interlace] = body.subarray(8);
      channels = CHANNELS[colour!] ?? 0;
      if (depth !== 8 || channels === 0 || interlace !== 0)
        throw new Error(`PNG of depth ${depth}, colour type ${colour}, interlace ${interlace}`);
    } else if (type === 'IDAT') packed.push(body);
    at += length + 12;
  }
  const raw = inflateSync(Buffer.concat(packed));
  const stride = width * channels;
  const rows = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)]!;
    for (let x = 0; x < stride; x++) {
      const here = y * stride + x;
      const left = x >= channels ? rows[here - channels]! : 0;
      const up = y > 0 ? rows[here - stride]! : 0;
      const corner = y > 0 && x >= channels ? rows[here - stride - channels]! : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      if (guess === undefined) throw new Error(`PNG filter ${filter}`);
      rows[here] = raw[y * (stride + 1) + 1 + x]! + guess;
    }
  }
  return { width, height, data: toRgb(rows, channels) };
}

function toRgb(rows: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return rows;
  const pixels = rows.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++)
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = rows[i * channels + (channels === 4 ? c : 0)]!;
  return rgb;
}
