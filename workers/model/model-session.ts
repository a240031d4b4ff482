/** A loaded package and its answers, one at a time. */
import type * as Transformers from '@huggingface/transformers';
import type { HumanHead } from '../../core/answer/human-head.ts';
import { promptText } from '../../core/answer/prompts.ts';
import { CodedError } from '../../core/errors.ts';
import type { Manifest, Variant } from '../../core/files/manifest.ts';
import { featureColumns } from '../../core/sampling/human-features.ts';
import { motionFrames } from '../../core/sampling/profiles.ts';
import type { PackageSpeeds } from '../../core/stats/benchmark.ts';
import type {
  AssessRequest,
  BenchmarkStage,
  LoadedModel,
  LoadOptions,
  LoadProgress,
  ModelApi,
  ModelFrame,
  OnEvent,
  PackageSource,
  RawAnswer,
} from './api.ts';
import { type AdapterFacts, type Choice, chooseBackend, probeAdapter } from './backend.ts';
import { EmbeddingCache } from './embedding-cache.ts';
import { isDeviceLoss, nameFault, type Stage } from './faults.ts';
import { encode, generate } from './generation.ts';
import { readHumanHead } from './human-head-file.ts';
import { releaseCache } from './language-decoder.ts';
import { loadNetwork, type Network } from './network.ts';
import { type PackageContents, PackageFiles } from './package-files.ts';
import { normalisationTable, normalise } from './pixels.ts';
import { PromptPrefill } from './prompt-prefill.ts';
import {
  buildFor,
  canSuspend,
  deviceOf,
  isSmall,
  mount,
  packageId,
  type Runtime,
  startRuntime,
  threadsFor,
  unmount,
} from './runtime.ts';
import { runSelfTest } from './self-test.ts';
import { checkHeld } from './sessions.ts';

/** Limits of the cache of vision features: 64 videos of eight frames, fewer where a model's features are large. */
const CACHE_BYTES = 256 << 20;
const CACHE_FRAMES = 512;

/** Tokens of an answer for which the KV cache has room from the start. */
const ANSWER = 1024;

/** The head that estimates human scores; null in a package without one. @throws CodedError `model/manifest` */
async function humanHeadOf({ humanHead }: Manifest, contents: PackageContents): Promise<HumanHead | null> {
  if (!humanHead) return null;
  const file = contents.get(humanHead.path);
  if (!file) throw new RangeError(`${humanHead.path} was not loaded.`);
  return readHumanHead(await file.read(0, file.size));
}

/** @throws RangeError without one number for each column */
function featuresOf(features: readonly number[] | undefined): readonly number[] {
  if (features?.length !== featureColumns.length)
    throw new RangeError(
      `This package reads ${featureColumns.length} quality features, not ${features?.length ?? 0}.`,
    );
  return features;
}

interface Loaded {
  readonly source: PackageSource;
  readonly options: LoadOptions;
  readonly facts: LoadedModel;
  readonly variant: Variant;
  readonly runtime: Runtime;
  readonly network: Network;
  readonly tokenizer: Transformers.PreTrainedTokenizer;
  readonly promptPrefill: PromptPrefill;
  readonly table: readonly Float32Array[];
}

/** A variant that is about to be opened. */
interface Opening {
  readonly source: PackageSource;
  readonly options: LoadOptions;
  readonly files: PackageFiles;
  readonly adapter: AdapterFacts | null;
  readonly choice: Choice;
}

/** The self-test of a variant on a graphics adapter. A variant without one passes. */
async function passes(
  { network, facts }: Loaded,
  { backend, variant }: Choice,
  onProgress: (progress: LoadProgress) => void,
): Promise<boolean> {
  if (backend !== 'webgpu' || !variant.selfTest) return true;
  onProgress({ stage: 'test', loadedBytes: facts.bytes, totalBytes: facts.bytes, file: '' });
  return (await runSelfTest(network.decoder, variant.selfTest)).passed;
}

export class ModelSession implements ModelApi {
  readonly #vision = new EmbeddingCache(CACHE_BYTES, CACHE_FRAMES);
  readonly #motion = new EmbeddingCache(1 << 20);
  readonly #stops = new Map<number, AbortController>();
  #loaded: Loaded | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  /** Calls that run or wait for their turn. */
  #waiting = 0;
  /** Losses of the graphics device since the last answer. */
  #losses = 0;
  /** True after the device of the loaded package was lost. */
  #lost = false;

