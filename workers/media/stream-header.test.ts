import { describe, expect, it } from 'vitest';
import { parseAv1Header } from './av1.ts';
import { parseH264Sps } from './h264.ts';
import { parseHevcSps } from './hevc.ts';
import { annexBUnits, findSps, isDisposable, prefixedUnits, rawPayload } from './nal.ts';
import { parseVp8Header } from './vp8.ts';
import { parseVp9Header } from './vp9.ts';

/** Bits written as in the specifications: `u(8)=100`, `ue=3`, `se=-1`, `1`. */
function bits(...fields: (string | number)[]): Uint8Array {
  let text = '';
  for (const field of fields) {
    const [, kind, width, value] = /^(u|ue|se)(?:\((\d+)\))?=(-?\d+)$/.exec(String(field)) ?? [];
    if (kind === undefined) text += String(field);
    else if (kind === 'u') text += Number(value).toString(2).padStart(Number(width), '0');
    else {
      const n = Number(value);
      const code = (kind === 'se' ? (n > 0 ? 2 * n - 1 : -2 * n) : n) + 1;
      const binary = code.toString(2);
      text += '0'.repeat(binary.length - 1) + binary;
    }
  }
  text = `${text}1`.padEnd(Math.ceil((text.length + 1) / 8) * 8, '0');
  return Uint8Array.from(text.match(/.{8}/g)!, (byte) => Number.parseInt(byte, 2));
}

const vui = [
  '1',
  '1',
  'u(8)=255',
  'u(16)=4',
  'u(16)=3',
  '1',
  '0',
  '1',
  'u(3)=5',
  '1',
  '1',
  'u(8)=9',
  'u(8)=16',
  'u(8)=9',
];

describe('parseH264Sps', () => {
  const start = ['u(8)=103', 'u(8)=66', 'u(8)=0', 'u(8)=30', 'ue=0'];
  const fields = ['ue=4', '0', 'ue=19', 'ue=10', '1', '1', '0'];
  it('knows nothing of colour without a VUI', () => {
    expect(parseH264Sps(bits(...start, 'ue=0', 'ue=2', ...fields, '0'))).toEqual({
      bitDepth: 8,
      chroma: '4:2:0',
      size: { width: 320, height: 176 },
    });
  });
  it('reads 4:2:2, 10 bits, scaling lists, picture order type 1 and the whole VUI', () => {
    const high = ['u(8)=103', 'u(8)=122', 'u(8)=0', 'u(8)=40', 'ue=0', 'ue=2', 'ue=2', 'ue=2', '0', '1'];
    const lists = ['1', 'se=-8', '0', '0', '0', '0', '0', '1', ...Array(64).fill('se=1'), '0'];
    const order = ['ue=0', 'ue=1', '0', 'se=-1', 'se=2', 'ue=2', 'se=3', 'se=4'];
    const size = ['ue=4', '0', 'ue=19', 'ue=10', '0', '1', '1', '1', 'ue=0', 'ue=1', 'ue=0', 'ue=2'];
    expect(parseH264Sps(bits(...high, ...lists, ...order, ...size, ...vui))).toEqual({
      bitDepth: 10,
      chroma: '4:2:2',
      fullRange: true,
      transfer: 16,
      matrix: 9,
      // Both fields of eleven rows of macroblocks, two samples cropped on the right, two of each field below.
      size: { width: 318, height: 348 },
      pixelShape: { width: 4, height: 3 },
    });
  });
  it('states no size that cannot be', () => {
    const none = ['ue=4', '0', 'ue=0', 'ue=0', '1', '1', '1', 'ue=4', 'ue=4', 'ue=0', 'ue=0'];
    expect(parseH264Sps(bits(...start, 'ue=0', 'ue=2', ...none, '0')).size).toBeUndefined();
  });
  it('throws on an SPS that ends early', () => {
    expect(() => parseH264Sps(bits(...start))).toThrow(RangeError);
  });
});

