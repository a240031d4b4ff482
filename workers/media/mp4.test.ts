/** Odd and broken MP4 and MOV files, built here box by box: the packet index or the named error of each. */
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { demux } from './demux.ts';
import { makeBox, viewOf } from './mp4-boxes.ts';
import { Video } from './video.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const latin = (text: string): Bytes => Uint8Array.from(text, (c) => c.charCodeAt(0));
const u8 = (...values: number[]): Bytes => Uint8Array.from(values);
const u32 = (...values: number[]): Bytes => {
  const out = new Uint8Array(values.length * 4);
  for (const [i, value] of values.entries()) viewOf(out).setUint32(i * 4, value >>> 0);
  return out;
};
const u16 = (...values: number[]): Bytes => u8(...values.flatMap((value) => [value >> 8, value & 255]));
const join = (...parts: Uint8Array[]): Bytes => makeBox('join', ...parts).slice(8);

/** 320 × 176, Baseline. */
const SPS = u8(0x67, 66, 0, 30, 0xda, 0x05, 0x05, 0xc8);
const PPS = u8(0x68, 0xce, 0x3c, 0x80);
const AVCC = join(u8(1, 66, 0, 30, 0xff, 0xe1), u16(SPS.length), SPS, u8(1), u16(PPS.length), PPS);

interface Parts {
  /** Sizes of the samples, which are zeros unless `data` is given. */
  readonly sizes: readonly number[];
  readonly data?: Bytes;
  /** Replaces boxes of `stbl`, by type. */
  readonly tables?: Readonly<Record<string, Bytes | null>>;
  readonly entryBoxes?: readonly Bytes[];
  readonly entryType?: string;
  readonly edits?: Bytes;
  readonly dref?: Bytes;
  /** Boxes of the movie behind its track. */
  readonly more?: readonly Bytes[];
  readonly matrix?: readonly number[];
  readonly mediaDuration?: number;
  readonly timescale?: number;
  readonly handler?: string;
  /** Size of the sample entry. */
  readonly size?: readonly [number, number];
}

const IDENTITY = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];
const selfContained = makeBox('url ', u32(1));

function trackOf(parts: Parts, offset: number): Bytes {
  const { sizes, tables = {}, entryBoxes = [makeBox('avcC', AVCC)], edits, dref = selfContained } = parts;
  const entry = makeBox(
    parts.entryType ?? 'avc1',
    join(
      new Uint8Array(6),
      u16(1),
      new Uint8Array(16),
      u16(...(parts.size ?? [320, 176])),
      new Uint8Array(50),
    ),
    ...entryBoxes,
  );
  const standard: Record<string, Bytes | null> = {
    stsd: makeBox('stsd', u32(0, 1), entry),
    stts: makeBox('stts', u32(0, 1, sizes.length, 512)),
    stsc: makeBox('stsc', u32(0, 1, 1, sizes.length, 1)),
    stsz: makeBox('stsz', u32(0, 0, sizes.length, ...sizes)),
    stco: makeBox('stco', u32(0, 1, offset)),
    ...tables,
  };
  const stbl = makeBox('stbl', ...Object.values(standard).filter((box) => box !== null));
  const minf = makeBox(
    'minf',
    makeBox('vmhd', u32(1, 0, 0)),
    makeBox('dinf', makeBox('dref', u32(0, 1), dref)),
    stbl,
  );
  const mdhd = makeBox(
    'mdhd',
    u32(0, 0, 0, parts.timescale ?? 12800, parts.mediaDuration ?? sizes.length * 512, 0),
  );
  const hdlr = makeBox('hdlr', u32(0, 0), latin(parts.handler ?? 'vide'), u32(0, 0, 0), u8(0));
  const matrix = u32(...(parts.matrix ?? IDENTITY));
  const tkhd = makeBox('tkhd', u32(3, 0, 0, 1, 0, 0, 0, 0, 0, 0), matrix, u32(320 << 16, 176 << 16));
  return makeBox('trak', tkhd, ...(edits ? [makeBox('edts', edits)] : []), makeBox('mdia', mdhd, hdlr, minf));
}

const mvhd = makeBox(
  'mvhd',
  u32(0, 0, 0, 1000, 1000, 0x10000),
  new Uint8Array(12),
  u32(...IDENTITY),
  new Uint8Array(28),
);
const ftyp = makeBox('ftyp', latin('isom\0\0\0\0'));

