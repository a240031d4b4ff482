/** Rows of an embedding table read from the package's file. Oracle: the graph `embed_tokens` in onnxruntime. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { embedTokens } from '../../../convert/embed.ts';
import { layOut, writeGraph } from '../../../convert/external.ts';
import { MemorySink } from '../../../convert/memory.ts';
import { weightFormatsOf } from '../../../convert/weight-formats.ts';
import { createSha256 } from '../../../core/files/sha256.ts';
import { heldSource } from '../../../workers/model/byte-source.ts';
import { EmbeddingRows } from '../../../workers/model/embedding.ts';

const ROWS = 200;

/** A checkpoint of nothing but the table, with values that no rounding hides. */
function checkpointOf(columns: number) {
  const table = Float32Array.from(
    { length: ROWS * columns },
    (_, i) => Math.sin(i * 12.9898) * (1 + (i % 7)),
  );
  return {
    config: { text: { hidden_size: columns } },
    shape: () => [ROWS, columns],
    rows: async (_: string, first: number, count: number) =>
      table.subarray(first * columns, (first + count) * columns),
    tensor: async () => table,
  } as never;
}

async function graphOf(dtype: 'fp32' | 'fp16' | 'q8', columns: number, tensorLimit?: number) {
  const options = tensorLimit === undefined ? {} : { tensorLimit };
  const g = embedTokens(checkpointOf(columns), weightFormatsOf(dtype, 'webgpu'), options);
  const sink = new MemorySink();
  const digest = createSha256;
  const producer = { name: 'test', version: '1' };
  await writeGraph(sink, 'onnx', 'embed_tokens.onnx', g, layOut(g, 'embed_tokens.onnx', new Map()), {
    producer,
    digest,
  });
  await sink.commit();
  return sink.files as ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

describe('embedding rows', () => {
  it.each([
    ['fp32', 64, undefined],
    ['fp16', 64, undefined],
    ['q8', 64, undefined],
    // Blocks fill the last 20 columns up to 32.
    ['q8', 84, undefined],
    // Three blocks of columns, as an 8B's table of 1.09 GB.
    ['q8', 84, ROWS * 32],
    ['fp32', 96, ROWS * 32 * 4],
  ] as const)('%s of %i columns, limit %s', async (dtype, columns, limit) => {
    const files = await graphOf(dtype, columns, limit);
    const model = files.get('onnx/embed_tokens.onnx') as Uint8Array<ArrayBuffer>;
    const reads: number[] = [];
    const source = (location: string) => {
      const held = heldSource(files.get(`onnx/${location}`) as Uint8Array<ArrayBuffer>);
      return {
        size: held.size,
        read: (from: number, to: number) => {
          reads.push(to - from);
          return held.read(from, to);
        },
      };
    };
    const rows = EmbeddingRows.of(model, source, columns);
    const ids = [3, 0, 199, 3, 17, 0];
    const got = await rows!.embed(ids);

    const session = await InferenceSession.create(model, {
      externalData: [...files].flatMap(([path, data]) =>
        path.endsWith('_data') ? [{ path: path.slice('onnx/'.length), data }] : [],
      ),
    } as never);
    const given = new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
    const { inputs_embeds } = await session.run({ input_ids: given });
    expect(got).toEqual(inputs_embeds!.data);
    await session.release();

    // Four different rows, and none of them again.
    const parts = limit === undefined ? 1 : 3;
    expect(reads).toHaveLength(4 * parts * (dtype === 'q8' ? 2 : 1));
    await rows!.embed(ids);
    expect(reads).toHaveLength(4 * parts * (dtype === 'q8' ? 2 : 1));
    await expect(rows!.embed([ROWS])).rejects.toThrow('no row 200');
  });
});
