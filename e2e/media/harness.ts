/** Functions that the browser tests call in their page: the media client, with pixels handed back as text. */
import type { FeatureReport, PixelRule, SeekHint, VideoFacts } from '../../workers/media/api.ts';
import { createMediaClient } from '../../workers/media/client.ts';

const client = createMediaClient();
const files = new Map<string, Promise<File>>();

/** @param url an address, or `chosen:` for the file that the page's file field holds */
function fileAt(url: string): Promise<File> {
  if (url === 'chosen:') return Promise.resolve(document.querySelector('input')!.files![0]!);
  let file = files.get(url);
  if (!file) {
    file = fetch(url).then(async (response) => {
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      return new File([await response.blob()], url.split('/').pop()!);
    });
    files.set(url, file);
  }
  return file;
}

export interface Failure {
  readonly code: string;
  readonly params: Readonly<Record<string, string | number>>;
}

/** Errors as data: what they say, not that they were thrown, is what the tests look at. */
function failureOf(error: unknown): Failure {
  if (error instanceof Error && 'code' in error && 'params' in error)
    return { code: String(error.code), params: error.params as Failure['params'] };
  return { code: error instanceof Error ? `${error.name}: ${error.message}` : String(error), params: {} };
}

function base64(bytes: Uint8Array | Uint8ClampedArray): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 32768)
    text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}

/** Mean of each channel of an RGB picture. */
function meanOf(rgb: Uint8Array): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < rgb.length; i++) sums[(i % 3) as 0 | 1 | 2] += rgb[i]!;
  return sums.map((sum) => sum / (rgb.length / 3)) as [number, number, number];
}

export interface FramesResult {
  readonly decoded: number;
  readonly seconds: number;
  readonly frames: readonly {
    readonly index: number;
    readonly substituted?: number;
    readonly mean: readonly [number, number, number];
    readonly sizes: readonly number[];
    /** SHA-256 of the first picture. */
    readonly sha256: string;
    readonly thumbnail?: readonly [number, number];
  }[];
}

