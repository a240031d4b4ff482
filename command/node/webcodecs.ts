/**
 * The part of WebCodecs that the media session uses, on FFmpeg's libavcodec by the package `node-av`. Each frame carries
 * the time stamp of its own packet; `node-webcodecs` 1.3 and `@napi-rs/webcodecs` 1.3 give it that of another one where
 * frames are reordered (`webcodecs.test.ts`).
 */

/** The names of `node-av/lib` and `node-av/constants` in use. */
export interface NodeAv {
  readonly CodecContext: new () => CodecContext;
  readonly Codec: { findDecoder(id: number): object | null };
  readonly Packet: new () => Packet;
  readonly Frame: new () => AvFrame;
  readonly Dictionary: { fromObject(values: Readonly<Record<string, string>>): object };
  readonly constants: Readonly<Record<string, number>>;
}

interface CodecContext {
  extraData: Buffer | null;
  pktTimebase: object;
  threadCount: number;
  allocContext3(codec: object): void;
  open2(codec: object, options: object): Promise<number>;
  sendPacket(packet: Packet | null): Promise<number>;
  receiveFrame(frame: AvFrame): Promise<number>;
  flushBuffers(): void;
  freeContext(): void;
}

interface Packet {
  data: Buffer | null;
  pts: bigint;
  dts: bigint;
  flags: number;
  alloc(): void;
  free(): void;
}

interface AvFrame {
  readonly format: number;
  readonly width: number;
  readonly height: number;
  readonly pts: bigint;
  readonly linesize: readonly number[];
  readonly data: readonly Buffer[] | null;
  readonly decodeErrorFlags: number;
  alloc(): void;
  free(): void;
  clone(): AvFrame | null;
}

/** `EAGAIN` of FFmpeg on Linux and Windows, and on macOS. */
const AGAIN = [-11, -35];
/** `AVERROR_EOF`: the decoder has given all of its frames. */
const END = -541478725;
const KEY = 1;

const CODECS: readonly (readonly [RegExp, string])[] = [
  [/^avc[13]\./, 'AV_CODEC_ID_H264'],
  [/^h(vc|ev)1\./, 'AV_CODEC_ID_HEVC'],
  [/^vp8$/, 'AV_CODEC_ID_VP8'],
  [/^vp09\./, 'AV_CODEC_ID_VP9'],
  [/^av01\./, 'AV_CODEC_ID_AV1'],
];

interface PixelFormat {
  /** Name in WebCodecs. */
  readonly name: string;
  /** Bytes of a sample, and shifts of the chroma planes; `planes` 1 = luma alone. */
  readonly bytes: 1 | 2;
  readonly shiftX: 0 | 1;
  readonly shiftY: 0 | 1;
  readonly planes: 1 | 3;
  /** Value of absent chroma. */
  readonly grey: number;
}

function formatsOf(constants: NodeAv['constants']): ReadonlyMap<number, PixelFormat> {
  const entries: [number, PixelFormat][] = [];
  const add = (names: readonly string[], format: PixelFormat) => {
    for (const name of names) {
      const value = constants[`AV_PIX_FMT_${name}`];
      if (value !== undefined) entries.push([value, format]);
    }
  };
  for (const [depth, suffix] of [
    [8, ''],
    [10, '10LE'],
    [12, '12LE'],
  ] as const) {
    const end = depth === 8 ? '' : `P${depth}`;
    const rest = { bytes: depth === 8 ? 1 : 2, planes: 3, grey: 1 << (depth - 1) } as const;
    const full = (kind: string) => (depth === 8 ? [`YUVJ${kind}P`] : []);
    add([`YUV420P${suffix}`, ...full('420')], { name: `I420${end}`, shiftX: 1, shiftY: 1, ...rest });
    add([`YUV422P${suffix}`, ...full('422')], { name: `I422${end}`, shiftX: 1, shiftY: 0, ...rest });
    add([`YUV444P${suffix}`, ...full('444')], { name: `I444${end}`, shiftX: 0, shiftY: 0, ...rest });
    // Planes green, blue, red: y, u and v of the identity matrix.
    add([`GBRP${suffix}`], { name: `I444${end}`, shiftX: 0, shiftY: 0, ...rest });
    add([`GRAY${depth}${depth === 8 ? '' : 'LE'}`], {
      name: `I420${end}`,
      shiftX: 1,
      shiftY: 1,
      ...rest,
      planes: 1,
    });
  }
  return new Map(entries);
}

