/** Names, types and ranges of the weights of an ONNX graph, read from its protobuf message; no weight is read. */

export interface StoredWeight {
  readonly name: string;
  /** TensorProto.DataType */
  readonly type: number;
  readonly dims: readonly number[];
  /** Bytes in the message, or a range of a data file. */
  readonly data:
    | Uint8Array<ArrayBuffer>
    | { readonly location: string; readonly offset: number; readonly length: number };
}

const decoder = new TextDecoder();

type Bytes = Uint8Array<ArrayBuffer>;
interface Field {
  readonly number: number;
  readonly value: number | Bytes;
}

/** Fields of a message in order. Numbers of more than 53 bits do not occur in sizes and offsets. */
function* fieldsOf(bytes: Bytes): Generator<Field> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('the message ends within a number');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Bytes => {
    if (at + length > bytes.length) throw new RangeError('the message ends within a field');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const wire = tag % 8;
    const number = Math.floor(tag / 8);
    if (wire === 0) yield { number, value: varint() };
    else if (wire === 2) yield { number, value: take(varint()) };
    else if (wire === 1 || wire === 5) take(wire === 1 ? 8 : 4);
    else throw new RangeError(`the message has a field of wire type ${wire}`);
  }
}

function messages(bytes: Bytes, number: number): Bytes[] {
  return [...fieldsOf(bytes)].flatMap((field) =>
    field.number === number && typeof field.value !== 'number' ? [field.value] : [],
  );
}

function weightOf(tensor: Bytes): StoredWeight {
  let name = '';
  let type = 0;
  let raw: Bytes = new Uint8Array(0);
  const dims: number[] = [];
  const external: Record<string, string> = {};
  for (const { number, value } of fieldsOf(tensor)) {
    if (number === 2 && typeof value === 'number') type = value;
    if (number === 1 && typeof value === 'number') dims.push(value);
    if (typeof value === 'number') continue;
    if (number === 1) for (const { value: size } of fieldsOf(packed(value))) dims.push(size as number);
    if (number === 8) name = decoder.decode(value);
    if (number === 9) raw = value;
    if (number === 13) {
      const [key = new Uint8Array(0)] = messages(value, 1);
      const [entry = new Uint8Array(0)] = messages(value, 2);
      external[decoder.decode(key)] = decoder.decode(entry);
    }
  }
  const { location } = external;
  if (location === undefined) return { name, type, dims, data: raw };
  const range = { location, offset: Number(external.offset ?? 0), length: Number(external.length ?? 0) };
  return { name, type, dims, data: range };
}

/** Packed integers as a message whose fields are those integers, so that one reader serves both. */
function packed(values: Bytes): Bytes {
  const out: number[] = [];
  let begins = true;
  for (const byte of values) {
    if (begins) out.push(8);
    out.push(byte);
    begins = byte < 128;
  }
  return Uint8Array.from(out);
}

/** @throws RangeError for bytes that are no ONNX model */
export function readWeights(model: Uint8Array<ArrayBuffer>): StoredWeight[] {
  const [graph] = messages(model, 7);
  if (!graph) throw new RangeError('the model has no graph');
  return messages(graph, 5).map(weightOf);
}
