/**
 * Metadata and thumbnails of videos without an engine: one Python process without torch, started on demand and ended after
 * a minute without requests. It decodes as the engine does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { CodedError } from '../../core/errors.ts';
import { python as projectPython, pythonEnvironment } from '../../scripts/python.mjs';
import type { Probe } from '../data/api.ts';

const IDLE_MS = 60_000;
/** Timeout of a request. */
const PATIENCE_MS = 60_000;
const THUMBNAIL_WIDTH = 192;
/** Time in which requests for frames of one video are collected and decoded together. */
const GATHER_MS = 15;
const MOST_CACHED_VIDEOS = 200;

const failed = z.object({ error: z.string() });
const factsSchema = z.array(
  z.object({
    frames: z.int(),
    width: z.int(),
    height: z.int(),
    fps: z.number(),
    error: z.string().optional(),
  }),
);
const framesSchema = z.array(z.tuple([z.int(), z.string()]));

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class VideoProbe {
  readonly #python: string;
  #child: ChildProcess | null = null;
  #waiting: Waiting[] = [];
  #idle: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;
  /** JPEGs by path and index, least recently used first. */
  readonly #frames = new Map<string, Map<number, Buffer>>();
  readonly #gathering = new Map<string, { indices: Set<number>; done: Promise<void> }>();

  constructor(python = projectPython) {
    this.#python = python;
  }

  /** Metadata of videos, one result a path, with an error for those that cannot be read. Paths must be validated before. */
  readonly probe: Probe = async (paths) => factsSchema.parse(await this.#ask({ probe: [...paths] }));

  /**
   * A frame, 192 pixels wide at most, as JPEG.
   * @param path real path, validated before
   * @throws `train/frame` {index, problem}
   */
  async frame(path: string, index: number): Promise<Buffer> {
    if (this.#frames.get(path)?.has(index) !== true) await this.#gather(path, index);
    const frame = this.#frames.get(path)?.get(index);
    if (frame === undefined)
      throw new CodedError('train/frame', { index, problem: 'the video has no such frame' });
    return frame;
  }

  #gather(path: string, index: number): Promise<void> {
    const open = this.#gathering.get(path);
    if (open !== undefined) {
      open.indices.add(index);
      return open.done;
    }
    const indices = new Set([index]);
    const done = new Promise<void>((resolve, reject) => {
      setTimeout(() => {
        this.#gathering.delete(path);
        this.#fetch(path, [...indices]).then(resolve, reject);
      }, GATHER_MS);
    });
    this.#gathering.set(path, { indices, done });
    return done;
  }

  async #fetch(path: string, frames: number[]): Promise<void> {
    const reply = await this.#ask({ path, frames, width: THUMBNAIL_WIDTH });
    const fault = failed.safeParse(reply);
    if (fault.success) throw new CodedError('train/frame', { index: frames[0]!, problem: fault.data.error });
    const cached = this.#frames.get(path) ?? new Map<number, Buffer>();
    for (const [index, jpeg] of framesSchema.parse(reply)) cached.set(index, Buffer.from(jpeg, 'base64'));
    this.#frames.delete(path);
    this.#frames.set(path, cached);
    if (this.#frames.size > MOST_CACHED_VIDEOS) this.#frames.delete(this.#frames.keys().next().value!);
  }

  #ask(request: object): Promise<unknown> {
    const child = this.#start();
    clearTimeout(this.#idle);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#waiting.length === 1) this.#watch();
      child.stdin!.write(`${JSON.stringify(request)}\n`);
    });
  }

  /** Starts the timeout of the request at the head of the queue. */
  #watch(): void {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#end('it took longer than a minute'), PATIENCE_MS);
  }

  #start(): ChildProcess {
    if (this.#child !== null) return this.#child;
    const child = spawn(this.#python, ['-m', 'engine.probe', 'videos'], {
      cwd: join(import.meta.dirname, '..', 'torch'),
      env: pythonEnvironment(),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child = child;
    child.on('error', () => this.#gone(child, new CodedError('train/python')));
    child.on('close', () =>
      this.#gone(child, new CodedError('train/frame', { index: 0, problem: 'the reader ended' })),
    );
    child.stdin!.on('error', () => {});
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (this.#child !== child) return;
      this.#waiting.shift()?.resolve(JSON.parse(line));
      clearTimeout(this.#patience);
      if (this.#waiting.length > 0) this.#watch();
      else this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    });
    return child;
  }

  #gone(child: ChildProcess, error: CodedError): void {
    if (this.#child !== child) return;
    this.#child = null;
    clearTimeout(this.#patience);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #end(problem: string): void {
    const child = this.#child;
    if (child === null) return;
    this.#gone(child, new CodedError('train/frame', { index: 0, problem }));
    child.kill('SIGKILL');
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#end('the server is leaving');
  }
}