/** `ftyp`, `mdat`, `moov`; the media begins at byte 24. */
function movie(parts: Parts): Bytes {
  const data = parts.data ?? new Uint8Array(parts.sizes.reduce((sum, size) => sum + size, 0));
  return join(ftyp, makeBox('mdat', data), makeBox('moov', mvhd, trackOf(parts, 24), ...(parts.more ?? [])));
}

const fileOf = (bytes: Bytes) => new File([bytes], 'x.mp4');
const open = (bytes: Bytes) => Video.open(fileOf(bytes));
const fault = (bytes: Bytes): Promise<CodedError> =>
  demux(fileOf(bytes)).then(
    () => expect.fail('was read'),
    (error: unknown) => (error instanceof CodedError ? error : expect.fail(String(error))),
  );
const ten = Array.from({ length: 10 }, (_, i) => 20 + i);

describe('sizes of samples', () => {
  it.each([
    [16, [300, 20, 1000], u16(300, 20, 1000)],
    [8, [200, 20, 255], u8(200, 20, 255)],
    [4, [15, 1, 7], u8(0xf1, 0x70)],
  ])('are read from a compact table of %i bits', async (bits, sizes, fields) => {
    const stz2 = makeBox('stz2', u32(0, bits, sizes.length), fields);
    const { packets } = await demux(fileOf(movie({ sizes, tables: { stsz: null, stz2 } })));
    expect([...packets.size]).toEqual(sizes);
    expect([...packets.offset]).toEqual([24, 24 + sizes[0]!, 24 + sizes[0]! + sizes[1]!]);
  });

  it.each([
    ['stsz', { stsz: makeBox('stsz', u32(0, 1, 16_000_000)) }],
    ['stsz of eight million', { stsz: makeBox('stsz', u32(0, 1, 8_000_000)) }],
  ])('that promise millions of frames are refused at once: %s', async (_what, tables) => {
    const begun = performance.now();
    const { code, params } = await fault(movie({ sizes: ten, tables }));
    expect([code, params.bytes]).toEqual(['media/index', expect.any(Number)]);
    expect(performance.now() - begun).toBeLessThan(300);
  });

  it.each([
    ['stts', { stts: makeBox('stts', u32(0, 1, 0xffff_ffff, 512)) }],
    ['ctts', { ctts: makeBox('ctts', u32(0, 1, 0xffff_ffff, 0)) }],
    ['stsc', { stsc: makeBox('stsc', u32(0, 1, 1, 0xffff_ffff, 1)) }],
    ['stts, count of entries', { stts: makeBox('stts', u32(0, 0xffff_ffff, 10, 512)) }],
    ['ctts, count of entries', { ctts: makeBox('ctts', u32(0, 0xffff_ffff, 10, 0)) }],
    ['stss, count of entries', { stss: makeBox('stss', u32(0, 0xffff_ffff, 1)) }],
    ['stco, count of entries', { stco: makeBox('stco', u32(0, 0xffff_ffff, 24)) }],
    ['stsz, count of entries', { stsz: makeBox('stsz', u32(0, 0, 0xffff_ffff, ...ten)) }],
  ])('are bounded by what is there: %s', async (_what, tables) => {
    const begun = performance.now();
    const { packets } = await demux(fileOf(movie({ sizes: ten, tables })));
    expect([...packets.size]).toEqual(ten);
    expect(performance.now() - begun).toBeLessThan(300);
  });
});

