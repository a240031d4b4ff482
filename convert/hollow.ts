/** A checkpoint of a given shape without weights: its files list and headers are real, every weight reads as zero. */
import { type CheckpointConfig, readCheckpointConfig } from '../core/files/checkpoint.ts';
import { expectedTensors, type Shape } from './checkpoint.ts';
import type { CheckpointFiles } from './files.ts';

/** Bytes of an element in bfloat16, the type of the released weights. */
const WIDTH = 2;

/** Elements of all tensors of a shape; batch norm's running statistics are buffers and no parameters. */
export function elementsOf(shapes: ReadonlyMap<string, Shape>): { parameters: number; buffers: number } {
  const counts = { parameters: 0, buffers: 0 };
  for (const [name, shape] of shapes)
    counts[/\.running_(mean|var)$/.test(name) ? 'buffers' : 'parameters'] += shape.reduce((a, b) => a * b, 1);
  return counts;
}

/**
 * One safetensors file in bfloat16 with the tensors of a config.
 *
 * @param json contents of config.json; `{}` is the released 8B
 */
export function hollowCheckpoint(json: object): {
  readonly config: CheckpointConfig;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly files: CheckpointFiles;
} {
  const config = readCheckpointConfig(json);
  const shapes = expectedTensors(config);
  const header: Record<string, object> = {};
  let at = 0;
  for (const [name, shape] of shapes) {
    const bytes = shape.reduce((product, n) => product * n, WIDTH);
    header[name] = { dtype: 'BF16', shape, data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = new Uint8Array(8 + text.length);
  new DataView(start.buffer).setBigUint64(0, BigInt(text.length), true);
  start.set(text, 8);
  const configFile = new TextEncoder().encode(JSON.stringify(json));
  const files: CheckpointFiles = {
    list: async () => [
      { name: 'config.json', bytes: configFile.length },
      { name: 'model.safetensors', bytes: start.length + at },
    ],
    read: async (name, offset, length) => {
      const out = new Uint8Array(length);
      out.set((name === 'config.json' ? configFile : start).subarray(offset, offset + length));
      return out;
    },
  };
  return { config, shapes, files };
}
