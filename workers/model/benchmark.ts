/**
 * Speeds of a loaded package on this machine: prefill, decoding, the part of a token's time outside kernels, and the time
 * to the first word, on frames of noise. Each run of graphs is first made once, since new kernels are compiled in it.
 */
import { isAbort } from '../../core/errors.ts';
import type { Manifest, Variant } from '../../core/files/manifest.ts';
import { featureColumns } from '../../core/sampling/human-features.ts';
import { motionFrames, type Profile } from '../../core/sampling/profiles.ts';
import type { Measured, PackageSpeeds, StageWork } from '../../core/stats/benchmark.ts';
import { cacheBytes, prefillOperations, shapesOf, visionOperations } from '../../core/stats/model-work.ts';
import type { BenchmarkStage } from './api.ts';
import { argmax } from './generation.ts';
import { KernelTime } from './kernel-time.ts';
import { type KvCache, type LanguageDecoder, letMessagesIn, releaseCache } from './language-decoder.ts';
import type { Network } from './network.ts';

export interface BenchmarkSubject {
  readonly network: Network;
  /** The sessions' device; null on the processor. */
  readonly device: GPUDevice | null;
  readonly manifest: Manifest;
  readonly variant: Variant;
  /** Tokens of the whole prompt. */
  readonly promptTokens: number;
  /** Seconds that the package took to load. */
  readonly loadSeconds: number;
}

/** A measurement ends with the piece or the token after which so much time has passed. */
const LONGEST_MS = 20_000;
/** Longest time for frames of a first word; it is not measured where one frame foretells more. */
const LONGEST_FRAMES_MS = 120_000;
/** Tokens of an answer that are measured, and that are run before. */
const STEPS = 64;
const WARM_STEPS = 4;
/** Tokens whose kernels are timed. */
const TIMED_STEPS = 16;

async function measured(work: () => Promise<Measured>): Promise<Measured> {
  try {
    return await work();
  } catch (error) {
    if (isAbort(error)) throw error;
    return { why: 'failed', detail: String((error as Error).message ?? error) };
  }
}

/** Prefills as much as the time allows. */
async function timedPrefill(decoder: LanguageDecoder, embeds: Float32Array, signal: AbortSignal) {
  const end = new AbortController();
  const started = performance.now();
  let tokens = 0;
  let seconds = 0;
  const { cache, logits } = await decoder.prefill(decoder.empty(), embeds, {
    signal: AbortSignal.any([signal, end.signal]),
    onTokens: (count) => {
      tokens += count;
      seconds = (performance.now() - started) / 1000;
      if (seconds * 1000 > LONGEST_MS) end.abort();
    },
  });
  signal.throwIfAborted();
  return { cache, logits, tokens, seconds };
}

/** Generates one token after another, by arg max as the page does. */
class Steps {
  readonly #decoder: LanguageDecoder;
  readonly #signal: AbortSignal;
  cache: KvCache;
  #token: number;

  constructor(decoder: LanguageDecoder, cache: KvCache, token: number, signal: AbortSignal) {
    this.#decoder = decoder;
    this.#signal = signal;
    this.cache = cache;
    this.#token = token;
  }

  async next(): Promise<void> {
    await letMessagesIn();
    this.#signal.throwIfAborted();
    const { cache, logits } = await this.#decoder.step(this.cache, this.#token);
    this.cache = cache;
    this.#token = argmax(logits);
  }

  /** Seconds and number of steps, fewer than `count` where time ran out. */
  async run(count: number): Promise<{ tokens: number; seconds: number }> {
    const started = performance.now();
    let tokens = 0;
    while (tokens < count && performance.now() - started < LONGEST_MS) {
      await this.next();
      tokens += 1;
    }
    return { tokens, seconds: (performance.now() - started) / 1000 };
  }
}