describe('parseHevcSps', () => {
  it('steps over sub-layers, scaling lists, PCM and reference sets to the VUI', () => {
    const profile = ['u(32)=0', 'u(32)=0', 'u(32)=0']; // 88 bits and the level
    const subLayer = ['1', '1', 'u(14)=0', 'u(32)=0', 'u(32)=0', 'u(24)=0', 'u(8)=30'];
    const head = ['u(16)=16897', 'u(4)=0', 'u(3)=1', '1', ...profile, ...subLayer];
    const size = [
      'ue=0',
      'ue=1',
      'ue=1920',
      'ue=1080',
      '1',
      'ue=0',
      'ue=0',
      'ue=0',
      'ue=4',
      'ue=2',
      'ue=2',
      'ue=4',
    ];
    const layers = ['0', 'ue=4', 'ue=2', 'ue=0', ...Array(6).fill('ue=1')];
    const tools = ['1', '0', '1', '1', '1', 'u(8)=0', 'ue=0', 'ue=0', '0'];
    // One set written out (two pictures), one predicted from it (three flags, the middle one unused).
    const sets = ['ue=2', 'ue=1', 'ue=1', 'ue=0', '1', 'ue=0', '1', '1', '0', 'ue=0', '1', '0', '1', '1'];
    const rest = ['1', 'ue=1', 'u(8)=5', '0', '1', '1'];
    expect(parseHevcSps(bits(...head, ...size, ...layers, ...tools, ...sets, ...rest, ...vui))).toEqual({
      bitDepth: 10,
      chroma: '4:2:0',
      fullRange: true,
      transfer: 16,
      matrix: 9,
      size: { width: 1920, height: 1072 },
      pixelShape: { width: 4, height: 3 },
    });
  });
});

describe('parseVp9Header', () => {
  const key = (profile: string, ...rest: string[]) =>
    bits('10', profile, '0', '0', '1', '0', 'u(24)=4817730', ...rest, 'u(16)=159', 'u(16)=89');
  it('reads profile 0', () => {
    expect(parseVp9Header(key('00', 'u(3)=2', '0'))).toEqual({
      bitDepth: 8,
      chroma: '4:2:0',
      matrix: 1,
      fullRange: false,
      size: { width: 160, height: 90 },
    });
  });
  it('reads profile 1 with 4:2:2', () => {
    expect(parseVp9Header(key('10', 'u(3)=5', '1', '1', '0', '0'))).toMatchObject({
      chroma: '4:2:2',
      matrix: 9,
      fullRange: true,
      size: { width: 160, height: 90 },
    });
  });
  it('reads 10 and 12 bits of profile 2', () => {
    expect(parseVp9Header(key('01', '0', 'u(3)=5', '0'))).toMatchObject({ bitDepth: 10 });
    expect(parseVp9Header(key('01', '1', 'u(3)=5', '0'))).toMatchObject({ bitDepth: 12 });
  });
  it('says nothing of an inter frame and refuses what is no VP9', () => {
    expect(parseVp9Header(bits('10', '00', '0', '1', '1', '0'))).toBeNull();
    expect(() => parseVp9Header(Uint8Array.of(0, 0, 0, 0))).toThrow(RangeError);
  });
});

describe('parseVp8Header', () => {
  it('reads the size of a key frame, without the bits that scale it', () => {
    const key = Uint8Array.of(0x10, 0, 0, 0x9d, 1, 0x2a, 160, 0x40, 90, 0);
    expect(parseVp8Header(key)).toEqual({ bitDepth: 8, chroma: '4:2:0', size: { width: 160, height: 90 } });
  });
  it('says nothing of an inter frame, and of what is no VP8', () => {
    expect(parseVp8Header(Uint8Array.of(0x11, 0, 0, 0x9d, 1, 0x2a, 160, 0, 90, 0))).toBeNull();
    expect(parseVp8Header(new Uint8Array(10))).toBeNull();
  });
});