  async load(
    source: PackageSource,
    options: LoadOptions,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<LoadedModel> {
    await this.unload();
    const loaded = await this.#open(source, options, onProgress);
    void this.#inTurn(() => this.#warmUp());
    return loaded.facts;
  }

  async #open(
    source: PackageSource,
    options: LoadOptions,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Loaded> {
    this.#lost = false;
    try {
      this.#loaded = await this.#build(source, options, onProgress);
    } catch (error) {
      throw nameFault(error, 'load');
    }
    const loaded = this.#loaded;
    if (loaded.facts.backend === 'webgpu') void this.#noticeLoss(loaded);
    return loaded;
  }

  /** A device can be lost between runs; the next run then begins with a new one. */
  async #noticeLoss(loaded: Loaded): Promise<void> {
    const device = await deviceOf(loaded.runtime.ort);
    await device.lost;
    // Another package may be loaded by now, on another device.
    if (this.#loaded === loaded) this.#lost = true;
  }

  /**
   * Opens the package again on a new device, its weights streamed again from where they are. Features of frames are in
   * memory and stay, so that no frame is encoded twice.
   */
  async #reopen({ source, options }: Loaded): Promise<void> {
    await this.#close();
    await this.#open(source, options, () => {});
  }

  async #build(
    source: PackageSource,
    options: LoadOptions,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Loaded> {
    const [files, adapter] = await Promise.all([PackageFiles.open(source), probeAdapter()]);
    const wrong = new Set<Variant>();
    let fault: CodedError | null = null;
    for (;;) {
      let loaded: Loaded;
      try {
        const choice = chooseBackend(files.manifest, adapter, options, wrong);
        loaded = await this.#openVariant({ source, options, files, adapter, choice }, onProgress);
        if (await passes(loaded, choice, onProgress)) return loaded;
        wrong.add(choice.variant);
      } catch (error) {
        // The next variant is not in the package, or not on this machine.
        const code = error instanceof CodedError ? error.code : '';
        throw fault && (code === 'model/variant' || code === 'model/manifest') ? fault : error;
      }
      const { dtype, adapter: name } = loaded.facts;
      fault = new CodedError('model/self-test', { dtype, adapter: name });
      loaded.promptPrefill.dispose();
      await loaded.network.dispose();
    }
  }

  async #openVariant(
    { source, options, files, adapter, choice }: Opening,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Loaded> {
    const started = performance.now();
    const { manifest } = files;
    const weightBytes = files.needed(choice.variant).reduce((sum, file) => sum + file.bytes, 0);
    checkHeld(buildFor(choice.backend, canSuspend()), weightBytes);
    const [contents, runtime] = await Promise.all([
      files.load(choice.variant, onProgress),
      startRuntime(choice.backend, options.threads ?? threadsFor(weightBytes)),
    ]);
    await mount(contents);
    try {
      let loadedBytes = 0;
      const network = await loadNetwork(runtime, choice, contents, (bytes, file) => {
        loadedBytes = Math.min(loadedBytes + bytes, weightBytes);
        onProgress({ stage: 'open', loadedBytes, totalBytes: weightBytes, file });
      });
      const tokenizer = await runtime.transformers.AutoTokenizer.from_pretrained(packageId);
      const { frames, tokensPerFrame, tokenIds } = manifest.profile;
      const ids = encode(tokenizer, promptText(manifest.profile));
      const promptPrefill = new PromptPrefill(network.decoder, {
        ids,
        contextId: tokenIds.context,
        frames,
        tokensPerFrame,
      });
      promptPrefill.reserve(ids.length + ANSWER);
      const facts: LoadedModel = {
        manifest,
        manifestSha256: files.manifestSha256,
        profile: manifest.profile,
        humanHead: await humanHeadOf(manifest, contents),
        dtype: choice.variant.dtype,
        backend: choice.backend,
        reason: choice.reason,
        adapter: choice.backend === 'webgpu' ? (adapter?.name ?? '') : '',
        threads: choice.backend === 'wasm' ? runtime.threads : 1,
        seconds: (performance.now() - started) / 1000,
        bytes: weightBytes,
      };
      const table = normalisationTable(manifest.profile);
      const { variant } = choice;
      return { source, options, facts, variant, runtime, network, tokenizer, promptPrefill, table };
    } finally {
      unmount();
    }
  }

