/**
 * The file of a head that predicts human scores, as `npm run train-small -- human-head` writes it: safetensors with a
 * description of the training as metadata.
 */
import { z } from 'zod';
import type { HumanHead } from '../../core/answer/human-head.ts';
import { CodedError } from '../../core/errors.ts';
import { featureColumns } from '../../core/sampling/human-features.ts';
import { readAs } from '../../core/schema.ts';

const count = featureColumns.length;

const tensor = z.object({
  dtype: z.literal('F32'),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

const header = z.object({
  __metadata__: z.object({ about: z.string() }),
  low: tensor,
  high: tensor,
  mean: tensor,
  deviation: tensor,
  'inner.weight': tensor,
  'inner.bias': tensor,
  'outer.weight': tensor,
  'outer.bias': tensor,
});

const about = z.object({
  columns: z.array(z.string()),
  clips: z.int().positive(),
  trainedOn: z.string(),
  scale: z.string(),
});

function fault(field: string, problem: string): CodedError {
  return new CodedError('model/manifest', { field, problem }, `${field}: ${problem}`);
}

function parsedJson(bytes: Uint8Array, field: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw fault(field, 'is not valid JSON');
  }
}

/**
 * A head from the bytes of its safetensors file.
 *
 * @throws CodedError `model/manifest` {field, problem} for another file, or one of other columns
 */
export function readHumanHead(file: Uint8Array): HumanHead {
  const field = 'human head';
  if (file.length < 8) throw fault(field, 'is shorter than its header length');
  const length = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(file.length - 8)) throw fault(field, 'has a header that ends past the file');
  const start = 8 + Number(length);
  const tensors = readAs(header, parsedJson(file.subarray(8, start), field), 'model/manifest', field);
  const facts = readAs(
    about,
    parsedJson(new TextEncoder().encode(tensors.__metadata__.about), field),
    'model/manifest',
    field,
  );
  if (facts.columns.join() !== featureColumns.join()) throw fault(field, 'was trained on other columns');
  const hidden = tensors['inner.bias'].shape[0] ?? 0;
  const values = (name: Exclude<keyof typeof tensors, '__metadata__'>, size: number): Float32Array => {
    const [from, to] = tensors[name].data_offsets;
    if (to - from !== 4 * size || start + to > file.length) throw fault(field, `${name} has another size`);
    const view = new DataView(file.buffer, file.byteOffset + start + from, 4 * size);
    return Float32Array.from({ length: size }, (_, i) => view.getFloat32(4 * i, true));
  };
  return {
    clips: facts.clips,
    trainedOn: facts.trainedOn,
    low: values('low', count),
    high: values('high', count),
    mean: values('mean', count),
    deviation: values('deviation', count),
    innerWeight: values('inner.weight', hidden * count),
    innerBias: values('inner.bias', hidden),
    outerWeight: values('outer.weight', hidden),
    outerBias: values('outer.bias', 1)[0]!,
  };
}
