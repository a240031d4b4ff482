import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../core/errors.ts';
import { MemoryFiles } from './memory.ts';
import { headerLimit, readHeader, SafeTensors } from './safetensors.ts';

function file(header: string, data = new Uint8Array(0), length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + json.length + data.length);
  new DataView(out.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  out.set(json, 8);
  out.set(data, 8 + json.length);
  return out;
}

const entry = (dtype: string, shape: number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

async function problemOf(bytes: Uint8Array): Promise<string> {
  const files = new MemoryFiles([['model.safetensors', bytes]]);
  const error: unknown = await SafeTensors.open(files).then(
    () => new Error('was accepted'),
    (e: unknown) => e,
  );
  if (!(error instanceof CodedError)) throw error;
  expect(error.code).toBe('convert/header');
  expect(error.params.file).toBe('model.safetensors');
  return String(error.params.problem);
}

const four = new Uint8Array(4);
const json = (value: unknown) => JSON.stringify(value);

describe('safetensors header', () => {
  it.each<[string, Uint8Array]>([
    ['shorter than its header length', new Uint8Array(5)],
    [`claims ${headerLimit + 1} bytes`, file('{}', undefined, BigInt(headerLimit + 1))],
    ['claims 18446744073709551615 bytes', file('{}', undefined, 2n ** 64n - 1n)],
    ['does not start with {', file(' {}')],
    ['not valid JSON', file('{"a":}')],
    ['not valid JSON', file('{"a":\uD800}')],
    [
      'a is there twice',
      file(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        four,
      ),
    ],
    ['a is there twice', file('{"\\u0061":{},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', four)],
    ['has the type toString', file(json({ a: entry('toString', [4], 0, 4) }), four)],
    ['has no valid shape', file(json({ a: entry('F32', [-1], 0, 4) }), four)],
    ['has no valid shape', file(json({ a: entry('F32', [1.5], 0, 4) }), four)],
    ['has no valid range', file(json({ a: { dtype: 'F32', shape: [1], data_offsets: [0] } }), four)],
    ['lies outside the file', file(json({ a: entry('F32', [1], 4, 0) }), four)],
    ['has 4 bytes where its shape needs 8', file(json({ a: entry('F32', [2], 0, 4) }), four)],
    ['where its shape needs', file(json({ a: entry('F32', [2 ** 31, 2 ** 31], 0, 4) }), four)],
    [
      'b overlaps its neighbour',
      file(json({ a: entry('F32', [1], 0, 4), b: entry('F16', [1], 2, 4) }), four),
    ],
    ['a hole before b', file(json({ a: entry('U8', [1], 0, 1), b: entry('U8', [1], 3, 4) }), four)],
    ['3 bytes at the end belong to no tensor', file(json({ a: entry('U8', [1], 0, 1) }), four)],
    ['a is no object', file(json({ a: 3 }), four)],
  ])('refuses: %s', async (problem, bytes) => {
    expect(await problemOf(bytes)).toContain(problem);
  });

  it.each([
    ['in its tensors', file(json({ a: entry('F32', [1], 0, 4), b: entry('F32', [2], 4, 12) }), four), 12],
    ['in its header', file('{}', undefined, 1000n), 1000],
  ])('a file that ends %s is cut off, with its sizes', async (_, bytes, rest) => {
    const files = new MemoryFiles([['model.safetensors', bytes]]);
    const header = bytes.length - (rest === 12 ? 4 : 2);
    await expect(SafeTensors.open(files)).rejects.toMatchObject({
      code: 'convert/cut-off',
      params: { file: 'model.safetensors', present: bytes.length, needed: header + rest },
    });
  });

  it('eight-bit floats are quantised weights', async () => {
    const bytes = file(json({ a: entry('F8_E4M3', [4], 0, 4) }), four);
    await expect(SafeTensors.open(new MemoryFiles([['model.safetensors', bytes]]))).rejects.toMatchObject({
      code: 'convert/quantised',
      params: { method: 'F8_E4M3' },
    });
  });

  it('takes an empty tensor beside another at the same place', async () => {
    const bytes = file(
      json({ __metadata__: { format: 'pt' }, a: entry('F32', [1], 0, 4), b: entry('F32', [0, 7], 0, 0) }),
      four,
    );
    const tensors = await SafeTensors.open(new MemoryFiles([['model.safetensors', bytes]]));
    expect([...tensors.names].sort()).toEqual(['a', 'b']);
  });

  it('reads any bytes as tensors or as a named error, never otherwise', async () => {
    const header = fc.dictionary(
      fc.string({ maxLength: 3 }),
      fc.record({
        dtype: fc.constantFrom('F32', 'BF16', 'I64', 'U8', 'X'),
        shape: fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 3 }),
        data_offsets: fc.array(fc.integer({ min: -1, max: 40 }), { maxLength: 3 }),
      }),
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(header, fc.uint8Array({ maxLength: 40 })).map(([h, data]) => file(json(h), data)),
      fc
        .tuple(fc.string({ maxLength: 40 }), fc.uint8Array({ maxLength: 8 }))
        .map(([text, data]) => file(`{${text}`, data)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (raw) => {
        const named = { name: 'x', bytes: raw.length };
        const result = await readHeader(new MemoryFiles([['x', raw]]), named).catch(
          (error: unknown) => error,
        );
        if (Array.isArray(result)) {
          const inside = result.every(({ offset, bytes: n }) => offset >= 8 && offset + n <= raw.length);
          expect(inside).toBe(true);
        } else expect(result).toMatchObject({ code: expect.stringMatching(/^convert\/(header|cut-off)$/) });
      }),
      { numRuns: 500, seed: 11 },
    );
  });
});