describe('parseAv1Header', () => {
  /** Temporal delimiter, then a sequence header with timing, decoder model and order hints. */
  const obu = (payload: Uint8Array) => Uint8Array.of(0x12, 0, 0x0a, payload.length, ...payload);
  const timing = ['1', 'u(32)=1', 'u(32)=30', '1', 'ue=0', '1', 'u(5)=9', 'u(32)=1', 'u(5)=9', 'u(5)=9'];
  const points = ['1', 'u(5)=0', 'u(12)=0', 'u(5)=8', '0', '1', 'u(10)=5', 'u(10)=6', '0', '1', 'u(4)=9'];
  const size = ['u(4)=10', 'u(4)=10', 'u(11)=1919', 'u(11)=1079', '1', 'u(4)=2', 'u(3)=1'];
  const tools = ['1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', 'u(3)=6', '0', '1', '1'];
  it('finds HLG, BT.2020 and 10 bits behind everything optional', () => {
    const colour = ['1', '0', '1', 'u(8)=9', 'u(8)=18', 'u(8)=9', '0'];
    const header = bits('u(3)=0', '0', '0', ...timing, ...points, ...size, ...tools, ...colour);
    expect(parseAv1Header(obu(header))).toEqual({
      bitDepth: 10,
      chroma: '4:2:0',
      matrix: 9,
      transfer: 18,
      fullRange: false,
      size: { width: 1920, height: 1080 },
    });
  });
  it('reads the reduced header of a still picture and 12-bit 4:2:2', () => {
    const header = bits(
      'u(3)=2',
      '1',
      '1',
      'u(5)=4',
      'u(4)=0',
      'u(4)=0',
      '1',
      '1',
      '111',
      '000',
      '1',
      '1',
      '0',
      '0',
      '1',
      '1',
      '0',
    );
    expect(parseAv1Header(obu(header))).toMatchObject({ bitDepth: 12, chroma: '4:2:2', fullRange: true });
  });
  it('is null without a sequence header', () => {
    expect(parseAv1Header(Uint8Array.of(0x12, 0))).toBeNull();
  });
});

describe('NAL units', () => {
  it('splits both forms alike', () => {
    const units = [Uint8Array.of(0x67, 1, 2), Uint8Array.of(0x65, 9)];
    const annexB = Uint8Array.of(0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x65, 9);
    const prefixed = Uint8Array.of(0, 3, 0x67, 1, 2, 0, 2, 0x65, 9);
    expect([...prefixedUnits(prefixed, 2)]).toEqual(units);
    expect([...annexBUnits(annexB)]).toEqual(units);
    expect(findSps('avc', annexBUnits(annexB))).toEqual(units[0]);
  });
  it('stops at a length that cannot be', () => {
    expect([...prefixedUnits(Uint8Array.of(0, 0, 0, 9, 0x65), 4)]).toEqual([]);
  });
  it.each<[string, number[], boolean]>([
    ['a slice that nothing refers to', [0x01], true],
    ['two of them behind a delimiter and a remark', [0x09, 0x06, 0x01, 0x01], true],
    ['a reference slice', [0x41], false],
    ['a field that is referred to beside one that is not', [0x01, 0x21], false],
    ['an IDR picture', [0x65], false],
    ['a parameter set before the slice', [0x68, 0x01], false],
    ['slice data in partitions', [0x02], false],
    ['no slice at all', [0x09, 0x06], false],
  ])('says whether a packet may be left out: %s', (_name, heads, disposable) => {
    expect(isDisposable(heads.map((head) => Uint8Array.of(head, 1)))).toBe(disposable);
  });
  it('takes emulation prevention out', () => {
    expect([...rawPayload(Uint8Array.of(1, 0, 0, 3, 1, 0, 0, 3))]).toEqual([1, 0, 0, 1, 0, 0]);
  });
});
