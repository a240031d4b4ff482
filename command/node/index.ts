/** `vqathinker/node`: scores files with a decoder that the user has installed. Nothing is sent anywhere. */
import './older-node.ts';
import type { ModelFacts, ScoreOptions, VideoScore } from '../../library/video-score.ts';
import { type Compared, compareFiles } from './compare-files.ts';
import { fileOf, nodeMedia } from './media.ts';
import { loadModel } from './model.ts';
import { bundledModel, preparePlatform } from './platform.ts';
import { modelFactsOf, type Session, scoreVideo } from './score-file.ts';

export { CodedError } from '../../core/errors.ts';
export { errorMessage } from '../../core/text/error-messages.ts';
export type { MediaNotice } from '../../core/text/media-notices.ts';
export { mediaNoticeText } from '../../core/text/media-notices.ts';
export type { ModelFacts, ScoreOptions, ScoreProgress, VideoScore } from '../../library/video-score.ts';
export type { Compared, SideResult } from './compare-files.ts';

export interface OpenOptions {
  /** Folder or address of a package. Default: the small model in this package. */
  readonly model?: string;
}

export interface CompareOptions {
  /** Answers to each video, 1 by default; the interval of the difference needs at least two. */
  readonly answers?: number;
  /** Rejects with AbortError. */
  readonly signal?: AbortSignal;
}

export interface OpenModel extends ModelFacts {
  /**
   * Scores a file. Several calls wait for each other.
   *
   * @throws CodedError `media/*`, `run/*`; Error of the file system; AbortError
   */
  score(path: string, options?: ScoreOptions): Promise<VideoScore>;
  /**
   * Both texts and scores, PSNR and SSIM of each pair of frames.
   *
   * @throws as `score` does; CodedError `compare/aspect`
   */
  compare(a: string, b: string, options?: CompareOptions): Promise<Compared>;
  /** Frees the model; calls that wait are still served, later ones are refused. */
  close(): Promise<void>;
}

class NodeOpenModel implements OpenModel {
  readonly name: string;
  readonly sha256: string;
  #session: Session | null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(session: Session) {
    const { name, sha256 } = modelFactsOf(session.model);
    this.name = name;
    this.sha256 = sha256;
    this.#session = session;
  }

  /** Runs after the calls before it. */
  #inTurn<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = this.#session;
    if (!session) return Promise.reject(new RangeError('The model is closed.'));
    const run = () => work(session);
    const result = this.#turn.then(run, run);
    this.#turn = result.catch(() => {});
    return result;
  }

  score(path: string, options: ScoreOptions = {}): Promise<VideoScore> {
    return this.#inTurn(async (session) => {
      options.signal?.throwIfAborted();
      return scoreVideo(await fileOf(path), session, options);
    });
  }

  compare(a: string, b: string, { answers = 1, signal }: CompareOptions = {}): Promise<Compared> {
    return this.#inTurn((session) =>
      compareFiles([a, b], answers, session, signal ?? new AbortController().signal),
    );
  }

  async close(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const freed = this.#inTurn(({ model }) => model.unload());
    this.#session = null;
    await freed;
  }
}

/**
 * Opens a package, once for many videos.
 *
 * It gives this process the globals of a browser's worker that are used here: `self`, `location`, `VideoDecoder`,
 * `EncodedVideoChunk`.
 *
 * @example
 * const model = await openModel();
 * const { score, text } = await model.score('clip.mp4');
 * await model.close();
 *
 * @throws CodedError `command/decoder` without the package `node-av`; `model/*`; Error of the file system
 */
export async function openModel({ model = bundledModel }: OpenOptions = {}): Promise<OpenModel> {
  preparePlatform();
  return new NodeOpenModel({ media: nodeMedia(), model: await loadModel(model) });
}
