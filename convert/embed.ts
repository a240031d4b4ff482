/** embed_tokens: input_ids [b, s] → inputs_embeds [b, s, D]. Blocks of columns where the table is over the limit. */
import type { LanguageSource } from './checkpoint.ts';
import { Graph, type GraphOptions, msDomain } from './graph.ts';
import { sharedBetween } from './linear.ts';
import { columnsOf, inSteps, type Matrix, matrixOf, quantiseColumns, quantiseMatrix } from './matrix.ts';
import { toFloat16 } from './numbers.ts';
import { blockSize, packBlocks, type Quantised } from './quantise.ts';
import type { EmbeddingFormat, WeightFormats } from './weight-formats.ts';

export const embeddingTensor = 'language_model.model.embed_tokens.weight';

const columnBytes: Readonly<Record<EmbeddingFormat, number>> = {
  float32: 4,
  float16: 2,
  rows8: 1,
  blocks8: 1,
};

export function embedTokens(
  checkpoint: LanguageSource,
  formats: WeightFormats,
  options: GraphOptions = {},
): Graph {
  const { text } = checkpoint.config;
  const g = new Graph('embed_tokens', options);
  const ids = g.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  const table = matrixOf(checkpoint, embeddingTensor);
  const most = Math.floor(g.tensorLimit / (table.rows * columnBytes[formats.embedding]));
  const cuts = Math.ceil(table.columns / Math.max(blockSize, most - (most % blockSize)));
  const size = Math.ceil(table.columns / cuts / blockSize) * blockSize;
  const firsts = Array.from({ length: Math.ceil(table.columns / size) }, (_, i) => i * size);
  const quantised = inOnePass(table, firsts, size);
  const parts = firsts.map((first, i) => {
    const part = columnsOf(table, first, Math.min(size, table.columns - first));
    return gathered(g, ids, part, formats.embedding, () => quantised(i));
  });
  g.output('inputs_embeds', g.concat(parts, -1), 'float32', [
    'batch_size',
    'sequence_length',
    text.hidden_size,
  ]);
  return g;
}

/**
 * Blocks of columns of a table, quantised to 8 bits in one pass over its rows, since the table may come over a network. Each
 * block is held until it is asked for, in order.
 */
function inOnePass(
  table: Matrix,
  firsts: readonly number[],
  size: number,
): (i: number) => Promise<Quantised> {
  let made: Promise<Quantised[]> | undefined;
  return async (i) => {
    made ??= quantiseColumns(table, firsts, size);
    const parts = await made;
    const part = parts[i]!;
    delete parts[i];
    if (i === firsts.length - 1) made = undefined;
    return part;
  };
}

async function whole(table: Matrix): Promise<Float32Array> {
  const out = new Float32Array(table.rows * table.columns);
  await inSteps(table, 0, table.rows, (rows, at) => out.set(rows, at * table.columns));
  return out;
}

async function wholeFloat16(table: Matrix): Promise<Uint16Array> {
  const out = new Uint16Array(table.rows * table.columns);
  await inSteps(table, 0, table.rows, (rows, at) => out.set(toFloat16(rows), at * table.columns));
  return out;
}

/** The table as a constant [V, D], float32 in the session: stored as float32, or as rows8 that fold on load. */
export function constantTable(g: Graph, checkpoint: LanguageSource, formats: WeightFormats): string {
  const table = matrixOf(checkpoint, embeddingTensor);
  const { rows, columns } = table;
  if (formats.embedding === 'float32')
    return g.weight(embeddingTensor, 'float32', [rows, columns], () => whole(table));
  const { integers, scales, blocks } = rows8(g, table, () => quantiseMatrix(table, 0, rows, 8));
  const values = g.reshape(g.cast(integers, 'float32'), [rows, blocks, blockSize]);
  const wide = g.reshape(g.mul(values, g.reshape(scales, [rows, blocks, 1])), [rows, blocks * blockSize]);
  return blocks * blockSize === columns ? wide : g.slice(wide, 0, columns, 1);
}

/** Signed integers [V, ⌈D/32⌉·32] and scales [V, ⌈D/32⌉]. */
function rows8(g: Graph, table: Matrix, quantised: () => Promise<Quantised>) {
  const { rows, columns } = table;
  const blocks = Math.ceil(columns / blockSize);
  const part = sharedBetween(['integers', 'scales'], quantised);
  const integers = g.weight(
    embeddingTensor,
    'int8',
    [rows, blocks * blockSize],
    async () => (await part('integers')).integers,
  );
  const scales = g.weight(
    `${embeddingTensor}.scale`,
    'float32',
    [rows, blocks],
    async () => (await part('scales')).scales,
  );
  return { integers, scales, blocks };
}

function gathered(
  g: Graph,
  ids: string,
  table: Matrix,
  format: EmbeddingFormat,
  quantised: () => Promise<Quantised>,
): string {
  const { rows, columns } = table;
  if (format === 'float32')
    return g.gather(
      g.weight(embeddingTensor, format, [rows, columns], () => whole(table)),
      ids,
      0,
    );
  if (format === 'float16') {
    const stored = g.weight(embeddingTensor, format, [rows, columns], () => wholeFloat16(table));
    return g.cast(g.gather(stored, ids, 0), 'float32');
  }
  const blocks = Math.ceil(columns / blockSize);
  const width = blocks * blockSize;
  const trim = (x: string) => (width === columns ? x : g.slice(x, 0, columns, 2));
  if (format === 'blocks8') {
    const part = sharedBetween(['integers', 'scales'], quantised);
    const integers = g.weight(embeddingTensor, 'uint8', [rows, width], async () =>
      packBlocks(await part('integers'), 8),
    );
    const scales = g.weight(
      `${embeddingTensor}.scale`,
      'float32',
      [rows, blocks],
      async () => (await part('scales')).scales,
    );
    const attributes = { block_size: blockSize, gather_axis: 0, quantize_axis: 1, bits: 8 };
    return trim(g.node('GatherBlockQuantized', [integers, ids, scales], attributes, { domain: msDomain }));
  }
  const { integers, scales } = rows8(g, table, quantised);
  const values = g.reshape(g.cast(g.gather(integers, ids, 0), 'float32'), [0, 0, blocks, blockSize]);
  const factors = g.reshape(g.gather(scales, ids, 0), [0, 0, blocks, 1]);
  return trim(g.reshape(g.mul(values, factors), [0, 0, width]));
}
