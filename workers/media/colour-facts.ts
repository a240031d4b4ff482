/** Matrix that converts a stream's YUV to RGB (contracts §3); `VideoFrame.colorSpace` is never used. */
import type { ColourFacts } from './api.ts';
import type { ContainerColour } from './packet-index.ts';
import type { StreamHeader } from './stream-header.ts';

/** Matrix coefficients of H.273 that name one; 2 is "unspecified", the rest is reserved or unheard of. */
const MATRIX: Readonly<Record<number, ColourFacts['matrix']>> = {
  0: 'identity',
  1: 'bt709',
  4: 'fcc',
  5: 'bt601',
  6: 'bt601',
  7: 'smpte240m',
  9: 'bt2020',
  10: 'bt2020',
};
const TRANSFER: Readonly<Record<number, ColourFacts['transfer']>> = { 16: 'pq', 18: 'hlg' };

/**
 * Each of matrix, range and transfer from the bitstream where it states one, else from the container, else BT.601,
 * limited, SDR, as ffmpeg does.
 */
export function colourFacts(stream: Partial<StreamHeader>, container: ContainerColour): ColourFacts {
  const inStream = MATRIX[stream.matrix ?? 2];
  const inContainer = MATRIX[container.matrix ?? 2];
  const transfer = TRANSFER[stream.transfer ?? 2] ?? TRANSFER[container.transfer ?? 2] ?? 'sdr';
  const full = stream.fullRange ?? container.fullRange ?? false;
  return {
    matrix: inStream ?? inContainer ?? (transfer === 'sdr' ? 'bt601' : 'bt2020'),
    range: full ? 'full' : 'limited',
    source: inStream ? 'bitstream' : inContainer ? 'container' : 'none',
    transfer,
  };
}
