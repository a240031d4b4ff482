/**
 * Memory after a long queue: nothing but its rows. Fifty real clips with the model that ships, then a thousand
 * files whose answers come at once, through the built page in a browser of its own.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { manyNames, openBatch, REAL_CLIPS } from '../bench/batch-load.ts';
import { writtenMemory } from '../bench/memory.ts';
import { clip, expect, hasModel, ROOT, SAMPLE, test } from './fixture.ts';

const MB = 1e6;
const scratch = join(process.env.VQA_BUILDS ?? join(ROOT, '.scratch'), 'batch-memory');

test.skip(!hasModel, 'no bundled model');
test.skip(!existsSync('/proc/self/smaps_rollup'), 'only Linux tells what a process holds');
test.describe.configure({ timeout: 3_600_000 });

test('fifty real clips: the second half leaves nothing behind', async ({ site }) => {
  test.setTimeout(3_600_000);
  const clips = REAL_CLIPS.map(clip);
  test.skip(clips.includes(null), 'no shared media');
  const page = await openBatch(site.address, scratch, 'shipped');
  try {
    const names = manyNames(clips as string[], 50, join(scratch, 'fifty'));
    // Each kind of clip once, so that every path has been gone.
    const first = await page.run(names.slice(0, 13));
    const last = await page.run(names.slice(13));
    console.log(`after 13: ${writtenMemory(first.memory)}`);
    console.log(
      `after 50: ${writtenMemory(last.memory)}; ${((37 / last.seconds) * 60).toFixed(1)} clips a minute`,
    );
    expect(last.done).toBe(50);
    // The model keeps the embeddings of 512 pictures, 38 kB each; here come 296 more.
    expect(last.memory.heap - first.memory.heap).toBeLessThan(20 * MB);
    expect(last.memory.processes.renderer! - first.memory.processes.renderer!).toBeLessThan(80 * MB);
    expect(last.memory.processes.GPU! - first.memory.processes.GPU!).toBeLessThan(30 * MB);
  } finally {
    await page.close();
  }
});

test('a thousand files: the page holds their rows and no more', async ({ site }) => {
  test.setTimeout(3_600_000);
  const page = await openBatch(site.address, scratch, 'instant');
  try {
    const names = manyNames([clip('video_90.mov') ?? SAMPLE], 1000, join(scratch, 'thousand'));
    const first = await page.run(names.slice(0, 50));
    const half = await page.run(names.slice(50, 525));
    const last = await page.run(names.slice(525));
    console.log(`after 50: ${writtenMemory(first.memory)}`);
    console.log(`after 525: ${writtenMemory(half.memory)}`);
    console.log(
      `after 1,000: ${writtenMemory(last.memory)}; ${((475 / last.seconds) * 60).toFixed(0)} files a minute`,
    );
    expect(last.done).toBe(1000);
    // A row with its text is about 2 kB.
    expect(last.memory.heap - first.memory.heap).toBeLessThan(12 * MB);
    expect(last.memory.processes.GPU! - first.memory.processes.GPU!).toBeLessThan(30 * MB);
    // The allocator's pools grow to what the busiest moments took, and stay: only the second half says what leaks.
    expect(last.memory.processes.renderer! - half.memory.processes.renderer!).toBeLessThan(50 * MB);
  } finally {
    await page.close();
  }
});
