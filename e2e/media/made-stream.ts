/** Whole files of generated H.264, with the grey of every picture in the order on screen. */
import fc from 'fast-check';
import {
  BufferTarget,
  EncodedPacket,
  EncodedVideoPacketSource,
  MkvOutputFormat,
  MovOutputFormat,
  Mp4OutputFormat,
  Output,
  type OutputFormat,
} from 'mediabunny';
import {
  annexB,
  greyOf,
  lengthPrefixed,
  type PcmFormat,
  pcmConfiguration,
  pcmFrame,
  pcmParameterSets,
  type TsOptions,
  transportStream,
} from './pcm-stream.ts';
import { type Packet, recording } from './stream-arbitrary.ts';

export interface StreamShape {
  readonly packets: readonly Packet[];
  /** Field pictures; each field is a packet of its own where `apart`. */
  readonly fields: boolean;
  readonly apart: boolean;
  readonly countsByOne: boolean;
  /** The SPS states how far pictures are reordered. */
  readonly states: boolean;
}

export const streamShape: fc.Arbitrary<StreamShape> = fc.record({
  packets: recording,
  fields: fc.boolean(),
  apart: fc.boolean(),
  countsByOne: fc.boolean(),
  states: fc.boolean(),
});

export interface MadeStream {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Luma of each picture in presentation order. */
  readonly greys: readonly number[];
  readonly recordings: number;
}

interface MadePacket {
  readonly units: readonly Uint8Array[];
  /** Seconds. */
  readonly time: number;
  readonly key: boolean;
}

const RATE = 25;

function formatOf({ fields, countsByOne, states }: StreamShape): PcmFormat {
  return {
    width: 64,
    height: 64,
    fields,
    // Fields count by one each, so frames by two.
    countsByOne: countsByOne && !fields,
    ...(states ? { reordering: 4 } : {}),
  };
}

/** Packets in decode order; an IDR picture is where nothing leads it, a recovery point elsewhere. */
function packetsOf(shape: StreamShape, firstGrey: number): { packets: MadePacket[]; greys: number[] } {
  const format = formatOf(shape);
  const sets = pcmParameterSets(format);
  const made: MadePacket[] = [];
  const greys: number[] = [];
  let frameNumber = 0;
  let origin = 0;
  const { packets } = shape;
  for (const [d, { shown, key }] of packets.entries()) {
    const idr = key && packets.every((other, e) => (e < d ? other.shown < shown : other.shown >= shown));
    if (idr) [frameNumber, origin] = [0, shown];
    const next = packets[d + 1];
    const reference = key || next === undefined || next.shown < shown;
    greys[shown] = greyOf(firstGrey + shown);
    const frame = {
      grey: greys[shown],
      shown: shown - origin,
      idr,
      reference,
      frameNumber,
      recovery: key && !idr,
    };
    if (reference || idr) frameNumber++;
    const parts = pcmFrame(format, frame);
    const units = parts.map((part, i) => (key && i === 0 ? [...sets, ...part] : part));
    const packet = (of: readonly Uint8Array[], half: number) => ({
      units: of,
      time: (shown + half / 2) / RATE,
      key: key && half === 0,
    });
    if (shape.apart)
      units.forEach((part, half) => {
        made.push(packet(part, half));
      });
    else made.push(packet(units.flat(), 0));
  }
  return { packets: made, greys };
}

async function muxed(
  shape: StreamShape,
  format: OutputFormat,
  name: string,
  firstGrey = 0,
): Promise<MadeStream> {
  const { packets, greys } = packetsOf(shape, firstGrey);
  const target = new BufferTarget();
  const output = new Output({ format, target });
  const source = new EncodedVideoPacketSource('avc');
  output.addVideoTrack(source, { frameRate: shape.fields && shape.apart ? 2 * RATE : RATE });
  await output.start();
  const pcm = formatOf(shape);
  const decoderConfig = {
    codec: 'avc1.4d001e',
    codedWidth: pcm.width,
    codedHeight: pcm.height,
    description: pcmConfiguration(pcmParameterSets(pcm)),
  };
  for (const { units, time, key } of packets)
    await source.add(new EncodedPacket(lengthPrefixed(units), key ? 'key' : 'delta', time, 1 / RATE / 2), {
      decoderConfig,
    });
  await output.finalize();
  return { name, bytes: new Uint8Array(target.buffer!), greys, recordings: 1 };
}

const DELIMITER = Uint8Array.of(9, 0xf0);

function elementsOf(shape: StreamShape, firstGrey: number, start: number) {
  const { packets, greys } = packetsOf(shape, firstGrey);
  const elements = packets.map(({ units, time }) => ({
    bytes: annexB([DELIMITER, ...units]),
    pts: Math.round((start + time) * 90_000),
  }));
  return { elements, greys };
}

function transport(shape: StreamShape, options: TsOptions): MadeStream {
  const { elements, greys } = elementsOf(shape, 0, 10);
  return { name: 'made.ts', bytes: transportStream(elements, options), greys, recordings: 1 };
}

/** MPEG-TS of recordings one after another, each with a clock that starts at the same time. */
export async function glue(shapes: readonly StreamShape[]): Promise<MadeStream> {
  const greys: number[] = [];
  const parts = shapes.map((shape) => {
    const made = elementsOf(shape, greys.length, 10);
    greys.push(...made.greys);
    return transportStream(made.elements);
  });
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { name: 'glued.ts', bytes, greys, recordings: shapes.length };
}

type Make = (shape: StreamShape, firstGrey?: number) => MadeStream | Promise<MadeStream>;

export const containers = {
  MP4: (shape, firstGrey = 0) =>
    muxed(shape, new Mp4OutputFormat({ fastStart: 'in-memory' }), 'made.mp4', firstGrey),
  'fragmented MP4': (shape, firstGrey = 0) =>
    muxed(shape, new Mp4OutputFormat({ fastStart: 'fragmented' }), 'made.mp4', firstGrey),
  MOV: (shape, firstGrey = 0) => muxed(shape, new MovOutputFormat(), 'made.mov', firstGrey),
  Matroska: (shape, firstGrey = 0) => muxed(shape, new MkvOutputFormat(), 'made.mkv', firstGrey),
  'live Matroska': (shape, firstGrey = 0) =>
    muxed(shape, new MkvOutputFormat({ appendOnly: true }), 'made.mkv', firstGrey),
  'MPEG-TS': (shape) => transport(shape, {}),
  'MPEG-TS of 192 bytes': (shape) => transport(shape, { before: 4 }),
  'MPEG-TS of 204 bytes': (shape) => transport(shape, { behind: 16 }),
  'MPEG-TS with its tables in the middle': (shape) => transport(shape, { tables: 'middle' }),
} as const satisfies Record<string, Make>;
