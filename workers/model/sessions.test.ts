/** Files that a session is given, by a fake runtime that reads them as onnxruntime does. */
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { type ByteSource, heldSource } from './byte-source.ts';
import type { Build } from './runtime.ts';
import { checkHeld, graphFiles, SessionOpener } from './sessions.ts';

const variant = {
  files: [
    'onnx/decoder_model_merged_q4f16.onnx',
    'onnx/decoder_model_merged_q4f16.onnx_data',
    'onnx/decoder_model_merged_q4f16.onnx_data_1',
    'onnx/vision_encoder_q4f16.onnx',
  ],
} as never;

interface Given {
  readonly path: string;
  readonly data: Blob | Uint8Array<ArrayBuffer>;
}

function setUp(build: Build, content: Record<string, ByteSource>) {
  const given: Given[] = [];
  const released: string[] = [];
  const ort = {
    InferenceSession: {
      async create(_: Uint8Array, { externalData = [] }: { externalData?: Given[] }) {
        given.push(...externalData);
        for (const { data } of externalData)
          if (data instanceof Blob)
            await data.arrayBuffer().catch(() => {
              throw new Error('Failed to load external data file, error code 4');
            });
        return { release: async () => void released.push('released') };
      },
    },
  } as never;
  const read: [string, number][] = [];
  const opener = new SessionOpener({ ort, build }, variant, new Map(Object.entries(content)), (bytes, file) =>
    read.push([file, bytes]),
  );
  return { opener, given, read, released };
}

const onDisk = (bytes: number): ByteSource => ({
  size: bytes,
  read: async (from, to) => new Uint8Array(to - from),
});

describe('sessions', () => {
  it('finds the files of a graph, whatever its weight format', () => {
    expect(graphFiles(variant, 'decoder_model_merged')?.data).toHaveLength(2);
    expect(graphFiles(variant, 'vision_encoder')).toEqual({
      onnx: 'onnx/vision_encoder_q4f16.onnx',
      data: [],
    });
    expect(graphFiles(variant, 'decoder_model')).toBeNull();
  });

  it.each(['jspi', 'asyncify'] as const)('%s: weights on disk, streamed or whole', async (build) => {
    const { opener, given, read, released } = setUp(build, {
      'onnx/decoder_model_merged_q4f16.onnx': heldSource(new Uint8Array(10)),
      'onnx/decoder_model_merged_q4f16.onnx_data': onDisk(9 << 20),
      'onnx/decoder_model_merged_q4f16.onnx_data_1': onDisk(5),
    });
    await opener.open('decoder_model_merged', { session: {} });
    expect(given.map(({ path }) => path)).toEqual([
      'decoder_model_merged_q4f16.onnx_data',
      'decoder_model_merged_q4f16.onnx_data_1',
    ]);
    expect(given.map(({ data }) => data instanceof Blob)).toEqual(Array(2).fill(build === 'jspi'));
    const bytes = read.reduce((sum, [, n]) => sum + n, 0);
    expect(bytes).toBe((9 << 20) + 5);
    expect(Math.max(...read.map(([, n]) => n)) <= 4 << 20).toBe(build === 'jspi');
    await opener.releaseAll();
    expect(released).toHaveLength(1);
  });

  it('says why a file could not be read, where onnxruntime has a number', async () => {
    const cause = new CodedError('model/checksum', { file: 'x' });
    const { opener } = setUp('jspi', {
      'onnx/decoder_model_merged_q4f16.onnx': heldSource(new Uint8Array(10)),
      'onnx/decoder_model_merged_q4f16.onnx_data': { size: 5, read: () => Promise.reject(cause) },
      'onnx/decoder_model_merged_q4f16.onnx_data_1': onDisk(5),
    });
    await expect(opener.open('decoder_model_merged', { session: {} })).rejects.toBe(cause);
  });

  it('refuses in words what a build without streaming cannot hold', () => {
    expect(() => checkHeld('jspi', 5e9)).not.toThrow();
    expect(() => checkHeld('asyncify', 1e9)).not.toThrow();
    for (const build of ['asyncify', 'plain'] as const)
      expect(() => checkHeld(build, 5e9)).toThrow(
        expect.objectContaining({ code: 'model/held', params: { bytes: 5e9, limit: 2 ** 31 } }),
      );
  });
});
