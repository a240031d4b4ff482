/**
 * TensorBoard event files: TFRecords (length, masked CRC-32C, data, masked CRC-32C) of Event messages, written here,
 * because only scalars are needed. https://www.tensorflow.org/tutorials/load_data/tfrecord
 */

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32C (Castagnoli); of "123456789" it is 0xe3069283. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function record(data: Buffer): Buffer {
  const framed = Buffer.alloc(12 + data.length + 4);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(masked(framed.subarray(0, 8)), 8);
  data.copy(framed, 12);
  framed.writeUInt32LE(masked(data), 12 + data.length);
  return framed;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const fixed = (field: number, value: number): Buffer => {
  const bytes = Buffer.alloc(9);
  bytes[0] = (field << 3) | 1;
  bytes.writeDoubleLE(value, 1);
  return bytes;
};
const single = (field: number, value: number): Buffer => {
  const bytes = Buffer.alloc(5);
  bytes[0] = (field << 3) | 5;
  bytes.writeFloatLE(value, 1);
  return bytes;
};
const whole = (field: number, value: number): Buffer =>
  Buffer.concat([Buffer.from([field << 3]), varint(value)]);
const nested = (field: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(field << 3) | 2]), varint(bytes.length), bytes]);

/** The first record of a file; `start` voids the steps from here on in earlier files. */
export function fileHead(time: number, step: number): Buffer {
  const version = record(Buffer.concat([fixed(1, time), nested(3, Buffer.from('brain.Event:2'))]));
  const start = nested(7, whole(1, 1)); // SessionLog.START
  return Buffer.concat([version, record(Buffer.concat([fixed(1, time), whole(2, step), start]))]);
}

/** One event with all scalars of a step; values that are null are left out. */
export function scalars(time: number, step: number, values: Readonly<Record<string, number | null>>): Buffer {
  const parts = Object.entries(values).flatMap(([tag, value]) =>
    value === null ? [] : [nested(1, Buffer.concat([nested(1, Buffer.from(tag)), single(2, value)]))],
  );
  return record(Buffer.concat([fixed(1, time), whole(2, step), nested(5, Buffer.concat(parts))]));
}