/** A decoded frame with the members of `VideoFrame` that are read here. */
class DecodedFrame {
  readonly format: string;
  readonly timestamp: number;
  readonly visibleRect: { readonly x: 0; readonly y: 0; readonly width: number; readonly height: number };
  readonly codedWidth: number;
  readonly codedHeight: number;
  readonly displayWidth: number;
  readonly displayHeight: number;
  readonly colorSpace = { toJSON: () => ({}) };
  readonly #pixels: PixelFormat;
  #frame: AvFrame | null;

  constructor(frame: AvFrame, pixels: PixelFormat) {
    this.#frame = frame;
    this.#pixels = pixels;
    this.format = pixels.name;
    this.timestamp = Number(frame.pts);
    this.codedWidth = frame.width;
    this.codedHeight = frame.height;
    this.displayWidth = frame.width;
    this.displayHeight = frame.height;
    this.visibleRect = { x: 0, y: 0, width: frame.width, height: frame.height };
  }

  /** Planes one after the other, without gaps: offset, bytes of a row, rows. */
  #layout() {
    const { bytes, shiftX, shiftY } = this.#pixels;
    let offset = 0;
    return [0, 1, 2].map((plane) => {
      const [x, y] = plane === 0 ? [0, 0] : [shiftX, shiftY];
      const stride = ((this.codedWidth + x) >> x) * bytes;
      const rows = (this.codedHeight + y) >> y;
      const made = { offset, stride, rows };
      offset += stride * rows;
      return made;
    });
  }

  allocationSize(): number {
    return this.#layout().reduce((sum, { stride, rows }) => sum + stride * rows, 0);
  }

  async copyTo(destination: Uint8Array): Promise<{ offset: number; stride: number }[]> {
    const frame = this.#frame;
    const { planes, bytes, grey } = this.#pixels;
    if (!frame?.data) throw new DOMException('The frame is closed.', 'InvalidStateError');
    const layout = this.#layout();
    for (const [plane, { offset, stride, rows }] of layout.entries()) {
      const target = destination.subarray(offset, offset + stride * rows);
      if (plane >= planes) {
        if (bytes === 1) target.fill(grey);
        else new Uint16Array(target.buffer, target.byteOffset, target.length >> 1).fill(grey);
        continue;
      }
      const source = frame.data[plane]!;
      const step = frame.linesize[plane]!;
      for (let row = 0; row < rows; row++)
        target.set(source.subarray(row * step, row * step + stride), row * stride);
    }
    return layout.map(({ offset, stride }) => ({ offset, stride }));
  }

  clone(): DecodedFrame {
    const copy = this.#frame?.clone();
    if (!copy) throw new DOMException('The frame is closed.', 'InvalidStateError');
    return new DecodedFrame(copy, this.#pixels);
  }

  close(): void {
    this.#frame?.free();
    this.#frame = null;
  }
}

class Chunk {
  readonly type: EncodedVideoChunkType;
  readonly timestamp: number;
  readonly data: Buffer;

  constructor({ type, timestamp, data }: EncodedVideoChunkInit) {
    this.type = type;
    this.timestamp = timestamp;
    const view = ArrayBuffer.isView(data) ? data : new Uint8Array(data as ArrayBuffer);
    this.data = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  }
}

const failed = (message: string) => new DOMException(message, 'EncodingError');

/** The package and what is looked up in it once. */
interface Library {
  readonly av: NodeAv;
  readonly formats: ReadonlyMap<number, PixelFormat>;
}

interface DecoderInit {
  readonly output: (frame: DecodedFrame) => void;
  readonly error: (error: DOMException) => void;
}

function codecOf({ constants, Codec }: NodeAv, codec: string): object | null {
  const id = constants[CODECS.find(([pattern]) => pattern.test(codec))?.[1] ?? ''];
  return id === undefined ? null : Codec.findDecoder(id);
}

