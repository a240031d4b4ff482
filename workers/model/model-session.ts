/** A loaded package and its answers, one at a time. */
import type * as Transformers from '@huggingface/transformers';
import { promptText } from '../../core/answer/prompts.ts';
import { CodedError } from '../../core/errors.ts';
import { motionFrames } from '../../core/sampling/profiles.ts';
import type {
  AssessRequest,
  LoadedModel,
  LoadOptions,
  LoadProgress,
  ModelApi,
  ModelFrame,
  OnEvent,
  PackageSource,
  RawAnswer,
} from './api.ts';
import { chooseBackend, probeAdapter } from './backend.ts';
import { EmbeddingCache } from './embedding-cache.ts';
import { isDeviceLoss, nameFault, type Stage } from './faults.ts';
import { encode, generate } from './generation.ts';
import { releaseCache } from './language-decoder.ts';
import { loadNetwork, type Network } from './network.ts';
import { PackageFiles } from './package-files.ts';
import { normalisationTable, normalise } from './pixels.ts';
import { PromptPrefill } from './prompt-prefill.ts';
import { isSmall, mount, packageId, type Runtime, startRuntime, threadsFor, unmount } from './runtime.ts';

/** Limits of the cache of vision features: 64 videos of eight frames, fewer where a model's features are large. */
const CACHE_BYTES = 256 << 20;
const CACHE_FRAMES = 512;

interface Loaded {
  readonly source: PackageSource;
  readonly options: LoadOptions;
  readonly facts: LoadedModel;
  readonly runtime: Runtime;
  readonly network: Network;
  readonly tokenizer: Transformers.PreTrainedTokenizer;
  readonly promptPrefill: PromptPrefill;
  readonly table: readonly Float32Array[];
}

export class ModelSession implements ModelApi {
  readonly #vision = new EmbeddingCache(CACHE_BYTES, CACHE_FRAMES);
  readonly #motion = new EmbeddingCache(1 << 20);
  readonly #stops = new Map<number, AbortController>();
  #loaded: Loaded | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  /** Calls that run or wait for their turn. */
  #waiting = 0;
  #losses = 0;

  async load(
    source: PackageSource,
    options: LoadOptions,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<LoadedModel> {
    await this.unload();
    try {
      this.#loaded = await this.#build(source, options, onProgress);
    } catch (error) {
      throw nameFault(error, 'load');
    }
    void this.#inTurn(() => this.#warmUp());
    return this.#loaded.facts;
  }

  async #build(
    source: PackageSource,
    options: LoadOptions,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Loaded> {
    const started = performance.now();
    const [files, adapter] = await Promise.all([PackageFiles.open(source), probeAdapter()]);
    const { manifest } = files;
    if (manifest.family !== 'vqathinker') {
      throw new CodedError('model/family', { family: manifest.family });
    }
    const choice = chooseBackend(manifest, adapter, options);
    const weightBytes = files.needed(choice.variant).reduce((sum, file) => sum + file.bytes, 0);
    const [contents, runtime] = await Promise.all([
      files.load(choice.variant, onProgress),
      startRuntime(choice.backend, options.threads ?? threadsFor(weightBytes)),
    ]);
    mount(contents);
    try {
      const network = await loadNetwork(runtime, choice);
      const tokenizer = await runtime.transformers.AutoTokenizer.from_pretrained(packageId);
      const { frames, tokensPerFrame, tokenIds } = manifest.profile;
      const promptPrefill = new PromptPrefill(network.decoder, {
        ids: encode(tokenizer, promptText(manifest.profile)),
        contextId: tokenIds.context,
        frames,
        tokensPerFrame,
      });
      const facts: LoadedModel = {
        manifest,
        manifestSha256: files.manifestSha256,
        profile: manifest.profile,
        dtype: choice.variant.dtype,
        backend: choice.backend,
        reason: choice.reason,
        adapter: choice.backend === 'webgpu' ? (adapter?.name ?? '') : '',
        threads: choice.backend === 'wasm' ? runtime.threads : 1,
        seconds: (performance.now() - started) / 1000,
        bytes: weightBytes,
      };
      return {
        source,
        options,
        facts,
        runtime,
        network,
        tokenizer,
        promptPrefill,
        table: normalisationTable(manifest.profile),
      };
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
    const { decoder } = network;
    const steps = [
      () => network.encodeVision(new Float32Array(3 * size * size), 1, size),
      () => network.encodeMotion(new Float32Array(frames * 3 * size * size), frames, size),
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

  /** Prefills the prompt up to the end of these frames; all their features are cached. */
  async #prefillFrames({ promptPrefill }: Loaded, keys: readonly string[]): Promise<void> {
    await promptPrefill.prefillFrames(
      keys,
      keys.map((key) => this.#vision.get(key) as Float32Array),
    );
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
    this.#stops.get(job)?.abort();
  }

  async unload(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = null;
    this.#vision.clear();
    this.#motion.clear();
    loaded?.promptPrefill.dispose();
    await loaded?.network.dispose();
  }

  async assess(request: AssessRequest, onEvent: OnEvent): Promise<RawAnswer> {
    const controller = new AbortController();
    this.#stops.set(request.job, controller);
    try {
      return await this.#inTurn(() => this.#assess(request, controller, onEvent));
    } catch (error) {
      const loaded = this.#loaded;
      // After a lost graphics device the package is loaded again once; a second loss is an error.
      if (!loaded || !isDeviceLoss((error as Error).cause ?? error) || this.#losses++ > 0) throw error;
      await this.load(loaded.source, loaded.options, () => {});
      return await this.#assess(request, controller, onEvent);
    } finally {
      this.#stops.delete(request.job);
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
      const motion = await this.#encodeMotion(loaded, request.motion, onEvent);
      clock.encodeMotion = lap();
      if (signal.aborted) return aborted(reused);

      stage = 'prefill';
      const ids = encode(tokenizer, promptText(facts.profile) + (request.prefix ?? ''));
      onEvent({ stage: 'prefill', tokens: ids.length });
      await this.#prefillFrames(
        loaded,
        request.vision.map(({ key }) => key),
      );
      const { cache, logits } = await promptPrefill.prefillRest(ids, motion);
      clock.prefill = lap();

      const generated = await generate(network.decoder, tokenizer, {
        cache,
        logits,
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
    frames: readonly ModelFrame[],
    onEvent: OnEvent,
  ): Promise<Float32Array> {
    const key = frames.map((frame) => frame.key).join('\n');
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
    const motion = await network.encodeMotion(pixels, frames.length, facts.profile.size);
    this.#motion.set(key, motion);
    onEvent({ stage: 'encodeMotion', reused: false });
    return motion;
  }
}