describe('boxes that contradict themselves', () => {
  const elst = (count: number) => makeBox('elst', u32(0, count, 1000, 0, 0x10000));
  it.each([
    ['an edit list with more edits than fit', 'elst', { edits: elst(0xbd) }],
    ['an edit list without a count', 'elst', { edits: makeBox('elst', u32(0)) }],
    [
      'a colour box that ends early',
      'colr',
      { entryBoxes: [makeBox('avcC', AVCC), makeBox('colr', latin('nclx'))] },
    ],
    ['a time table that is cut off', 'stts', { tables: { stts: makeBox('stts', u32(0, 2, 10, 512)) } }],
  ])('are left out and named: %s', async (_what, boxes, parts) => {
    const { facts } = await open(movie({ sizes: ten, ...parts }));
    expect(facts).toMatchObject({ frames: 10, notices: [{ code: 'faulty-boxes', params: { boxes } }] });
  });

  it.each([
    ['metadata', makeBox('udta', u32(0xffff_ffff), latin('meta'), u32(0xffff_ffff, 0, 7))],
    ['a meta box without version', makeBox('meta', latin('hdlrmdta'))],
    ['a box without end', join(u32(0xffff_ffff), latin('junk'))],
  ])('are nobody’s business where they are not needed: %s', async (_what, box) => {
    expect((await open(movie({ sizes: ten, more: [box] }))).facts).toMatchObject({ frames: 10, notices: [] });
  });

  describe('a decoder configuration with start codes', () => {
    const code = u8(0, 0, 0, 1);
    const entryBoxes = [makeBox('avcC', join(code, SPS, code, PPS))];
    const slice = u8(0x65, 1, 2, 3);

    it('gives packets with start codes their parameter sets', async () => {
      const packet = join(code, slice);
      const data = join(packet, packet);
      const stss = makeBox('stss', u32(0, 1, 1));
      const video = await open(movie({ sizes: [8, 8], data, entryBoxes, tables: { stss } }));
      expect(video.index).toMatchObject({ codec: 'avc1.42001e', description: undefined });
      expect(await video.index.read(0)).toEqual(join(code, SPS, code, PPS, packet));
      expect(await video.index.readRun(0, 2)).toEqual([join(code, SPS, code, PPS, packet), packet]);
      expect(video.facts).toMatchObject({
        width: 320,
        height: 176,
        notices: [{ params: { boxes: 'avcC' } }],
      });
    });

    it('becomes one with lengths for packets with lengths', async () => {
      const packet = join(u32(slice.length), slice);
      const video = await open(movie({ sizes: [8, 8], data: join(packet, packet), entryBoxes }));
      expect(video.index).toMatchObject({ codec: 'avc1.42001e', description: AVCC });
      expect(await video.index.read(1)).toEqual(packet);
    });
  });
});

describe('the size', () => {
  it.each([
    ['nothing', [0, 0], [320, 176]],
    ['another size', [176, 320], [320, 176]],
    ['more than the stream has', [336, 192], [320, 176]],
    ['a crop of less than a macroblock, as cameras state it', [310, 170], [310, 170]],
    ['a crop of a macroblock or more', [300, 176], [320, 176]],
  ] as const)('is the stream’s where the container states %s', async (_what, size, [width, height]) => {
    const video = await open(movie({ sizes: ten, size }));
    expect(video.facts).toMatchObject({ width, height });
    expect(video.config(false)).toMatchObject({ codedWidth: width, codedHeight: height });
  });
});

describe('the display matrix', () => {
  const linear = (a: number, b: number, c: number, d: number) =>
    [a, b, 0, c, d, 0].map((value, i) => (i % 3 === 2 ? 0 : value * 0x10000)).concat(0, 0, 0x40000000);
  it.each([
    ['upright', linear(1, 0, 0, 1), 0, false],
    ['a quarter turn', linear(0, 1, -1, 0), 90, false],
    ['half a turn', linear(-1, 0, 0, -1), 180, false],
    ['left and right', linear(-1, 0, 0, 1), 0, true],
    ['top and bottom', linear(1, 0, 0, -1), 180, true],
    ['a selfie held upright', linear(0, 1, 1, 0), 90, true],
    ['nothing at all', linear(0, 0, 0, 0), 0, false],
  ])('turns and mirrors: %s', async (_what, matrix, rotation, mirrored) => {
    expect(await demux(fileOf(movie({ sizes: ten, matrix })))).toMatchObject({ rotation, mirrored });
  });
});

