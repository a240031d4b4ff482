/**
 * Safetensors read by range. The header is checked as hostile input; tensor bytes are read on demand.
 *
 * Format: 8 bytes little-endian header length, JSON, then the tensors' bytes without holes.
 */
import { CodedError } from '../core/errors.ts';
import { type CheckpointFile, type CheckpointFiles, readText } from './files.ts';
import { indexName, weightsName } from './folder-check.ts';
import { fromBfloat16, fromFloat16 } from './numbers.ts';

const widths = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 } as const;

export type StoredType = keyof typeof widths;

export interface TensorEntry {
  readonly name: string;
  readonly file: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
  /** First byte in the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** The reference implementation's limit, 100 MB. */
export const headerLimit = 100_000_000;

function fault(file: string, problem: string): CodedError {
  return new CodedError('convert/header', { file, problem }, `${file}: ${problem}`);
}

/**
 * Names given twice at the top level of a JSON object, which JSON.parse would merge in silence. The text must be
 * valid JSON.
 */
function repeatedKey(text: string): string | null {
  const seen = new Set<string>();
  let depth = 0;
  let key = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{' || c === '[') {
      depth++;
      key = c === '{';
    } else if (c === '}' || c === ']') depth--;
    else if (c === ',') key = depth === 1;
    else if (c === ':') key = false;
    else if (c === '"') {
      const start = i;
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++;
      if (depth === 1 && key) {
        const name: unknown = JSON.parse(text.slice(start, i + 1));
        if (typeof name !== 'string' || seen.has(name)) return String(name);
        seen.add(name);
      }
    }
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function readEntry(
  file: string,
  name: string,
  value: unknown,
  dataStart: number,
  dataBytes: number,
): TensorEntry {
  if (!isObject(value)) throw fault(file, `${name} is no object`);
  const { dtype, shape, data_offsets: range } = value;
  if (typeof dtype === 'string' && /^F8_/.test(dtype))
    throw new CodedError('convert/quantised', { method: dtype });
  if (typeof dtype !== 'string' || !Object.hasOwn(widths, dtype))
    throw fault(file, `${name} has the type ${String(dtype)}`);
  const type = dtype as StoredType;
  if (!Array.isArray(shape) || !shape.every(isCount)) throw fault(file, `${name} has no valid shape`);
  if (!Array.isArray(range) || range.length !== 2 || !range.every(isCount))
    throw fault(file, `${name} has no valid range`);
  const [begin, end] = range as [number, number];
  if (begin > end || end > dataBytes) throw fault(file, `${name} lies outside the file`);
  const bytes = shape.reduce((product: number, n) => product * n, widths[type]);
  if (bytes !== end - begin)
    throw fault(file, `${name} has ${end - begin} bytes where its shape needs ${bytes}`);
  return { name, file, type, shape, offset: dataStart + begin, bytes };
}

/**
 * The tensors of one file, in the order of their bytes.
 *
 * @throws CodedError `convert/header` {file, problem}, `convert/cut-off` {file, present, needed}, `convert/quantised`
 */
export async function readHeader(files: CheckpointFiles, file: CheckpointFile): Promise<TensorEntry[]> {
  if (file.bytes < 8) throw fault(file.name, 'the file is shorter than its header length');
  const start = await files.read(file.name, 0, 8);
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(headerLimit)) throw fault(file.name, `the header claims ${length} bytes`);
  const headerBytes = Number(length);
  if (8 + headerBytes > file.bytes) throw cutOff(file, 8 + headerBytes);
  if (headerBytes < 2) throw fault(file.name, 'the header is empty');
  const raw = await files.read(file.name, 8, headerBytes);
  if (raw[0] !== 0x7b) throw fault(file.name, 'the header does not start with {');
  return parseHeader(file, raw);
}

function parseHeader(file: CheckpointFile, raw: Uint8Array): TensorEntry[] {
  let header: unknown;
  let text = '';
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(raw);
    header = JSON.parse(text);
  } catch {
    throw fault(file.name, 'the header is not valid JSON');
  }
  if (!isObject(header)) throw fault(file.name, 'the header is no object');
  const twice = repeatedKey(text);
  if (twice !== null) throw fault(file.name, `${twice} is there twice`);
  const dataStart = 8 + raw.length;
  const described = Object.entries(header).filter(([name]) => name !== '__metadata__');
  const promised = described.reduce((most, [, value]) => Math.max(most, endOf(value)), 0);
  // A header that is whole and describes more bytes than there are: the file ends early.
  const dataBytes = Math.max(promised, file.bytes - dataStart);
  const entries = described
    .map(([name, value]) => readEntry(file.name, name, value, dataStart, dataBytes))
    .sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let next = dataStart;
  for (const entry of entries) {
    if (entry.offset < next) throw fault(file.name, `${entry.name} overlaps its neighbour`);
    if (entry.offset > next) throw fault(file.name, `there is a hole before ${entry.name}`);
    next = entry.offset + entry.bytes;
  }
  if (next > file.bytes) throw cutOff(file, next);
  if (next !== file.bytes)
    throw fault(file.name, `${file.bytes - next} bytes at the end belong to no tensor`);
  return entries;
}

/** End of an entry's range; 0 where it has no valid one. */
function endOf(value: unknown): number {
  const range = isObject(value) ? value.data_offsets : undefined;
  const end: unknown = Array.isArray(range) ? range[1] : undefined;
  return isCount(end) ? end : 0;
}

const cutOff = ({ name, bytes }: CheckpointFile, needed: number) =>
  new CodedError('convert/cut-off', { file: name, present: bytes, needed });

/** Weight files of a checkpoint: those that the index names, else `model.safetensors`. */
async function weightFiles(
  files: CheckpointFiles,
): Promise<{ file: CheckpointFile; tensors: string[] | null }[]> {
  const present = new Map((await files.list()).map((file) => [file.name, file]));
  const index = present.get(indexName);
  if (index === undefined) {
    const single = present.get(weightsName);
    if (single === undefined) throw new CodedError('convert/no-weights');
    return [{ file: single, tensors: null }];
  }
  let map: unknown;
  try {
    const parsed: unknown = JSON.parse(await readText(files, index));
    map = isObject(parsed) ? parsed.weight_map : undefined;
  } catch {
    throw fault(indexName, 'it is not valid JSON');
  }
  if (!isObject(map)) throw fault(indexName, 'weight_map is missing');
  const shards = new Map<string, string[]>();
  for (const [tensor, shard] of Object.entries(map)) {
    if (typeof shard !== 'string') throw fault(indexName, `${tensor} names no file`);
    const list = shards.get(shard);
    if (list === undefined) shards.set(shard, [tensor]);
    else list.push(tensor);
  }
  const outside = [...shards.keys()].find((shard) => /[\\/]|^\.\.?$/.test(shard));
  if (outside !== undefined) throw new CodedError('convert/outside', { file: outside });
  const missing = [...shards.keys()].filter((shard) => !present.has(shard)).sort();
  if (missing.length > 0)
    throw new CodedError('convert/no-shard', { file: missing[0]!, missing: missing.length, of: shards.size });
  return [...shards].sort().map(([shard, tensors]) => ({ file: present.get(shard)!, tensors }));
}

/** The tensors of a checkpoint folder, one file or shards with an index. */
export class SafeTensors {
  readonly #files: CheckpointFiles;
  readonly #entries: ReadonlyMap<string, TensorEntry>;
  /** The weight files, sorted by name. */
  readonly shards: readonly CheckpointFile[];