const harness = {
  async open(
    url: string,
  ): Promise<{ id: number; facts: VideoFacts; start: number; times: number[] } | Failure> {
    try {
      const { id, facts, start, times } = await client.open(await fileAt(url));
      return { id, facts, start, times: [...times] };
    } catch (error) {
      return failureOf(error);
    }
  },

  /** Opens a file of the given bytes, as text in base 64. */
  async openBytes(
    name: string,
    bytes: string,
  ): Promise<Failure | { readonly id: number; readonly facts: VideoFacts; readonly times: number[] }> {
    try {
      const part = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
      const { id, facts, times } = await client.open(new File([part], name));
      return { id, facts, times: [...times] };
    } catch (error) {
      return failureOf(error);
    }
  },

  /** Opens a file with single bytes overwritten, or with its end cut off. */
  async openCorrupted(
    url: string,
    bytes: readonly (readonly [at: number, value: number])[],
    keep = 1,
  ): Promise<Failure | { readonly id: number; readonly facts: VideoFacts }> {
    try {
      const whole = new Uint8Array(await (await fileAt(url)).arrayBuffer());
      for (const [at, value] of bytes) whole[at] = value;
      const { id, facts } = await client.open(new File([whole.slice(0, whole.length * keep)], 'damaged'));
      return { id, facts };
    } catch (error) {
      return failureOf(error);
    }
  },

  async frames(
    id: number,
    indices: readonly number[],
    size: number,
    rules: readonly PixelRule[],
    options: { thumbnail?: number; software?: boolean; abortAfter?: number } = {},
  ): Promise<FramesResult | Failure> {
    const frames: FramesResult['frames'][number][] = [];
    const hashes: Promise<void>[] = [];
    const stop = new AbortController();
    try {
      const report = await client.frames(
        id,
        { indices, size, rules, thumbnail: options.thumbnail ?? 0, software: options.software ?? false },
        ({ index, substituted, rgb, thumbnail }) => {
          const frame = {
            index,
            sha256: '',
            ...(substituted !== undefined ? { substituted } : {}),
            mean: meanOf(rgb[0]!),
            sizes: rgb.map(({ length }) => length),
            ...(thumbnail ? { thumbnail: [thumbnail.width, thumbnail.height] as const } : {}),
          };
          frames.push(frame);
          hashes.push(
            crypto.subtle.digest('SHA-256', rgb[0]!).then((hash) => {
              frame.sha256 = Array.from(new Uint8Array(hash), (byte) =>
                byte.toString(16).padStart(2, '0'),
              ).join('');
            }),
          );
          thumbnail?.close();
          if (frames.length === options.abortAfter) stop.abort();
        },
        stop.signal,
      );
      await Promise.all(hashes);
      frames.sort((a, b) => a.index - b.index);
      return { decoded: report.decoded, seconds: report.seconds, frames };
    } catch (error) {
      return { ...failureOf(error), params: { ...failureOf(error).params, delivered: frames.length } };
    }
  },

  /** Quality features of the first frames, in one pass with some frames. */
  async features(
    id: number,
    frames: number,
    indices: readonly number[] = [],
    abortAfterMs?: number,
  ): Promise<(FeatureReport & { readonly delivered: readonly number[] }) | Failure> {
    try {
      const signal = abortAfterMs === undefined ? undefined : AbortSignal.timeout(abortAfterMs);
      const delivered: number[] = [];
      const request = {
        indices,
        size: 56,
        rules: [{ pixels: 'squash' }] as const,
        thumbnail: 0,
        features: { from: 0, frames },
      };
      const { features } = await client.frames(
        id,
        request,
        ({ index }) => void delivered.push(index),
        signal,
      );
      if (!features) throw new Error('no features');
      return { ...features, delivered };
    } catch (error) {
      return failureOf(error);
    }
  },

  async frameImage(
    id: number,
    index: number,
  ): Promise<{ width: number; height: number; rgba: string; substituted?: number } | Failure> {
    try {
      const { width, height, rgba, substituted } = await client.frameImage(id, index);
      return { width, height, rgba: base64(rgba), ...(substituted === undefined ? {} : { substituted }) };
    } catch (error) {
      return failureOf(error);
    }
  },

  /** Pictures one after another, or several at once: checksums of their RGBA, and the packets fed for each. */
  async frameImages(
    id: number,
    indices: readonly (number | readonly number[])[],
  ): Promise<readonly { readonly sha256: string; readonly decoded: number }[] | Failure> {
    const one = async (index: number) => {
      const { rgba, decoded } = await client.frameImage(id, index);
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', rgba));
      return { sha256: Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join(''), decoded };
    };
    try {
      const all = [];
      for (const index of indices) all.push(...(await Promise.all([index].flat().map(one))));
      return all;
    } catch (error) {
      return failureOf(error);
    }
  },

  setSeekHint: (id: number, hint: SeekHint | null) => client.setSeekHint(id, hint),

  /** Asks for a frame of a decoder that hangs. */
  async stall(url: string): Promise<Failure | 'a frame'> {
    const hung = createMediaClient(
      () => new Worker(new URL('./silent-worker.ts', import.meta.url), { type: 'module' }),
    );
    try {
      const { id } = await hung.open(await fileAt(url));
      await hung.frames(
        id,
        { indices: [0], size: 56, rules: [{ pixels: 'squash' }], thumbnail: 0 },
        () => {},
      );
      return 'a frame';
    } catch (error) {
      return failureOf(error);
    } finally {
      hung.dispose();
    }
  },

  codecs: () => client.codecs(),
  close: (id: number) => client.close(id),

  /** Frames from the key frames up to the wanted ones, in decode order. */
  async reached(url: string, indices: readonly number[]): Promise<number> {
    const { Video } = await import('../../workers/media/video.ts');
    const { packetsOf } = await import('../../workers/media/plan.ts');
    return packetsOf(await (await Video.open(await fileAt(url))).plan(indices));
  },

  /** Seconds to decode every packet of a file in decode order with one flush, frames closed at once. */
  async decodeAll(url: string): Promise<{ packets: number; seconds: number }> {
    const { Video } = await import('../../workers/media/video.ts');
    const { RunDecoder } = await import('../../workers/media/range-decoder.ts');
    const video = await Video.open(await fileAt(url));
    const decoder = new RunDecoder(video, { software: false, signal: new AbortController().signal });
    const begun = performance.now();
    const end = video.facts.frames;
    const { seen, failure } = await decoder.run({ start: 0, end }, 'all');
    if (failure) throw failure;
    decoder.close();
    return { packets: seen.size, seconds: (performance.now() - begun) / 1000 };
  },
};

export type Harness = typeof harness;

declare global {
  interface Window {
    media: Harness;
  }
}

window.media = harness;
