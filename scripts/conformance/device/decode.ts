/**
 * The page's decoder on a Vulkan driver, without a browser: onnxruntime-web's JSPI build over Dawn for Node. Run by
 * `lavapipe.test.ts`, since Vulkan reads its environment once in a process.
 *
 *     node scripts/conformance/device/decode.ts DAWN PACKAGE DTYPE EMBEDS
 *
 * DAWN is the module of the npm package `webgpu`, EMBEDS a file of float32 embeddings of a prompt. Prints one line of JSON.
 */
import { readFileSync } from 'node:fs';
import type { Dtype } from '../../../workers/model/api.ts';
import { probeAdapter } from '../../../workers/model/backend.ts';
import { argmax } from '../../../workers/model/generation.ts';
import type { LanguageDecoder } from '../../../workers/model/language-decoder.ts';
import { runSelfTest } from '../../../workers/model/self-test.ts';
import { installDawn, openOnDawn } from './dawn.ts';

const [dawn, folder, dtype, embedsFile] = process.argv.slice(2) as [string, string, Dtype, string];
await installDawn(dawn);
const { network, variant, streamed } = await openOnDawn(folder, await probeAdapter(), dtype);
const { decoder } = network;

async function greedy(of: LanguageDecoder, embeds: Float32Array, count: number) {
  let { cache, logits } = await of.prefill(of.empty(), embeds);
  const tokens = [argmax(logits as Float32Array)];
  while (tokens.length < count) {
    ({ cache, logits } = await of.step(cache, tokens.at(-1) as number));
    tokens.push(argmax(logits as Float32Array));
  }
  return tokens;
}

const bytes = readFileSync(embedsFile);
const embeds = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const selfTest = variant.selfTest ? await runSelfTest(decoder, variant.selfTest) : null;
const tokens = await greedy(decoder, embeds, 20);

// A stop after the first piece, and the time until it takes effect.
const stop = new AbortController();
let asked = 0;
const stopped = await decoder.prefill(decoder.empty(), embeds, {
  signal: stop.signal,
  onTokens: () => {
    asked ||= performance.now();
    stop.abort();
  },
});
const stopMs = performance.now() - asked;
const again = await decoder.prefill(decoder.empty(), embeds.subarray(0, 31 * decoder.width), {
  onTokens: () => {},
});
const started = performance.now();
await decoder.prefill(again.cache, embeds.subarray(31 * decoder.width, 62 * decoder.width));
const pieceMs = performance.now() - started;
console.log(
  JSON.stringify({
    tokens,
    selfTest,
    streamed,
    stoppedAt: stopped.cache.length,
    stopMs,
    pieceMs,
  }),
);
process.exit(0);
