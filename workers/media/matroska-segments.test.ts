/** Matroska files whose end is missing: every packet that is there in whole is read. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { containers, streamShape } from '../../e2e/media/made-stream.ts';
import { indexWithMediabunny } from './mediabunny-index.ts';

it('a file that is cut anywhere gives its whole packets', async () => {
  const property = fc.asyncProperty(
    streamShape,
    fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    async (shape, part) => {
      const { bytes, name } = await containers.Matroska(shape);
      const whole = await indexWithMediabunny(new File([bytes], name));
      const packets = await whole.readRun(0, whole.packets.size.length);
      let end = 0;
      const ends = packets.map((packet) => {
        end = Buffer.from(bytes).indexOf(packet, end) + packet.length;
        return end;
      });
      const [first] = ends;
      const cut = Math.floor(first! + part * (bytes.length - first!));
      const index = await indexWithMediabunny(new File([bytes.slice(0, cut)], name));
      const expected = packets.slice(0, ends.filter((one) => one <= cut).length);
      expect(index.packets.size).toHaveLength(expected.length);
      for (const [d, packet] of (await index.readRun(0, expected.length)).entries())
        expect(packet).toEqual(expected[d]);
    },
  );
  await fc.assert(property, { numRuns: 25 });
});