  /**
   * Runs each part of a small model once on zeros, while the user chooses a file: the browser compiles a kernel well only
   * after it has run. Ends as soon as there is real work, which warms up the rest.
   */
  async #warmUp(): Promise<void> {
    const loaded = this.#loaded;
    if (loaded?.facts.backend !== 'wasm' || !isSmall(loaded.facts.bytes)) return;
    const { network, facts } = loaded;
    const { size, tokenIds } = facts.profile;
    const frames = motionFrames(facts.profile);
    const features = facts.manifest.qualityFeatures && featureColumns.map(() => Number.NaN);
    const { decoder } = network;
    const steps = [
      () => network.encodeVision(new Float32Array(3 * size * size), 1, size),
      () => network.encodeMotion(new Float32Array(frames * 3 * size * size), frames, size, features),
      async () => {
        const ids = new Array<number>(64).fill(tokenIds.imageStart);
        const { cache } = await decoder.prefill(decoder.empty(), await decoder.embed(ids));
        await decoder.greedy(cache, network.endIds)?.(tokenIds.imageStart, 16);
        releaseCache(cache);
      },
    ];
    // A failure here appears again in the real work, and is reported there.
    for (const step of steps) if (this.#waiting === 1) await step().catch(() => {});
  }

  has(keys: readonly string[]): Promise<boolean[]> {
    return Promise.resolve(keys.map((key) => this.#vision.has(key)));
  }

  encodeVision(frames: readonly ModelFrame[], order: readonly string[] = []): Promise<void> {
    return this.#inTurn(async () => {
      const loaded = this.#loaded;
      if (!loaded) return;
      for (const frame of frames) await this.#encodeFrame(loaded, frame);
      const gap = order.findIndex((key) => !this.#vision.has(key));
      await this.#prefillFrames(loaded, gap < 0 ? order : order.slice(0, gap));
    });
  }

  /**
   * Prefills the prompt up to the end of these frames; all their features are cached.
   *
   * @returns false where the signal stopped it
   */
  #prefillFrames(
    { promptPrefill }: Loaded,
    keys: readonly string[],
    listeners?: { readonly signal: AbortSignal; readonly onTokens: (tokens: number) => void },
  ): Promise<boolean> {
    const features = keys.map((key) => this.#vision.get(key) as Float32Array);
    return promptPrefill.prefillFrames(keys, features, listeners);
  }

  /** Runs calls one after the other: a session cannot run twice at once. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const done = this.#turn.then(work, work).finally(() => {
      this.#waiting -= 1;
    });
    this.#turn = done.catch(() => {});
    return done;
  }

  abort(job: number): void {
    this.#stops.get(job)?.abort(new DOMException('stopped', 'AbortError'));
  }

  async unload(): Promise<void> {
    await this.#close();
    this.#vision.clear();
    this.#motion.clear();
  }

  async #close(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = null;
    loaded?.promptPrefill.dispose();
    await loaded?.network.dispose();
  }

  assess(request: AssessRequest, onEvent: OnEvent): Promise<RawAnswer> {
    return this.#stoppable(request.job, (stop) => this.#assessOnDevice(request, stop, onEvent));
  }

  benchmark(job: number, onStage: (stage: BenchmarkStage) => void): Promise<PackageSpeeds> {
    return this.#stoppable(job, async ({ signal }) => {
      const loaded = this.#loaded;
      if (!loaded) throw new CodedError('run/no-model', {});
      const { network, facts, variant, tokenizer, promptPrefill, runtime } = loaded;
      const { manifest, seconds: loadSeconds } = facts;
      promptPrefill.dispose();
      const { benchmarkPackage } = await import('./benchmark.ts');
      const device = facts.backend === 'webgpu' ? await deviceOf(runtime.ort) : null;
      const promptTokens = encode(tokenizer, promptText(facts.profile)).length;
      const subject = { network, device, manifest, variant, promptTokens, loadSeconds };
      return benchmarkPackage(subject, signal, onStage);
    });
  }

  async #stoppable<T>(job: number, work: (stop: AbortController) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#stops.set(job, controller);
    try {
      return await this.#inTurn(() => work(controller));
    } finally {
      this.#stops.delete(job);
    }
  }

  /** After a lost graphics device the package is opened again once; a second loss before an answer is an error. */
  async #assessOnDevice(
    request: AssessRequest,
    controller: AbortController,
    onEvent: OnEvent,
  ): Promise<RawAnswer> {
    for (;;) {
      if (this.#lost && this.#loaded) await this.#reopen(this.#loaded);
      try {
        const answer = await this.#assess(request, controller, onEvent);
        this.#losses = 0;
        return answer;
      } catch (error) {
        const lost = this.#lost || isDeviceLoss((error as Error).cause ?? error);
        if (!this.#loaded || !lost || this.#losses++ > 0) throw error;
        this.#lost = true;
      }
    }
  }

  async #assess(request: AssessRequest, stop: AbortController, onEvent: OnEvent): Promise<RawAnswer> {
    const { signal } = stop;
    const loaded = this.#loaded;
    if (!loaded) throw new CodedError('run/no-model', {});
    const { facts, network, tokenizer, promptPrefill } = loaded;
    let stage: Stage = 'encodeVision';
    const clock = { encodeVision: 0, encodeMotion: 0, prefill: 0, generate: 0 };
    let mark = performance.now();
    const lap = (): number => {
      const now = performance.now();
      const seconds = (now - mark) / 1000;
      mark = now;
      return seconds;
    };
    const aborted = (framesReused: number): RawAnswer => ({
      text: request.prefix ?? '',
      tokens: 0,
      end: 'aborted',
      expected: null,
      seconds: clock,
      framesReused,
    });
    try {
      const reused = await this.#encodeFrames(loaded, request.vision, signal, onEvent);
      clock.encodeVision = lap();
      if (signal.aborted) return aborted(reused);

      stage = 'encodeMotion';
      const motion = await this.#encodeMotion(loaded, request, onEvent);
      clock.encodeMotion = lap();
      if (signal.aborted) return aborted(reused);

      await network.endEncoding();
      stage = 'prefill';
      const ids = encode(tokenizer, promptText(facts.profile) + (request.prefix ?? ''));
      const keys = request.vision.map(({ key }) => key);
      promptPrefill.reserve(ids.length + request.maxTokens);
      let done = 0;
      const onTokens = (tokens: number) => {
        done += tokens;
        onEvent({ stage: 'prefill', tokens: ids.length, done });
      };
      onTokens(promptPrefill.cachedTokens(keys));
      const listeners = { signal, onTokens };
      const first =
        (await this.#prefillFrames(loaded, keys, listeners)) &&
        (await promptPrefill.prefillRest(ids, motion, listeners));
      clock.prefill = lap();
      if (!first) return aborted(reused);

      const generated = await generate(network.decoder, tokenizer, {
        ...first,
        endIds: network.endIds,
        sampling: request.sampling,
        maxTokens: request.maxTokens,
        stop,
        onText: (text, tokens) => {
          stage = 'generate';
          return onEvent({ stage: 'generate', text, tokens });
        },
      });
      clock.generate = lap();
      return {
        text: (request.prefix ?? '') + generated.text,
        tokens: generated.tokens,
        end: generated.end,
        expected: generated.expected,
        seconds: clock,
        framesReused: reused,
      };
    } catch (error) {
      throw nameFault(error, stage);
    }
  }

  /** Features of one frame, [tokens, width], from the cache or the vision encoder. */
  async #encodeFrame({ facts, network, table }: Loaded, frame: ModelFrame): Promise<Float32Array> {
    const cached = this.#vision.get(frame.key);
    if (cached) return cached;
    if (!frame.rgb) throw new CodedError('run/pixels', { frame: frame.key });
    const { size } = facts.profile;
    const features = await network.encodeVision(normalise([frame.rgb], size, table), 1, size);
    this.#vision.set(frame.key, features);
    return features;
  }

  /**
   * Puts the features of all frames into the cache, one frame at a time so that a stop is quick.
   *
   * @returns frames that were cached before
   */
  async #encodeFrames(
    loaded: Loaded,
    frames: readonly ModelFrame[],
    signal: AbortSignal,
    onEvent: OnEvent,
  ): Promise<number> {
    let reused = 0;
    for (const [i, frame] of frames.entries()) {
      if (signal.aborted) break;
      if (this.#vision.has(frame.key)) reused += 1;
      await this.#encodeFrame(loaded, frame);
      onEvent({ stage: 'encodeVision', done: i + 1, total: frames.length, reused });
    }
    return reused;
  }

  async #encodeMotion(
    { facts, network, table }: Loaded,
    { motion: frames, features }: AssessRequest,
    onEvent: OnEvent,
  ): Promise<Float32Array> {
    const read = facts.manifest.qualityFeatures && featuresOf(features);
    const key = [...frames.map((frame) => frame.key), read?.join() ?? ''].join('\n');
    const cached = this.#motion.get(key);
    if (cached) {
      onEvent({ stage: 'encodeMotion', reused: true });
      return cached;
    }
    const images = frames.map((frame) => {
      if (!frame.rgb) throw new CodedError('run/pixels', { frame: frame.key });
      return frame.rgb;
    });
    const pixels = normalise(images, facts.profile.size, table);
    const motion = await network.encodeMotion(pixels, frames.length, facts.profile.size, read);
    this.#motion.set(key, motion);
    onEvent({ stage: 'encodeMotion', reused: false });
    return motion;
  }
}