  private constructor(
    files: CheckpointFiles,
    shards: readonly CheckpointFile[],
    entries: ReadonlyMap<string, TensorEntry>,
  ) {
    this.#files = files;
    this.#entries = entries;
    this.shards = shards;
  }

  /** @throws CodedError `convert/header` {file, problem}: a corrupt file, or an index that does not fit the shards */
  static async open(files: CheckpointFiles): Promise<SafeTensors> {
    const entries = new Map<string, TensorEntry>();
    const shards = await weightFiles(files);
    for (const { file, tensors } of shards) {
      const held = await readHeader(files, file);
      const names = new Set(held.map((entry) => entry.name));
      const absent = tensors?.find((name) => !names.has(name));
      if (absent !== undefined) throw fault(file.name, `${absent} is not in it, though the index says so`);
      for (const entry of held) {
        if (entries.has(entry.name)) throw fault(file.name, `${entry.name} is in two shards`);
        entries.set(entry.name, entry);
      }
    }
    files.plan?.([...entries.values()]);
    return new SafeTensors(
      files,
      shards.map(({ file }) => file),
      entries,
    );
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  entry(name: string): TensorEntry | undefined {
    return this.#entries.get(name);
  }

  /**
   * Part of a tensor as float32, row-major.
   *
   * @param first first element
   * @param count elements
   */
  async elements(entry: TensorEntry, first = 0, count?: number): Promise<Float32Array> {
    const width = widths[entry.type];
    const total = entry.bytes / width;
    const wanted = count ?? total - first;
    if (first + wanted > total) throw new RangeError(`${entry.name} has ${total} elements`);
    const raw = await this.#files.read(entry.file, entry.offset + first * width, wanted * width);
    return asFloat32(raw, entry);
  }

  /** Raw bytes of a whole tensor. */
  bytes(entry: TensorEntry): Promise<Uint8Array> {
    return this.#files.read(entry.file, entry.offset, entry.bytes);
  }
}

function asFloat32(raw: Uint8Array, entry: TensorEntry): Float32Array {
  // Views need alignment, and a range may come as part of a larger buffer.
  const aligned = raw.byteOffset % 8 === 0 ? raw : raw.slice();
  const { buffer, byteOffset, byteLength } = aligned;
  switch (entry.type) {
    case 'F32':
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case 'BF16':
      return fromBfloat16(new Uint16Array(buffer, byteOffset, byteLength / 2));
    case 'F16':
      return fromFloat16(new Uint16Array(buffer, byteOffset, byteLength / 2));
    case 'F64':
      return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
    case 'I64':
      return Float32Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number);
    default:
      throw fault(entry.file, `${entry.name} has the type ${entry.type}, which is no weight`);
  }
}