/** The same by the package's graph of several greedy steps, where it has one. */
async function greedyRun(decoder: LanguageDecoder, cache: KvCache, token: number, signal: AbortSignal) {
  const greedy = decoder.greedy(cache, []);
  if (!greedy) return null;
  let last = token;
  let started = 0;
  let tokens = 0;
  // The first run is not measured.
  for (let run = 0; tokens < STEPS; run++) {
    await letMessagesIn();
    signal.throwIfAborted();
    if (run === 1) started = performance.now();
    if (run > 1 && performance.now() - started > LONGEST_MS) break;
    const written = await greedy(last, 16);
    last = written.tokens.at(-1) as number;
    if (run > 0) tokens += written.tokens.length;
  }
  return { tokens, seconds: (performance.now() - started) / 1000 };
}

const rate = ({ tokens, seconds }: { tokens: number; seconds: number }): Measured =>
  tokens > 0 && seconds > 0 ? { value: tokens / seconds } : { why: 'failed' };

/** Share of a token's time in which no kernel runs. */
async function outsideKernels(steps: Steps, device: GPUDevice): Promise<Measured> {
  const clock = KernelTime.of(device);
  if (!clock) return { why: 'no-timestamps' };
  try {
    let whole = 0;
    let kernels = 0;
    for (let step = 0; step < TIMED_STEPS && whole < LONGEST_MS; step++) {
      const started = performance.now();
      await steps.next();
      whole += performance.now() - started;
      const busy = await clock.take();
      if (busy === null) return { why: 'failed', detail: 'no timestamps were written' };
      kernels += busy;
    }
    return { value: Math.max(0, 1 - kernels / whole) };
  } finally {
    clock.dispose();
  }
}

interface Decoding {
  readonly prefill: Measured;
  readonly decode: Measured;
  readonly outside: Measured;
  readonly promptTokens: number;
  readonly answerTokens: number;
}

async function decoding(
  { network: { decoder }, device, promptTokens, manifest }: BenchmarkSubject,
  signal: AbortSignal,
  onStage: (stage: BenchmarkStage) => void,
): Promise<Decoding> {
  const failed = (error: unknown): Decoding => {
    if (isAbort(error)) throw error;
    const none: Measured = { why: 'failed', detail: String((error as Error).message ?? error) };
    return { prefill: none, decode: none, outside: none, promptTokens: 0, answerTokens: 0 };
  };
  let cache = decoder.empty();
  try {
    const { imageStart } = manifest.profile.tokenIds;
    const embeds = await decoder.embed(new Array<number>(promptTokens).fill(imageStart));
    decoder.reserve(promptTokens + WARM_STEPS + STEPS + TIMED_STEPS, cache);
    onStage('prefill');
    releaseCache((await timedPrefill(decoder, embeds, signal)).cache);
    const prompt = await timedPrefill(decoder, embeds, signal);
    cache = prompt.cache;
    onStage('decode');
    const token = prompt.logits ? argmax(prompt.logits) : imageStart;
    const prefill = rate(prompt);
    const greedy = device ? null : await greedyRun(decoder, cache, token, signal);
    if (greedy) {
      const { tokens: answerTokens } = greedy;
      const outside = { why: 'processor' } as const;
      return { prefill, decode: rate(greedy), outside, promptTokens: prompt.tokens, answerTokens };
    }
    const steps = new Steps(decoder, cache, token, signal);
    await steps.run(WARM_STEPS);
    const answer = await steps.run(STEPS);
    const outside = device
      ? await measured(() => outsideKernels(steps, device))
      : ({ why: 'processor' } as const);
    cache = steps.cache;
    return {
      prefill,
      decode: rate(answer),
      outside,
      promptTokens: prompt.tokens,
      answerTokens: answer.tokens,
    };
  } catch (error) {
    return failed(error);
  } finally {
    releaseCache(cache);
  }
}

