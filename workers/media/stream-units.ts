/** NAL units of a stream, wherever its container puts them. */
import { annexBUnits, findSps, type NalCodec, prefixedUnits } from './nal.ts';
import type { PacketIndex } from './packet-index.ts';

export function nalCodec(codec: string): NalCodec | null {
  return /^avc/.test(codec) ? 'avc' : /^(hvc1|hev1)/.test(codec) ? 'hevc' : null;
}

export function unitsOf(index: PacketIndex, codec: NalCodec, packet: Uint8Array): Iterable<Uint8Array> {
  const config = index.description;
  if (!config) return annexBUnits(packet);
  return prefixedUnits(packet, ((config[codec === 'avc' ? 4 : 21] ?? 3) & 3) + 1);
}

/** Sequence parameter sets of `avcC`, and all parameter sets of `hvcC` (ISO/IEC 14496-15). */
export function* configuredUnits(codec: NalCodec, config: Uint8Array): Generator<Uint8Array> {
  const size = (at: number) => config[at]! * 256 + config[at + 1]!;
  if (codec === 'avc') {
    let at = 6;
    for (let left = (config[5] ?? 0) & 31; left > 0 && at + 2 <= config.length; left--) {
      yield config.subarray(at + 2, at + 2 + size(at));
      at += 2 + size(at);
    }
    return;
  }
  let at = 23;
  for (let arrays = config[22] ?? 0; arrays > 0 && at + 3 <= config.length; arrays--) {
    let units = size(at + 1);
    for (at += 3; units > 0 && at + 2 <= config.length; units--) {
      yield config.subarray(at + 2, at + 2 + size(at));
      at += 2 + size(at);
    }
  }
}

/**
 * The sequence parameter set of the stream's start; null where there is none.
 *
 * @throws RangeError where the configuration ends early
 */
export async function parameterSetOf(index: PacketIndex, codec: NalCodec): Promise<Uint8Array | null> {
  if (index.parameterSet) return index.parameterSet;
  const configured = index.description && findSps(codec, configuredUnits(codec, index.description));
  return configured ?? findSps(codec, unitsOf(index, codec, await index.read(0)));
}