class NodeDecoder extends EventTarget {
  readonly #library: Library;
  readonly #output: (frame: DecodedFrame) => void;
  readonly #error: (error: DOMException) => void;
  #context: CodecContext | null = null;
  #work: Promise<void> = Promise.resolve();
  state: CodecState = 'unconfigured';
  decodeQueueSize = 0;

  constructor(init: DecoderInit, library: Library) {
    super();
    this.#library = library;
    this.#output = init.output;
    this.#error = init.error;
  }

  configure({ codec: name, description }: VideoDecoderConfig): void {
    const codec = codecOf(this.#library.av, name);
    if (!codec) throw new DOMException(`There is no decoder for ${name}.`, 'NotSupportedError');
    const context = new this.#library.av.CodecContext();
    context.allocContext3(codec);
    if (description) {
      const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(description)
        ? description
        : new Uint8Array(description as ArrayBuffer);
      context.extraData = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
    }
    context.pktTimebase = { num: 1, den: 1_000_000 };
    context.threadCount = 1;
    this.#context = context;
    this.state = 'configured';
    // As browsers have it: what is damaged is an error, not a guess.
    const options = this.#library.av.Dictionary.fromObject({ err_detect: 'careful' });
    void this.#then(async () => {
      if ((await context.open2(codec, options)) < 0) throw failed('The decoder does not open.');
    });
  }

  /** Runs after what is waiting; a failure closes the decoder and is reported once. */
  #then(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(async () => {
      if (this.state === 'closed') return;
      try {
        await work();
      } catch (error) {
        this.close();
        this.#error(error instanceof DOMException ? error : failed(String(error)));
      }
    });
    return this.#work;
  }

  decode(chunk: Chunk): void {
    if (this.state !== 'configured') throw new DOMException('The decoder is closed.', 'InvalidStateError');
    this.decodeQueueSize++;
    this.#then(async () => {
      const packet = new this.#library.av.Packet();
      packet.alloc();
      packet.data = chunk.data;
      packet.pts = BigInt(chunk.timestamp);
      packet.dts = packet.pts;
      if (chunk.type === 'key') packet.flags = KEY;
      try {
        await this.#send(packet);
      } finally {
        packet.free();
        this.decodeQueueSize--;
        this.dispatchEvent(new Event('dequeue'));
      }
    });
  }

  async flush(): Promise<void> {
    await this.#then(async () => {
      await this.#send(null);
      this.#context?.flushBuffers();
    });
    if (this.state === 'closed') throw failed('The decoder ended.');
  }

  async #send(packet: Packet | null): Promise<void> {
    const status = await this.#context!.sendPacket(packet);
    if (status < 0) throw failed(`The decoder refuses a packet (${status}).`);
    for (;;) {
      const frame = new this.#library.av.Frame();
      frame.alloc();
      const received = (await this.#context?.receiveFrame(frame)) ?? -1;
      if (received < 0) {
        frame.free();
        if (!AGAIN.includes(received) && received !== END && this.state !== 'closed')
          throw failed(`The decoder failed (${received}).`);
        return;
      }
      const pixels = this.#library.formats.get(frame.format);
      if (!pixels) {
        frame.free();
        throw failed(`Frames of format ${frame.format} are not read.`);
      }
      this.#output(new DecodedFrame(frame, pixels));
    }
  }

  close(): void {
    this.state = 'closed';
    const context = this.#context;
    this.#context = null;
    // After the call of the library that may be under way.
    void this.#work.finally(() => context?.freeContext());
  }
}

/** `VideoDecoder` and `EncodedVideoChunk` for `globalThis`. */
export function webCodecsOf(av: NodeAv): { VideoDecoder: unknown; EncodedVideoChunk: unknown } {
  const library: Library = { av, formats: formatsOf(av.constants) };
  class VideoDecoder extends NodeDecoder {
    constructor(init: DecoderInit) {
      super(init, library);
    }

    static async isConfigSupported(config: VideoDecoderConfig) {
      return { supported: codecOf(av, config.codec) !== null, config };
    }
  }
  return { VideoDecoder, EncodedVideoChunk: Chunk };
}
