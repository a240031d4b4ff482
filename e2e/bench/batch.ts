/** A long queue: clips a minute with the model that ships, and what the page holds while it goes on. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { manyNames, openBatch, REAL_CLIPS } from './batch-load.ts';
import { root, scratch } from './browser.ts';
import type { BenchMetric } from './media.ts';
import { writtenMemory } from './memory.ts';

const MEDIA = join(process.env.VQA_SHARED ?? join(root, '..', 'shared'), 'media');
const SAMPLE = join(root, 'public', 'sample.mp4');
const REAL = 50;
const AT_ONCE = 1000;
/** A file of three frames, where there is one: the queue is measured, not the decoder. */
const SHORT = join(MEDIA, 'video_90.mov');

export async function benchBatch(address: string): Promise<BenchMetric[]> {
  const rows: BenchMetric[] = [];
  const clips = REAL_CLIPS.map((name) => join(MEDIA, name)).filter((path) => existsSync(path));
  const real = await openBatch(address, scratch, 'shipped');
  try {
    const names = manyNames(clips.length > 0 ? clips : [SAMPLE], REAL, join(scratch, 'fifty'));
    const some = await real.run(names.slice(0, 10));
    const all = await real.run(names.slice(10));
    rows.push(
      {
        what: `${REAL} clips of up to 720p, clips a minute`,
        value: ((REAL - 10) / (all.seconds / 60)).toFixed(0),
        bar: '',
      },
      { what: 'Memory after 10 of them', value: writtenMemory(some.memory), bar: '' },
      { what: `Memory after ${REAL}`, value: writtenMemory(all.memory), bar: 'flat' },
    );
  } finally {
    await real.close();
  }
  const queue = await openBatch(address, scratch, 'instant');
  try {
    const names = manyNames([existsSync(SHORT) ? SHORT : SAMPLE], AT_ONCE, join(scratch, 'thousand'));
    const some = await queue.run(names.slice(0, REAL));
    const all = await queue.run(names.slice(REAL));
    rows.push(
      {
        what: `${AT_ONCE} short files, answers at once, files a minute`,
        value: ((AT_ONCE - REAL) / (all.seconds / 60)).toFixed(0),
        bar: '',
      },
      { what: `Memory after ${REAL} of them`, value: writtenMemory(some.memory), bar: '' },
      { what: `Memory after ${AT_ONCE}`, value: writtenMemory(all.memory), bar: 'flat' },
    );
  } finally {
    await queue.close();
  }
  return rows;
}
