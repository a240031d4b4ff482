import { expect, it } from 'vitest';
import type { MetricBatch } from './api.ts';
import { Batches } from './batches.ts';

it('counts pairs on from batch to batch, although the arrays of a batch are transferred', async () => {
  const arrived: MetricBatch[] = [];
  const post = (batch: MetricBatch) => {
    arrived.push(structuredClone(batch, { transfer: [batch.mse.buffer, batch.ssim.buffer] }));
  };
  const batches = new Batches(post, 0);
  for (let pair = 0; pair < 3; pair++) batches.add(pair, 1);
  await batches.end();
  expect(arrived.map(({ from, mse }) => [from, ...mse])).toEqual([[0, 0], [1, 1], [2, 2], [3]]);
});
