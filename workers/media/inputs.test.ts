/** Files as people have them, each with one fault or rarity: the facts that the page shows of them. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Video } from './video.ts';

const folder = resolve(process.env.VQA_SHARED ?? '../shared', 'inputs');
const open = (name: string) => Video.open(new File([readFileSync(resolve(folder, name))], name));

describe.skipIf(!existsSync(folder))('files as people have them', () => {
  it('four frames in a minute: the last one lasts as long as is usual', async () => {
    const { facts } = await open('sparse-4-frames.webm');
    expect(facts.frames).toBe(4);
    expect(facts.duration).toBeGreaterThan(59);
    expect(facts.duration).toBeLessThanOrEqual(60);
    expect(facts.fps * 60).toBeCloseTo(4, 0);
  });

  it.each([
    ['size-zero.mp4', 160, 90],
    ['mbaff-small.ts', 160, 96],
  ])('%s has the size of its stream', async (name, width, height) => {
    expect((await open(name)).facts).toMatchObject({ width, height });
  });

  it('one picture is told', async () => {
    const { facts } = await open('one-frame.mp4');
    expect(facts).toMatchObject({ frames: 1, fps: 0, notices: [{ code: 'single-frame' }] });
  });
});
