import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { demux } from './demux.ts';
import { Video } from './video.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const latin = (text: string): Bytes => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** An EBML element with a size of eight bytes. */
function element(id: number, ...parts: (Uint8Array | number[])[]): Bytes {
  const content = parts.flatMap((part) => [...part]);
  const name = id
    .toString(16)
    .match(/../g)!
    .map((byte) => Number.parseInt(byte, 16));
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(content.length));
  size[0] = 1;
  return Uint8Array.from([...name, ...size, ...content]);
}

const head = element(0x1a45dfa3, element(0x4282, latin('matroska')));
const video = (...more: Bytes[]) =>
  element(
    0xae,
    element(0xd7, [1]),
    element(0x83, [1]),
    element(0x86, latin('V_MPEG4/ISO/AVC')),
    element(0xe0, element(0xb0, [160]), element(0xba, [90])),
    ...more,
  );
const track = (number: number, type: number, codec: string) =>
  element(0xae, element(0xd7, [number]), element(0x83, [type]), element(0x86, latin(codec)));
const encoded = (...parts: Bytes[]) => element(0x6d80, element(0x6240, ...parts));
const compression = (...algorithm: Bytes[]) => encoded(element(0x5034, ...algorithm));

/** A file with these tracks and nothing else. */
async function fault(...tracks: Bytes[]): Promise<[string, object]> {
  const info = element(0x1549a966, element(0x2ad7b1, [0x0f, 0x42, 0x40]));
  const bytes = Uint8Array.from([...head, ...element(0x18538067, info, element(0x1654ae6b, ...tracks))]);
  const error = await demux(new File([bytes], 'x.mkv')).catch((reason: unknown) => reason);
  if (!(error instanceof CodedError)) return expect.fail(String(error));
  return [error.code, error.params];
}

describe('a WebM file whose blocks all have one time', () => {
  it('spreads its frames over the length that its header states', async () => {
    const key = [0x10, 0, 0, 0x9d, 1, 0x2a, 160, 0, 90, 0];
    const block = (i: number) =>
      element(0xa3, [0x81, 0, 0, i === 0 ? 0x80 : 0], i === 0 ? key : [0x11, 0, 0, i]);
    const seconds = new Uint8Array(8);
    new DataView(seconds.buffer).setFloat64(0, 2000);
    const info = element(0x1549a966, element(0x2ad7b1, [0x0f, 0x42, 0x40]), element(0x4489, seconds));
    const vp8 = element(
      0xae,
      element(0xd7, [1]),
      element(0x83, [1]),
      element(0x86, latin('V_VP8')),
      element(0xe0, element(0xb0, [160]), element(0xba, [90])),
    );
    const cluster = element(
      0x1f43b675,
      element(0xe7, [0]),
      ...Array.from({ length: 10 }, (_, i) => block(i)),
    );
    const bytes = Uint8Array.from([
      ...element(0x1a45dfa3, element(0x4282, latin('webm'))),
      ...element(0x18538067, info, element(0x1654ae6b, vp8), cluster),
    ]);
    const { facts } = await Video.open(new File([bytes], 'x.webm'));
    expect(facts).toMatchObject({
      frames: 10,
      duration: 2,
      fps: 5,
      notices: [{ code: 'times-unknown', params: { seconds: 2 } }],
    });
  });
});

/** A track of three packets, each stored by `store`. */
async function threePackets(codec: string, encodings: Bytes, store: (packet: Uint8Array) => Uint8Array) {
  const packets = [
    Uint8Array.of(0x10, 0, 0, 0x9d, 1, 0x2a, 160, 0, 90, 0),
    [0x11, 0, 0, 1],
    [0x11, 0, 0, 2],
  ].map((bytes) => Uint8Array.from(bytes));
  const info = element(0x1549a966, element(0x2ad7b1, [0x0f, 0x42, 0x40]));
  const entry = element(
    0xae,
    element(0xd7, [1]),
    element(0x83, [1]),
    element(0x86, latin(codec)),
    element(0xe0, element(0xb0, [160]), element(0xba, [90])),
    encodings,
  );
  const blocks = packets.map((packet, i) =>
    element(0xa3, [0x81, 0, 40 * i, i === 0 ? 0x80 : 0], store(packet)),
  );
  const cluster = element(0x1f43b675, element(0xe7, [0]), ...blocks);
  const segment = element(0x18538067, info, element(0x1654ae6b, entry), cluster);
  return { packets, index: demux(new File([head, segment], 'x.mkv')) };
}

describe('a track whose blocks are compressed by zlib', () => {
  it.each([
    ['by default', compression()],
    ['as stated', compression(element(0x4254, [0]))],
  ])('is inflated: %s', async (_what, encodings) => {
    const { packets, index } = await threePackets('V_VP8', encodings, (packet) => deflateSync(packet));
    const read = await index;
    expect(read.codec).toBe('vp8');
    expect(await read.readRun(0, 3)).toEqual(packets);
    expect(await read.read(1)).toEqual(packets[1]);
  });
  it('is damaged where a block does not inflate', async () => {
    const { index } = await threePackets('V_VP8', compression(), (packet) => packet);
    await expect((await index).read(0)).rejects.toMatchObject({ code: 'media/damaged' });
  });
  it('is refused where the codec is told from a packet', async () => {
    const { index } = await threePackets('V_VP9', compression(), (packet) => deflateSync(packet));
    await expect(index).rejects.toMatchObject({
      code: 'media/track-encoding',
      params: { encoding: 'zlib' },
    });
  });
});

describe('a Matroska file without a readable video track', () => {
  it.each([
    ['zlib of the configuration too', encoded(element(0x5032, [3]), element(0x5034)), 'zlib'],
    [
      'zlib over stripped headers',
      element(
        0x6d80,
        element(0x6240, element(0x5034)),
        element(0x6240, element(0x5034, element(0x4254, [3]))),
      ),
      'zlib',
    ],
    ['bzlib', compression(element(0x4254, [1])), 'bzlib'],
    ['lzo1x', compression(element(0x4254, [2])), 'lzo1x'],
  ])('says that its blocks are compressed: %s', async (_what, encodings, encoding) => {
    expect(await fault(video(encodings))).toEqual(['media/track-encoding', { encoding }]);
  });
  it('says that it is encrypted', async () => {
    const encodings = element(0x6d80, element(0x6240, element(0x5035, element(0x47e1, [5]))));
    expect((await fault(video(encodings)))[0]).toBe('media/encrypted');
  });
  it('names the tracks that are there', async () => {
    expect(await fault(track(1, 17, 'S_TEXT/UTF8'))).toEqual(['media/no-video', { sound: 0, subtitles: 1 }]);
    expect((await fault(track(1, 2, 'A_OPUS'), track(2, 17, 'S_TEXT/UTF8')))[1]).toEqual({
      sound: 1,
      subtitles: 1,
    });
    expect((await fault())[1]).toEqual({ sound: 0, subtitles: 0 });
  });
  it('reads a track whose headers are stripped as far as it goes', async () => {
    const stripped = compression(element(0x4254, [3]), element(0x4255, [0]));
    expect((await fault(video(stripped)))[0]).toBe('media/no-frames');
  });
});
