/** Generated files of every container: frame i of the index is the packet of the i-th picture on screen. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containers, glue, type MadeStream, streamShape } from '../../e2e/media/made-stream.ts';
import { decodingStart } from './frame-marks.ts';
import { leads } from './plan.ts';
import { unitsOf } from './stream-units.ts';
import { Video } from './video.ts';

/** Luma of the flat picture in a packet. */
function greyIn(video: Video, packet: Uint8Array): number | undefined {
  const slices = [...unitsOf(video.index, 'avc', packet)].filter((unit) => [1, 5].includes(unit[0]! & 31));
  return slices.at(-1)?.[100];
}

async function expectOrder({ name, bytes, greys, recordings }: MadeStream): Promise<void> {
  const video = await Video.open(new File([bytes], name));
  const { order, index, facts, times } = video;
  const packets = await index.readRun(0, facts.frames);
  expect([...order.at].map((d) => greyIn(video, packets[d]!))).toEqual(greys);
  for (let i = 1; i < times.length; i++) expect(times[i]).toBeGreaterThan(times[i - 1]!);
  const restart = facts.notices.find(({ code }) => code === 'clock-restart');
  expect(restart?.params ?? { recordings: 1 }).toMatchObject({ recordings });
  for (const frame of order.at.keys()) {
    const [range] = await video.plan([frame]);
    const start = decodingStart('avc', unitsOf(index, 'avc', packets[range!.start]!));
    expect(start).not.toBeNull();
    expect(range!.end).toBe(order.at[frame]! + 1);
    expect(leads(order, order.at[frame]!, range!.start)).toBe(false);
  }
}

describe('generated streams', { timeout: 60_000 }, () => {
  it.each(Object.entries(containers))('%s', async (_name, make) => {
    await fc.assert(
      fc.asyncProperty(streamShape, async (shape) => expectOrder(await make(shape))),
      { numRuns: 12 },
    );
  });

  it('Matroska files glued together', async () => {
    await fc.assert(
      fc.asyncProperty(streamShape, fc.integer({ min: 2, max: 4 }), async (shape, recordings) => {
        const one = await containers.Matroska(shape);
        const bytes = Buffer.concat(Array.from({ length: recordings }, () => one.bytes));
        const greys = Array.from({ length: recordings }, () => one.greys).flat();
        await expectOrder({ ...one, bytes: new Uint8Array(bytes), greys, recordings });
      }),
      { numRuns: 12 },
    );
  });

  const glueable = ['MP4', 'fragmented MP4', 'MOV', 'Matroska', 'live Matroska'] as const;
  it.each(glueable)('different files glued together: %s', async (container) => {
    const shapes = fc.array(streamShape, { minLength: 2, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(shapes, async (drawn) => {
        const [first] = drawn;
        const alike = drawn.map((shape) => ({ ...first!, packets: shape.packets }));
        const parts = await Promise.all(alike.map((shape, i) => containers[container](shape, 40 * i)));
        const bytes = Buffer.concat(parts.map((part) => part.bytes));
        const greys = parts.flatMap((part) => part.greys);
        await expectOrder({ ...parts[0]!, bytes: new Uint8Array(bytes), greys, recordings: parts.length });
      }),
      { numRuns: 8 },
    );
  });

  it('of Matroska files glued together that need two decoders the first is read, with a notice', async () => {
    const shape = { packets: [{ shown: 0, key: true }], fields: false, apart: false, countsByOne: false };
    const files = [true, false].map((states) => containers.Matroska({ ...shape, states }));
    const bytes = Buffer.concat((await Promise.all(files)).map((file) => file.bytes));
    const { facts } = await Video.open(new File([bytes], 'glued.mkv'));
    expect(facts.frames).toBe(1);
    expect(facts.notices.map(({ code }) => code)).toEqual(['unread-recording', 'single-frame']);
  });

  it('recordings glued together', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(streamShape, { minLength: 2, maxLength: 4 }), async (shapes) =>
        expectOrder(await glue(shapes)),
      ),
      { numRuns: 12 },
    );
  });
});
