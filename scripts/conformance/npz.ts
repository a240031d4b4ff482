/** Reader of numpy's `.npz`: a ZIP archive of `.npy` arrays of little-endian numbers or fixed-length strings. */
import { inflateRawSync } from 'node:zlib';

export interface NpyArray {
  readonly shape: readonly number[];
  /** Row by row. */
  readonly values: readonly number[] | readonly string[];
}

/** Bytes of each member, by name without `.npy`. */
function members(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0) throw new RangeError('The archive has no central directory.');
  let at = archive.readUInt32LE(end + 16);
  const list = new Map<string, Buffer>();
  for (let k = archive.readUInt16LE(end + 10); k > 0; k--) {
    const [method, size] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)];
    const [nameLength, extra] = [archive.readUInt16LE(at + 28), archive.readUInt16LE(at + 30)];
    const local = archive.readUInt32LE(at + 42);
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    const from = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const bytes = archive.subarray(from, from + size);
    list.set(name.replace(/\.npy$/, ''), method === 0 ? bytes : inflateRawSync(bytes));
    at += 46 + nameLength + extra + archive.readUInt16LE(at + 32);
  }
  return list;
}

function parsed(file: Buffer): NpyArray {
  const start = 10 + file.readUInt16LE(8);
  const header = file.toString('latin1', 10, start);
  const type = /'descr': '([<|>]?)(\w)(\d+)'/.exec(header);
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((s) => s.trim())
    .map(Number);
  const byColumns = header.includes("'fortran_order': True");
  if (!type || (byColumns && shape.length !== 2))
    throw new RangeError(`The array's header is not supported: ${header}`);
  const [kind, bytes] = [type[2]!, Number(type[3])];
  const width = kind === 'U' ? 4 * bytes : bytes;
  const count = shape.reduce((product, size) => product * size, 1);
  const [rows, columns] = [shape[0]!, shape[1]!];
  const at = (k: number) => start + width * (byColumns ? (k % columns) * rows + Math.floor(k / columns) : k);
  const list = <T>(read: (k: number) => T) => Array.from({ length: count }, (_, k) => read(k));
  if (kind === 'U') {
    const point = (k: number) => (c: number) => String.fromCodePoint(file.readUInt32LE(at(k) + 4 * c));
    const text = (k: number) => Array.from({ length: bytes }, (_, c) => point(k)(c)).join('');
    return { shape, values: list((k) => text(k).replace(/\0+$/, '')) };
  }
  if (kind === 'f' && bytes === 8) return { shape, values: list((k) => file.readDoubleLE(at(k))) };
  if (kind === 'f' && bytes === 4) return { shape, values: list((k) => file.readFloatLE(at(k))) };
  if (kind === 'i' && bytes === 4) return { shape, values: list((k) => file.readInt32LE(at(k))) };
  throw new RangeError(`Arrays of type ${type[2]}${type[3]} are not supported.`);
}

/** Every array of an archive by name, each parsed when it is asked for. */
export class Npz {
  private readonly members: Map<string, Buffer>;

  constructor(archive: Buffer) {
    this.members = members(archive);
  }

  array(name: string): NpyArray {
    const file = this.members.get(name);
    if (!file) throw new RangeError(`The archive has no array ${name}.`);
    return parsed(file);
  }

  numbers(name: string): readonly number[] {
    return this.array(name).values as readonly number[];
  }

  strings(name: string): readonly string[] {
    return this.array(name).values as readonly string[];
  }
}
