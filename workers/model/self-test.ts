/**
 * Test of a loaded decoder on this device: a stored prompt, and logits that it must give. Drivers of graphics adapters
 * compute some kernels wrongly without any error, and a wrong score looks like a right one.
 */
import type { SelfTest } from '../../core/files/manifest.ts';
import { argmax } from './generation.ts';
import { type LanguageDecoder, releaseCache } from './language-decoder.ts';

export interface SelfTestResult {
  readonly passed: boolean;
  /** Positions at which the best token is the stored one, of those where the two best differ by more than the bound. */
  readonly agreed: number;
  readonly positions: number;
  /** Largest difference of a logit; NaN where one is not a number. */
  readonly largest: number;
}

/** Logits after each of the last `count` tokens: the first from a prefill, the others from steps. */
async function* forcedLogits(decoder: LanguageDecoder, ids: readonly number[], count: number) {
  const first = ids.length - count + 1;
  let { cache, logits } = await decoder.prefill(decoder.empty(), await decoder.embed(ids.slice(0, first)));
  try {
    yield logits as Float32Array;
    for (const id of ids.slice(first)) {
      ({ cache, logits } = await decoder.step(cache, id));
      yield logits;
    }
  } finally {
    releaseCache(cache);
  }
}

/** Runs the stored prompt by forced decoding. The cache of the decoder holds nothing of use after it. */
export async function runSelfTest(
  decoder: LanguageDecoder,
  { ids, expected, bound }: SelfTest,
): Promise<SelfTestResult> {
  let largest = 0;
  let agreed = 0;
  let positions = 0;
  let at = 0;
  for await (const logits of forcedLogits(decoder, ids, expected.length)) {
    const { tokens, logits: stored } = expected[at++] as SelfTest['expected'][number];
    for (const [i, token] of tokens.entries()) {
      const difference = Math.abs((logits[token] as number) - (stored[i] as number));
      largest = Number.isNaN(difference) ? Number.NaN : Math.max(largest, difference);
    }
    // Two logits that may change places say nothing about the best token.
    if ((stored[0] as number) - (stored[1] as number) <= 2 * bound) continue;
    positions += 1;
    if (argmax(logits) === tokens[0]) agreed += 1;
  }
  return { passed: largest <= bound && agreed === positions, agreed, positions, largest };
}
