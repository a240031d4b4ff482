/** Visual sample entry of a track (`stsd`): codec, decoder configuration, colour and size. mp4box names the codec. */
import { createFile, Log, MP4BoxBuffer } from 'mp4box';
import { type BoxFaults, boxAt, boxesIn, fourCharacters, makeBox, viewOf } from './mp4-boxes.ts';
import { annexBUnits } from './nal.ts';
import type { ContainerColour } from './packet-index.ts';
import { type PixelShape, pixelShapeOf } from './pixel-shape.ts';

// mp4box prints every box that it does not know as an error.
Log.error = () => {};
Log.warn = () => {};

type Bytes = Uint8Array<ArrayBuffer>;

export interface VisualEntry {
  /** Four characters of the entry, e.g. `avc1`. */
  readonly type: string;
  /** Codec string for WebCodecs, or the entry's four characters. */
  readonly codec: string;
  /** As the container states it, in pixels; 0 where it does not. */
  readonly width: number;
  readonly height: number;
  readonly description?: Bytes | undefined;
  /** Parameter sets of a configuration that was written with start codes. */
  readonly parameterSets?: readonly Bytes[] | undefined;
  readonly colour: ContainerColour;
  readonly pixelShape?: PixelShape | undefined;
  readonly encrypted: boolean;
  /** Entry of `dref` that says where the media lies, 1-based. */
  readonly dataReference: number;
}

/** Boxes that name the codec. The first two are handed to WebCodecs as `description`. */
const CONFIGURATIONS = new Set(['avcC', 'hvcC', 'vvcC', 'av1C', 'vpcC', 'esds']);
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  avc1: 'avcC',
  avc3: 'avcC',
  hvc1: 'hvcC',
  hev1: 'hvcC',
};

/** Fields before the boxes of a visual sample entry, in bytes. */
const FIELDS = 78;

/** The first entry of `stsd`; null where there is none, or one that is no longer than nothing. */
export function readVisualEntry(stsd: Bytes | undefined, faults: BoxFaults): VisualEntry | null {
  const entry = stsd && [...boxesIn(stsd, 8)][0];
  if (!entry || entry.content.length < 28) return null;
  const { type, content } = entry;
  const view = viewOf(content);
  const boxes = [...boxesIn(content, FIELDS)];
  const configuration = boxes.find((box) => box.type === DESCRIPTIONS[type])?.content;
  const size = { width: view.getUint16(24), height: view.getUint16(26) };
  const rest = {
    type,
    ...size,
    colour: faults.tolerate('colr', () => colourOf(content), {}),
    pixelShape: faults.tolerate('pasp', () => pixelShapeIn(boxes), undefined),
    encrypted: type === 'encv' || boxes.some((box) => box.type === 'sinf'),
    dataReference: view.getUint16(6),
  };
  const units = configuration && type.startsWith('avc') && hasStartCode(configuration) ? configuration : null;
  if (!units) return { ...rest, codec: codecOf(type, content, boxes, faults), description: configuration };
  faults.types.add('avcC');
  const sets = [...annexBUnits(units)].filter((unit) => [7, 8].includes(unit[0]! & 31)).map(withoutZeros);
  const sps = sets.find((unit) => (unit[0]! & 31) === 7 && unit.length >= 4);
  const profile = sps && [...sps.subarray(1, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { ...rest, codec: profile ? `${type}.${profile}` : type, parameterSets: sets };
}

/** The shape that `pasp` states (ISO/IEC 14496-12 §12.1.4.2). @throws RangeError of one that is cut */
function pixelShapeIn(boxes: readonly { type: string; content: Bytes }[]): PixelShape | undefined {
  const content = boxes.find((box) => box.type === 'pasp')?.content;
  if (!content) return undefined;
  const view = viewOf(content);
  return pixelShapeOf(view.getUint32(0), view.getUint32(4));
}

/** True where bytes begin with a start code of Annex B. */
export function hasStartCode(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0 || bytes[1] !== 0) return false;
  return bytes[2] === 1 || (bytes[2] === 0 && bytes[3] === 1);
}

/** A unit without the zeros that belong to the start code after it; none ends in one of its own. */
function withoutZeros(unit: Uint8Array): Bytes {
  return Uint8Array.from(unit.subarray(0, unit.findLastIndex((byte) => byte !== 0) + 1));
}

/** `avcC` (ISO/IEC 14496-15 §5.3.3) of parameter sets, for packets with lengths of four bytes. */
export function configurationOf(sets: readonly Bytes[]): Bytes {
  const [sps, pps] = [7, 8].map((type) => sets.filter((set) => (set[0]! & 31) === type)) as [
    Bytes[],
    Bytes[],
  ];
  const part = (set: Bytes) => [set.length >> 8, set.length & 255, ...set];
  return Uint8Array.from([
    1,
    ...(sps[0] ?? new Uint8Array(4)).subarray(1, 4),
    0xff,
    0xe0 | sps.length,
    ...sps.flatMap(part),
    pps.length,
    ...pps.flatMap(part),
  ]);
}

/** Codec string of an entry that holds nothing but its fields and its configuration; other boxes may be damaged. */
function codecOf(
  type: string,
  content: Bytes,
  boxes: readonly { type: string; content: Bytes }[],
  faults: BoxFaults,
): string {
  if (type === 'vp08') return 'vp8';
  const esds = type === 'mp4v' ? boxes.find((box) => box.type === 'esds')?.content : undefined;
  const objectType = esds && objectTypeOf(esds);
  if (objectType) return `mp4v.${objectType.toString(16).padStart(2, '0').toUpperCase()}`;
  const configurations = boxes.filter((box) => CONFIGURATIONS.has(box.type));
  const fields = new Uint8Array(FIELDS);
  fields.set(content.subarray(0, FIELDS));
  const entry = makeBox(type, fields, ...configurations.map((box) => makeBox(box.type, box.content)));
  const stsd = makeBox('stsd', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1), entry);
  try {
    const iso = createFile(false);
    iso.appendBuffer(MP4BoxBuffer.fromArrayBuffer(stsd.buffer, 0), true);
    const [parsed] = iso.boxes as unknown as readonly { entries?: readonly { getCodec?(): string }[] }[];
    return parsed?.entries?.[0]?.getCodec?.() ?? type;
  } catch {
    for (const box of configurations) faults.types.add(box.type);
    return type;
  }
}