describe('times', () => {
  const still = (ctts: Bytes | null) => ({ stts: makeBox('stts', u32(0, 1, 10, 0)), ctts });
  it('are unknown where no sample lasts: the stored order, over the stated length', async () => {
    const { facts, times, order } = await open(movie({ sizes: ten, tables: still(null) }));
    expect([...order.at]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([facts.fps, facts.duration, times[9]]).toEqual([25, 0.4, expect.closeTo(0.36)]);
    expect(facts.notices).toEqual([{ code: 'times-unknown', params: { seconds: 0.4 } }]);
  });

  it('keep the presentation order that the shifts give', async () => {
    const shown = [0, 4, 2, 1, 3, 5, 9, 7, 6, 8];
    const ctts = makeBox('ctts', u32(0, 10, ...shown.flatMap((frame, i) => [1, 512 * (frame - i + 2)])));
    const { order, facts } = await open(movie({ sizes: ten, tables: still(ctts) }));
    expect([...order.frame]).toEqual(shown);
    expect(facts.fps).toBe(25);
  });

  it('take the timescale of the movie where the track has none', async () => {
    const stts = makeBox('stts', u32(0, 1, 10, 40));
    const { facts } = await open(movie({ sizes: ten, timescale: 0, mediaDuration: 400, tables: { stts } }));
    expect([facts.fps, facts.duration]).toEqual([expect.closeTo(25), expect.closeTo(0.4)]);
  });

  it('end with the last sample’s own duration', async () => {
    const stts = makeBox('stts', u32(0, 2, 9, 512, 1, 5120));
    const { facts } = await open(movie({ sizes: ten, tables: { stts } }));
    expect(facts.duration).toBeCloseTo((9 * 512 + 5120) / 12800);
  });
});

describe('files without pictures of their own', () => {
  it('with sound only', async () => {
    const { code, params } = await fault(movie({ sizes: ten, handler: 'soun' }));
    expect([code, params]).toEqual(['media/no-video', { sound: 1, subtitles: 0 }]);
  });
  it('with subtitles only', async () => {
    expect((await fault(movie({ sizes: ten, handler: 'sbtl' }))).params).toEqual({ sound: 0, subtitles: 1 });
  });
  it.each([
    ['a URL', makeBox('url ', u32(0), latin('file:///Volumes/Camera/clip%202.mp4\0')), 'clip 2.mp4'],
    [
      'an alias',
      makeBox('alis', u32(0), new Uint8Array(50), u8(8), latin('clip.mov'), new Uint8Array(20)),
      'clip.mov',
    ],
  ])('that refer to another file by %s', async (_what, dref, name) => {
    const { code, params } = await fault(movie({ sizes: ten, dref }));
    expect([code, params]).toEqual(['media/external', { name }]);
  });
  it('that have an empty reference are read', async () => {
    expect((await open(movie({ sizes: ten, dref: makeBox('url ', u32(0)) }))).facts.frames).toBe(10);
  });
  it('that stand for a movie elsewhere', async () => {
    const rdrf = makeBox('rdrf', u32(0), latin('url '), u32(21), latin('http://x/trailer.mov\0'));
    const moov = makeBox('moov', makeBox('rmra', makeBox('rmda', rdrf)));
    expect(await fault(join(ftyp, moov))).toMatchObject({
      code: 'media/external',
      params: { name: 'trailer.mov' },
    });
  });
  it('that are a piece of a stream', async () => {
    const moof = makeBox('moof', makeBox('mfhd', u32(0, 1)));
    const [styp, mdat] = [makeBox('styp', latin('msdh')), makeBox('mdat', new Uint8Array(99))];
    expect((await fault(join(styp, moof, mdat))).code).toBe('media/segment');
    expect((await fault(join(moof, mdat))).code).toBe('media/segment');
  });

  const esds = (objectType: number) =>
    makeBox('esds', u8(0, 0, 0, 0, 3, 21, 0, 1, 0, 4, 13, objectType, 0x11), new Uint8Array(11), u8(6, 1, 2));
  const cover = (objectType: number, more: Bytes[] = []) =>
    movie({ sizes: [500], entryType: 'mp4v', entryBoxes: [esds(objectType)], more });
  const sound = trackOf({ sizes: ten, handler: 'soun' }, 24);
  it.each([
    [0x6c, 'JPEG'],
    [0x6d, 'PNG'],
  ])('that are sound with a cover picture (object type %i)', async (objectType, format) => {
    const { code, params } = await fault(cover(objectType, [sound]));
    expect([code, params]).toEqual(['media/cover', { format, sound: 1 }]);
    expect((await fault(cover(objectType))).params).toEqual({ format, sound: 0 });
  });
  it('but a film of one MPEG-4 picture is a film', async () => {
    expect((await open(cover(0x20, [sound]))).facts).toMatchObject({ frames: 1, codecName: 'MPEG-4 Visual' });
  });
  it('are told from films in Motion JPEG', async () => {
    const film = { sizes: ten, entryType: 'jpeg', entryBoxes: [], more: [sound] };
    expect((await open(movie(film))).facts).toMatchObject({ frames: 10, codecName: 'Motion JPEG' });
    const chapters = { ...film, tables: { stts: makeBox('stts', u32(0, 1, 10, 12800 * 60)) } };
    expect(await fault(movie(chapters))).toMatchObject({ code: 'media/cover', params: { format: 'JPEG' } });
  });
});

describe('a compressed header', () => {
  const plain = makeBox('moov', mvhd, trackOf({ sizes: ten }, 24));
  const packed = (method: string, stated: number, data: Bytes) =>
    join(
      ftyp,
      makeBox('mdat', new Uint8Array(245)),
      makeBox('moov', makeBox('cmov', makeBox('dcom', latin(method)), makeBox('cmvd', u32(stated), data))),
    );
  const deflated = Uint8Array.from(deflateSync(plain));

  it('is inflated', async () => {
    expect((await open(packed('zlib', plain.length, deflated))).facts).toMatchObject({
      frames: 10,
      notices: [],
    });
  });
  it('is named where it cannot be', async () => {
    expect((await fault(packed('lzss', plain.length, deflated))).params.looksLike).toContain(
      'compressed header',
    );
    expect((await fault(packed('zlib', plain.length, deflated.slice(0, 30)))).code).toBe('media/container');
    expect((await fault(packed('zlib', 0xffff_ffff, deflated))).code).toBe('media/container');
  });
  it('takes no more memory than it states', async () => {
    const bomb = Uint8Array.from(deflateSync(new Uint8Array(50 << 20)));
    expect((await fault(packed('zlib', 1000, bomb))).code).toBe('media/container');
  });
});

describe('fragments', () => {
  const DURATION_SIZE_FLAGS = 0x38;
  interface Traf {
    readonly track: number;
    readonly sizes: readonly number[];
    readonly flags?: number;
    readonly base?: number;
    readonly offset?: number;
  }
  const traf = ({ track, sizes, flags = 0, base, offset }: Traf) => {
    const tfhd = makeBox(
      'tfhd',
      u32(DURATION_SIZE_FLAGS | flags, track),
      ...(base === undefined ? [] : [u32(0, base)]),
      u32(512, 5, 0),
    );
    const trunFlags = 0x200 | (offset === undefined ? 0 : 1);
    const trun = makeBox(
      'trun',
      u32(trunFlags, sizes.length, ...(offset === undefined ? [] : [offset]), ...sizes),
    );
    return makeBox('traf', tfhd, trun);
  };
  const empty = { stts: null, stsc: null, stsz: null, stco: null };
  const initial = join(ftyp, makeBox('moov', mvhd, trackOf({ sizes: [], tables: empty }, 0)));
  const fragment = (...trafs: Bytes[]) => makeBox('moof', makeBox('mfhd', u32(0, 1)), ...trafs);
  const offsetsOf = async (moof: Bytes) => {
    const whole = join(initial, moof, makeBox('mdat', new Uint8Array(500)));
    const { packets } = await demux(fileOf(whole));
    return [...packets.offset].map((offset) => offset - initial.length);
  };

  it('count from the end of the track before where they state no base', async () => {
    const other = traf({ track: 2, sizes: [30, 40], offset: 300 });
    expect(await offsetsOf(fragment(other, traf({ track: 1, sizes: [7, 8] })))).toEqual([370, 377]);
    expect(await offsetsOf(fragment(other, traf({ track: 1, sizes: [7, 8], offset: 10 })))).toEqual([
      380, 387,
    ]);
  });
  it('count from their own box where they say so, and from an explicit base', async () => {
    const other = traf({ track: 2, sizes: [30, 40], offset: 300 });
    const local = traf({ track: 1, sizes: [7, 8], flags: 0x2_0000, offset: 310 });
    expect(await offsetsOf(fragment(other, local))).toEqual([310, 317]);
    const based = traf({ track: 1, sizes: [7, 8], flags: 1, base: initial.length + 250 });
    expect(await offsetsOf(fragment(other, based))).toEqual([250, 257]);
  });
  it('the first counts from its own box', async () => {
    expect(await offsetsOf(fragment(traf({ track: 1, sizes: [7, 8], offset: 320 })))).toEqual([320, 327]);
  });

  it.each([
    ['without fields of their own', 0, []],
    ['with sizes that are not there', 0x200, [5, 5]],
  ])('runs of millions of samples are bounded: %s', async (_what, fields, sizes) => {
    const tfhd = makeBox('tfhd', u32(DURATION_SIZE_FLAGS, 1, 512, 1, 0));
    const trun = makeBox('trun', u32(1 | fields, 16_000_000, 200, ...sizes));
    const begun = performance.now();
    const whole = join(initial, fragment(makeBox('traf', tfhd, trun)), makeBox('mdat', new Uint8Array(500)));
    if (fields === 0) expect((await fault(whole)).code).toBe('media/index');
    else expect((await open(whole)).facts).toMatchObject({ frames: 2, notices: [{ code: 'faulty-boxes' }] });
    expect(performance.now() - begun).toBeLessThan(500);
  });
});