/** Pixels of frames, normalised, without any pattern that a kernel could skip. */
function noise(frames: number, size: number): Float32Array {
  const pixels = new Float32Array(frames * 3 * size * size);
  for (let i = 0; i < pixels.length; i++) pixels[i] = ((i * 7919) % 4001) / 1000 - 2;
  return pixels;
}

/** From frames to the first token: vision encoder, motion encoder, prefill. */
async function firstWord(subject: BenchmarkSubject, signal: AbortSignal): Promise<Measured> {
  const { network, manifest, promptTokens } = subject;
  const { profile, qualityFeatures } = manifest;
  const { size, frames, tokensPerFrame, tokenIds } = profile;
  const { decoder } = network;
  const pixels = noise(1, size);
  const moving = noise(motionFrames(profile), size);
  const features = qualityFeatures && featureColumns.map(() => Number.NaN);
  const encodeMotion = () => network.encodeMotion(moving, motionFrames(profile), size, features);
  await network.encodeVision(pixels, 1, size);
  signal.throwIfAborted();
  const before = performance.now();
  await network.encodeVision(pixels, 1, size);
  if ((performance.now() - before) * frames > LONGEST_FRAMES_MS) return { why: 'too-long' };
  signal.throwIfAborted();
  await encodeMotion();
  await network.endEncoding();

  const started = performance.now();
  const parts: Float32Array[] = [];
  for (let frame = 0; frame < frames; frame++) {
    signal.throwIfAborted();
    parts.push(await network.encodeVision(pixels, 1, size));
  }
  parts.push(await encodeMotion());
  await network.endEncoding();
  const embeds = await decoder.embed(new Array<number>(promptTokens).fill(tokenIds.imageStart));
  parts.forEach((part, i) => {
    embeds.set(part, i * tokensPerFrame * decoder.width);
  });
  const { cache, logits } = await decoder.prefill(decoder.empty(), embeds, { signal });
  releaseCache(cache);
  signal.throwIfAborted();
  argmax(logits as Float32Array);
  return { value: (performance.now() - started) / 1000 };
}

function bytesOf({ files }: Manifest, wanted: (path: string) => boolean): number {
  return files.reduce((sum, { path, bytes }) => sum + (wanted(path) ? bytes : 0), 0);
}

function workOf(
  { manifest, variant, network, promptTokens }: BenchmarkSubject,
  done: Pick<Decoding, 'promptTokens' | 'answerTokens'>,
): StageWork {
  const { text, vision } = shapesOf(network.config);
  const { profile }: { profile: Profile } = manifest;
  const variantFiles = new Set(variant.files);
  const decoder = bytesOf(manifest, (path) => variantFiles.has(path) && /\/decoder_model_/.test(path));
  const element = /16$/.test(variant.dtype) ? 2 : 4;
  const context = done.promptTokens + WARM_STEPS + done.answerTokens / 2;
  return {
    loadBytes: bytesOf(manifest, (path) => variantFiles.has(path)),
    prefillOperations:
      text && done.promptTokens > 0
        ? prefillOperations(text, done.promptTokens, 0) / done.promptTokens
        : null,
    stepBytes: text && decoder + cacheBytes(text, context, element),
    firstWordOperations:
      text &&
      vision &&
      prefillOperations(text, promptTokens, 0) + profile.frames * visionOperations(vision, profile.size),
  };
}

/**
 * Measures a loaded package. What its language decoder had cached is lost.
 *
 * @throws the signal's reason
 */
export async function benchmarkPackage(
  subject: BenchmarkSubject,
  signal: AbortSignal,
  onStage: (stage: BenchmarkStage) => void,
): Promise<PackageSpeeds> {
  const { manifest, variant, loadSeconds } = subject;
  const done = await decoding(subject, signal, onStage);
  onStage('firstWord');
  return {
    name: manifest.name,
    backend: variant.target,
    dtype: variant.dtype,
    ...done,
    load: { value: loadSeconds },
    firstWord: await measured(() => firstWord(subject, signal)),
    work: workOf(subject, done),
  };
}
