import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  annexB,
  pcmFrame,
  pcmParameterSets,
  type TsOptions,
  transportStream,
} from '../../e2e/media/pcm-stream.ts';
import { annexBUnits } from './nal.ts';
import { Video } from './video.ts';

const DELIMITER = Uint8Array.of(9, 0xf0);
const TICKS = 3600;

interface Shape extends TsOptions {
  readonly fields?: boolean;
  /** Both fields of a frame in one PES packet. */
  readonly together?: boolean;
  /** The second field states a time. */
  readonly timed?: boolean;
  readonly start?: number;
}

/** Two GOPs of I P B P B, the second one open to decoding by a recovery point. */
function stream({ fields = false, together = false, timed = true, start = 90_000, ...options }: Shape) {
  const format = { width: 16, height: 32, fields };
  const sets = pcmParameterSets(format);
  const elements: { bytes: Uint8Array; pts: number | null }[] = [];
  for (let gop = 0; gop < 2; gop++)
    for (const [d, at] of [0, 2, 1, 4, 3].entries()) {
      const shown = gop * 5 + at;
      const frame = {
        grey: 16 + shown,
        shown,
        idr: shown === 0,
        reference: d !== 2 && d !== 4,
        frameNumber: 0,
      };
      const [first, second] = pcmFrame(format, { ...frame, recovery: gop === 1 && d === 0 });
      const pts = (start + shown * TICKS) % 2 ** 33;
      const head = d === 0 ? [DELIMITER, ...sets, ...first!] : [DELIMITER, ...first!];
      if (!second) elements.push({ bytes: annexB(head), pts });
      else if (together) elements.push({ bytes: annexB([...head, DELIMITER, ...second]), pts });
      else
        elements.push(
          { bytes: annexB(head), pts },
          { bytes: annexB([DELIMITER, ...second]), pts: timed ? pts + TICKS / 2 : null },
        );
    }
  return transportStream(elements, options);
}

const open = (bytes: Uint8Array<ArrayBuffer>) => Video.open(new File([bytes], 'a.ts'));

describe('MPEG-TS', () => {
  it.each<[string, Shape]>([
    ['plain', {}],
    ['a time before each packet', { before: 4 }],
    ['an error correction behind each packet', { behind: 16 }],
    ['tables in the middle', { tables: 'middle' }],
    ['no tables', { tables: 'none' }],
    ['a clock that wraps', { start: 2 ** 33 - 4 * TICKS }],
    ['fields in PES packets of their own', { fields: true }],
    ['fields of which only the first states a time', { fields: true, timed: false }],
    ['both fields in one PES packet', { fields: true, together: true }],
  ])('%s: every frame once, in order', async (_name, shape) => {
    const { facts, order, times, index } = await open(stream(shape));
    expect(facts).toMatchObject({ frames: 10, width: 16, height: 32, notices: [] });
    expect(facts.fps).toBeCloseTo(25, 9);
    expect(index.fieldCoded ?? false).toBe(shape.fields ?? false);
    expect([...order.frame]).toEqual([0, 2, 1, 4, 3, 5, 7, 6, 9, 8]);
    expect([...order.key]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    expect(times.every((time, i) => Math.abs(time - i / 25) < 1e-9)).toBe(true);
    const all = await index.readRun(0, 10);
    for (const [d, packet] of all.entries()) {
      expect(packet).toEqual(await index.read(d));
      const slices = [...annexBUnits(packet)].filter((unit) => [1, 5].includes(unit[0]! & 31));
      expect(slices).toHaveLength(shape.fields ? 2 : 1);
      for (const slice of slices) expect(slice.at(-10)).toBe(128);
      expect(slices.at(-1)![100]).toBe(16 + order.frame[d]!);
    }
  });

  it('begins at the first packet where the file begins inside one', async () => {
    const whole = stream({});
    const { facts } = await open(whole.subarray(100) as Uint8Array<ArrayBuffer>);
    expect(facts.frames).toBe(10);
  });

  it('finds the packets again behind bytes that are none', async () => {
    const whole = stream({});
    const cut = 188 * 20;
    const broken = Uint8Array.from([...whole.subarray(0, cut), ...Array(77).fill(3), ...whole.subarray(cut)]);
    const { facts, index } = await open(broken);
    expect(facts.frames).toBe(10);
    for (const d of [9, 0, 4]) expect(await index.read(d)).toHaveLength(index.packets.size[d]!);
  });

  it('names what holds no picture', async () => {
    const sound = Uint8Array.from({ length: 188 * 8 }, (_, i) => (i % 188 === 0 ? 0x47 : 0));
    await expect(open(sound)).rejects.toMatchObject({ code: 'media/no-video' });
  });
});

const inputs = resolve(process.env.VQA_SHARED ?? '../shared', 'inputs');

describe.skipIf(!existsSync(inputs))('MPEG-TS as people have it', () => {
  it.each([
    ['ts-204.ts', 25, 160, 90],
    ['ts-mid-packet.ts', 25, 160, 90],
    ['mbaff-small.ts', 25, 160, 96],
    ['ts-two-recordings.ts', 50, 160, 90],
  ])('%s', async (name, frames, width, height) => {
    const { facts } = await open(readFileSync(resolve(inputs, name)));
    expect(facts).toMatchObject({ container: 'mpegts', frames, width, height, fps: 25 });
  });
});
