/**
 * The graphs of the released 8B by sizes alone: without its weights, since every size that a browser limits follows from
 * the config. Oracle: the limits of the package format.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { builtInProfiles } from '../core/sampling/profiles.ts';
import { Checkpoint } from './checkpoint.ts';
import { fileLimit, layOut } from './external.ts';

import { type Graph, partLimit, tensorLimit } from './graph.ts';
import { hollowCheckpoint } from './hollow.ts';
import { variantGraphs } from './model.ts';

const facts = join(
  process.env.VQA_SHARED ?? join(import.meta.dirname, '..', '..', 'shared'),
  'facts',
  'vqathinker_state_dict.tsv',
);

const stored = (g: Graph) => g.weights.reduce((sum, { bytes }) => sum + bytes, 0);

describe('the released 8B', async () => {
  // The defaults of the config are those of the released model.
  const { shapes, files } = hollowCheckpoint({});
  const checkpoint = await Checkpoint.open(files);
  const profile = builtInProfiles['test12@560']!;

  it.skipIf(!existsSync(facts))('has the tensors that the official code makes', () => {
    const rows = readFileSync(facts, 'utf8').trim().split('\n').slice(1);
    const official = rows
      .map((row) => row.split('\t'))
      .filter(([name]) => !name!.endsWith('num_batches_tracked'))
      .map(([name, shape]) => [name, JSON.parse(shape!).join()]);
    expect([...shapes].map(([name, shape]) => [name, shape.join()]).sort()).toEqual(official.sort());
  });

  it.each([
    // 28 layers of 131 and 247 MB, the head of 0.61 GB with the last.
    ['q4f16', 5],
    ['q8', 8],
  ] as const)('fits every limit at %s, its decoder in %d sessions', (dtype, parts) => {
    const graphs = variantGraphs(checkpoint, profile, { target: 'webgpu', dtype });
    const decoder = graphs.filter(({ name }) => name.startsWith('decoder_model_'));
    expect(decoder.map(({ name }) => name)).toEqual(
      Array.from({ length: parts }, (_, k) => `decoder_model_${k}`),
    );
    for (const g of decoder) expect(stored(g)).toBeLessThanOrEqual(partLimit);
    const layers = decoder.map(
      (g) => new Set(g.weights.flatMap(({ name }) => /^layers\.(\d+)\./.exec(name)?.[1] ?? [])),
    );
    expect(layers.flatMap((part) => [...part].map(Number))).toEqual(Array.from({ length: 28 }, (_, i) => i));
    for (const g of graphs) {
      for (const weight of g.weights) expect(weight.bytes).toBeLessThanOrEqual(tensorLimit);
      for (const location of layOut(g, `${g.name}.onnx`, new Map()).values())
        expect(location.offset + location.length).toBeLessThanOrEqual(fileLimit);
    }
  });

  it('has no greedy graph: a second copy of its weights would cost more than a call', () => {
    const graphs = variantGraphs(checkpoint, profile, { target: 'wasm', dtype: 'q8' });
    expect(graphs.map(({ name }) => name)).not.toContain('decoder_greedy');
  });
});
