import { CodedError } from '../../core/errors.ts';
import '../thread/requests.ts';
import { expose, releaseCallback } from '../thread/rpc.ts';
import type {
  AssessRequest,
  BenchmarkStage,
  LoadedPackage,
  LoadOptions,
  LoadProgress,
  ModelApi,
  ModelFrame,
  OnEvent,
  PackageSource,
  WorkerApi,
} from './api.ts';
import { ModelSession } from './model-session.ts';
import type { LevelEvent, LevelRequest, PromptBlock, Vqa2Frame } from './vqa2/api.ts';
import type { Vqa2Session } from './vqa2/session.ts';

/** The session of the loaded package's family behind the bridge: the page's callbacks are released with their calls. */
class WorkerSession implements WorkerApi {
  readonly #reasoning: ModelApi = new ModelSession();
  #vqa2: Vqa2Session | null = null;

  async load(
    source: PackageSource,
    options: LoadOptions,
    onProgress: (p: LoadProgress) => void,
  ): Promise<LoadedPackage> {
    await this.unload();
    try {
      return await this.#reasoning.load(source, options, onProgress);
    } catch (error) {
      if (!(error instanceof CodedError && error.code === 'model/family')) throw error;
      const { openVqa2 } = await import('./vqa2/session.ts');
      this.#vqa2 = await openVqa2(source, options, onProgress);
      return this.#vqa2.facts;
    }
  }

  has = (keys: readonly string[]) => this.#reasoning.has(keys);

  encodeVision = (frames: readonly ModelFrame[], order?: readonly string[]) =>
    this.#reasoning.encodeVision(frames, order);

  async assess(request: AssessRequest, onEvent: OnEvent) {
    try {
      return await this.#reasoning.assess(request, onEvent);
    } finally {
      releaseCallback(onEvent);
    }
  }

  async benchmark(job: number, onStage: (stage: BenchmarkStage) => void) {
    try {
      return await this.#reasoning.benchmark(job, onStage);
    } finally {
      releaseCallback(onStage);
    }
  }

  #model() {
    if (!this.#vqa2) throw new CodedError('run/no-model', {});
    return this.#vqa2.model;
  }

  hasBlocks = async (blocks: readonly PromptBlock[]) => this.#model().hasBlocks(blocks);
  encodeFrame = async (frame: Vqa2Frame) => this.#model().encodeFrame(frame);
  dropFrames = async () => this.#model().dropFrames();

  async levels(request: LevelRequest, onEvent: (event: LevelEvent) => void) {
    try {
      return await this.#model().levels(request, onEvent);
    } finally {
      releaseCallback(onEvent);
    }
  }

  abort(job: number): void {
    this.#reasoning.abort(job);
    this.#vqa2?.model.abort(job);
  }

  async unload(): Promise<void> {
    const vqa2 = this.#vqa2;
    this.#vqa2 = null;
    await vqa2?.close();
    await this.#reasoning.unload();
  }
}

expose(new WorkerSession());
