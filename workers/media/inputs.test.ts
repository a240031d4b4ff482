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

  it.each([
    ['stz2-small.mp4', 25],
    ['fmp4-omit-offset.mp4', 50],
    ['quicktime-compressed-header.mov', 50],
    ['size-zero.mp4', 25],
  ])('%s is read as it is', async (name, frames) => {
    const video = await open(name);
    expect(video.facts).toMatchObject({ frames, missing: 0, notices: [] });
    expect(video.facts.fps).toBeCloseTo(25);
    // The first packet of each begins with the encoder's message or a slice, in units with lengths that add up.
    const packet = await video.index.read(0);
    let at = 0;
    while (at + 4 <= packet.length) at += 4 + new DataView(packet.buffer, packet.byteOffset).getUint32(at);
    expect(at).toBe(packet.length);
  });

  it('an edit list that lies is named, the frames are there', async () => {
    const { facts } = await open('elst-count.mp4');
    expect(facts).toMatchObject({
      frames: 25,
      notices: [{ code: 'faulty-boxes', params: { boxes: 'elst' } }],
    });
  });

  it('frames without times are spread evenly, in the order of the same clip with its times', async () => {
    const [timeless, timed] = [await open('stts-zero.mp4'), await open('size-zero.mp4')];
    expect([...timeless.order.at]).toEqual([...timed.order.at]);
    expect(timeless.facts).toMatchObject({
      fps: 25,
      duration: 1,
      notices: [{ code: 'times-unknown', params: { seconds: 1 } }],
    });
  });

  it.each([
    ['sixteen-million-samples.mp4', 'media/index', { frames: 16_000_000, bytes: 20_951 }],
    ['sound-with-cover-as-track.mp4', 'media/cover', { format: 'JPEG', sound: 1 }],
    ['reference-movie.mov', 'media/external', expect.anything()],
    ['segment-without-init.m4s', 'media/segment', {}],
    ['mkv-subtitles-only.mkv', 'media/no-video', { sound: 0, subtitles: 1 }],
  ])('%s is refused with %s, at once', async (name, code, params) => {
    const begun = performance.now();
    await expect(open(name)).rejects.toMatchObject({ code, params });
    expect(performance.now() - begun).toBeLessThan(500);
  });

  it('one picture is told', async () => {
    const { facts } = await open('one-frame.mp4');
    expect(facts).toMatchObject({ frames: 1, fps: 0, notices: [{ code: 'single-frame' }] });
  });
});
