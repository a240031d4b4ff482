import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MP4, QTFF } from 'mediabunny';
import { describe, expect, it } from 'vitest';
import { CLIPS, REFUSED } from '../../e2e/media/clips.ts';
import { demux } from './demux.ts';
import { indexWithMediabunny } from './mediabunny-index.ts';
import { presentationOrder } from './packet-index.ts';
import { Video } from './video.ts';

const folder = resolve(process.env.VQA_SHARED ?? '../shared', 'media');
const here = existsSync(folder);
const file = (name: string) => new File([readFileSync(resolve(folder, name))], name);
const clips = Object.entries(CLIPS).map(([name, clip]) => ({ name, ...clip }));

describe.skipIf(!here)('every test clip', () => {
  it('is in the table', () => {
    const there = readdirSync(folder).filter((name) => /\.(mp4|mov|mkv|webm)$/.test(name));
    expect(Object.keys({ ...CLIPS, ...REFUSED }).sort()).toEqual(there.sort());
  });

  it.each(clips)('$name', async (clip) => {
    const video = await Video.open(file(clip.name));
    const { facts, index } = video;
    const { matrix, range, source, transfer } = facts.colour;
    expect({
      frames: facts.frames,
      keys: index.packets.key.reduce((sum, key) => sum + key, 0),
      size: [facts.width, facts.height],
      codecName: facts.codecName,
      container: facts.container,
      colour: [matrix, range, source, transfer],
      rotation: facts.rotation,
      bitDepth: facts.bitDepth,
      chroma: facts.chroma,
    }).toEqual({
      frames: clip.frames,
      keys: clip.keys,
      size: clip.size,
      codecName: clip.codecName,
      container: clip.container,
      colour: clip.colour,
      rotation: clip.rotation ?? 0,
      bitDepth: clip.bitDepth ?? 8,
      chroma: clip.chroma ?? '4:2:0',
    });
    expect(video.start).toBeCloseTo(clip.start ?? 0, 3);
    expect(video.times[0]).toBe(0);
    for (let i = 1; i < video.times.length; i++) expect(video.times[i]).toBeGreaterThan(video.times[i - 1]!);
    const last = clip.frames - 1;
    if (clip.name !== 'block_ends_beyond_cluster.mkv') expect(facts.missing).toBe(0);
    for (const d of [last, 0, Math.min(3, last)])
      expect((await index.read(d)).length).toBe(index.packets.size[d]);
  });

  it.each(Object.entries(REFUSED))('%s is refused with %s', async (name, code) => {
    await expect(demux(file(name))).rejects.toMatchObject({ code });
  });

  it('costs its index, not its size', async () => {
    let read = 0;
    class Counted extends File {
      override slice(from = 0, to = this.size): Blob {
        read += Math.min(to, this.size) - from;
        return super.slice(from, to);
      }
    }
    const whole = readFileSync(resolve(folder, 'car-detection.mp4'));
    await demux(new Counted([whole], 'car-detection.mp4'));
    expect(read).toBeLessThan(whole.length / 10);
  });
});

/** Clips that mediabunny reads as a whole: it knows no VVC, no missing `stsd`, and only the first part of a hybrid file. */
const both = clips.filter(
  ({ name }) => /\.(mp4|mov)$/.test(name) && !/sample_(missing_stsd|vvc|partially_fragmented)/.test(name),
);

describe.skipIf(!here)('both demuxers list the same packets', () => {
  it.each(both)('$name', async ({ name }) => {
    const ours = (await demux(file(name))).packets;
    const reference = (await indexWithMediabunny(file(name), [MP4, QTFF])).packets;
    expect([...reference.size]).toEqual([...ours.size]);
    expect([...presentationOrder(reference.pts)]).toEqual([...presentationOrder(ours.pts)]);
    const seconds = (packets: typeof ours) => {
      const first = packets.pts.reduce((least, pts) => Math.min(least, pts), Infinity);
      return [...packets.pts].map((pts) => (pts - first) / packets.timescale);
    };
    const other = seconds(reference);
    for (const [i, time] of seconds(ours).entries()) expect(Math.abs(time - other[i]!)).toBeLessThan(1e-5);
    expect([...reference.key]).toEqual([...ours.key]);
  });
});