/**
 * Object type of the elementary stream (ISO/IEC 14496-1 §7.2.6.5), e.g. 0x20 for MPEG-4 Visual and 0x6C for JPEG; mp4box
 * reads it for sound only.
 */
function objectTypeOf(esds: Bytes): number | undefined {
  let at = 4;
  /** Steps over a tag and its length, which takes one to four bytes. */
  const enter = (tag: number): boolean => {
    if (esds[at] !== tag) return false;
    at++;
    for (let i = 0; i < 3 && (esds[at] ?? 0) > 127; i++) at++;
    at++;
    return true;
  };
  if (!enter(3)) return undefined;
  const flags = esds[at + 2] ?? 0;
  at += 3 + (flags & 0x80 ? 2 : 0);
  if (flags & 0x40) at += 1 + (esds[at] ?? 0); // URL
  if (flags & 0x20) at += 2; // clock reference
  return enter(4) ? esds[at] : undefined;
}

/** `colr` of type `nclx` (MP4) or `nclc` (QuickTime, without range), else `vpcC`. */
function colourOf(content: Bytes): ContainerColour {
  const boxes = content.subarray(Math.min(FIELDS, content.length));
  const colr = boxAt(boxes, 'colr');
  const kind = colr && fourCharacters(colr, 0);
  if (colr && (kind === 'nclx' || kind === 'nclc')) {
    const view = viewOf(colr);
    return {
      transfer: view.getUint16(6),
      matrix: view.getUint16(8),
      fullRange: kind === 'nclx' && colr.length > 10 ? (colr[10]! & 128) !== 0 : undefined,
    };
  }
  const vpcc = boxAt(boxes, 'vpcC');
  if (vpcc && vpcc.length >= 9 && vpcc[0] === 1)
    return { fullRange: (vpcc[6]! & 1) !== 0, transfer: vpcc[8]!, matrix: vpcc[9] };
  return {};
}