describe('shards', () => {
  const shard = (name: string) =>
    file(json({ [name]: entry('F32', [1], 0, 4) }), new Uint8Array(Float32Array.of(name.length).buffer));
  const index = (map: unknown) => new TextEncoder().encode(json({ weight_map: map }));

  it('are joined by their index', async () => {
    const files = new MemoryFiles([
      ['model.safetensors.index.json', index({ a: '1.safetensors', bb: '2.safetensors' })],
      ['1.safetensors', shard('a')],
      ['2.safetensors', shard('bb')],
    ]);
    const tensors = await SafeTensors.open(files);
    expect(tensors.shards.map(({ name }) => name)).toEqual(['1.safetensors', '2.safetensors']);
    expect(await tensors.elements(tensors.entry('bb')!)).toEqual(Float32Array.of(2));
  });

  it.each([
    [
      'convert/no-shard',
      { a: '1.safetensors', bb: '3.safetensors' },
      { file: '3.safetensors', missing: 1, of: 2 },
    ],
    ['convert/outside', { a: '../../x.safetensors' }, { file: '../../x.safetensors' }],
    ['convert/outside', { a: 'C:\\x.safetensors' }, { file: 'C:\\x.safetensors' }],
  ])('%s', async (code, map, params) => {
    const files = new MemoryFiles([
      ['model.safetensors.index.json', index(map)],
      ['1.safetensors', shard('a')],
    ]);
    await expect(SafeTensors.open(files)).rejects.toMatchObject({ code, params });
  });

  it.each([
    ['c is not in it', { a: '1.safetensors', c: '2.safetensors' }],
    ['a names no file', { a: 1 }],
    ['weight_map is missing', null],
  ])('refuse: %s', async (problem, map) => {
    const files = new MemoryFiles([
      ['model.safetensors.index.json', index(map)],
      ['1.safetensors', shard('a')],
      ['2.safetensors', shard('bb')],
    ]);
    await expect(SafeTensors.open(files)).rejects.toMatchObject({
      code: 'convert/header',
      params: { problem: expect.stringContaining(problem) },
    });
  });
});

describe('number formats', () => {
  it('come out as float32', async () => {
    const bf16 = Uint16Array.of(0x3f80, 0xc000, 0x7f80);
    const f16 = Uint16Array.of(0x3c00, 0x8001, 0x7bff);
    const i64 = BigInt64Array.of(7n, -3n);
    const data = new Uint8Array(6 + 6 + 16);
    data.set(new Uint8Array(bf16.buffer), 0);
    data.set(new Uint8Array(f16.buffer), 6);
    data.set(new Uint8Array(i64.buffer), 12);
    const header = json({
      a: entry('BF16', [3], 0, 6),
      b: entry('F16', [3], 6, 12),
      c: entry('I64', [2], 12, 28),
    });
    const tensors = await SafeTensors.open(new MemoryFiles([['model.safetensors', file(header, data)]]));
    const read = (name: string, first = 0, count?: number) =>
      tensors.elements(tensors.entry(name)!, first, count);
    expect([...(await read('a'))]).toEqual([1, -2, Number.POSITIVE_INFINITY]);
    expect([...(await read('b'))]).toEqual([1, -(2 ** -24), 65504]);
    expect([...(await read('c'))]).toEqual([7, -3]);
    expect([...(await read('a', 1, 1))]).toEqual([-2]);
    await expect(read('a', 2, 2)).rejects.toThrow(RangeError);
  });
});
