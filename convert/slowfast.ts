/**
 * SlowFast and `motion_mlp`: pixel_values [T, 3, S, S] → motion_features [1, D].
 *
 * Every convolution is two-dimensional over frames as a batch. A kernel in time gathers its frames into channels
 * first: [T, C, h, w] → [T', k·C, h, w], positions before the first and after the last frame being zero. Batch norm is
 * folded in float32; repeat, pooling and mean are weighted sums with the profile's weights.
 */
import { motionFrames, type Profile } from '../core/sampling/profiles.ts';
import type { Checkpoint, TensorSource } from './checkpoint.ts';
import { Graph, type GraphOptions } from './graph.ts';
import { toFloat16 } from './numbers.ts';
import { projector } from './parts.ts';
import { qualityHead } from './quality-head.ts';
import { type Bottleneck, type Convolution, motionPlan } from './slowfast-shapes.ts';
import { motionStatistics } from './statistics/motion-statistics.ts';
import type { Target, WeightFormats } from './weight-formats.ts';

const epsilon = 1e-5;

/** Feature maps of one pathway. */
interface Maps {
  readonly value: string;
  /** Null where the number is known at run time only; such maps are neither strided in time nor pooled. */
  readonly frames: number | null;
  readonly channels: number;
  readonly side: number;
}

/**
 * Number of channels to which a convolution's input is padded. onnxruntime's WebGPU kernel gives wrong sums for some
 * numbers of channels that are no multiple of 4 (9 and 15 among them, any kernel; 1.30 and 1.31-dev); up to 3 are right.
 */
function channelsFor(target: Target, channels: number): number {
  return target === 'webgpu' && channels > 3 ? Math.ceil(channels / 4) * 4 : channels;
}

/** Kernel [O, k·I, s, s] and bias [O] of a convolution with its batch norm folded in. */
async function folded(
  checkpoint: TensorSource,
  x: Convolution,
): Promise<{ kernel: Float32Array; bias: Float32Array }> {
  const [weights, gamma, beta, mean, variance] = await Promise.all(
    [x.weight, ...['weight', 'bias', 'running_mean', 'running_var'].map((part) => `${x.norm}.${part}`)].map(
      (name) => checkpoint.tensor(name),
    ),
  );
  const area = x.space * x.space;
  const kernel = new Float32Array(weights!.length);
  const bias = new Float32Array(x.output);
  for (let o = 0; o < x.output; o++) {
    const factor = gamma![o]! / Math.sqrt(variance![o]! + epsilon);
    bias[o] = beta![o]! - mean![o]! * factor;
    for (let i = 0; i < x.input; i++) {
      for (let t = 0; t < x.time; t++) {
        const from = ((o * x.input + i) * x.time + t) * area;
        const to = ((o * x.time + t) * x.input + i) * area;
        for (let p = 0; p < area; p++) kernel[to + p] = weights![from + p]! * factor;
      }
    }
  }
  return { kernel, bias };
}

export class MotionLowering {
  readonly #g: Graph;
  readonly #checkpoint: TensorSource;
  readonly #formats: WeightFormats;

  constructor(g: Graph, checkpoint: TensorSource, formats: WeightFormats) {
    this.#g = g;
    this.#checkpoint = checkpoint;
    this.#formats = formats;
  }

  /** @param step frames from one output to the next: 4 in the lateral connections */
  convolve(maps: Maps, x: Convolution, step = 1): Maps {
    const g = this.#g;
    const frames = maps.frames === null ? null : Math.floor((maps.frames - 1) / step) + 1;
    if (frames === null && x.time > 1 && x.space > 1) return this.#tapByTap(maps, x);
    const channels = x.time * x.input;
    const wide = channelsFor(this.#formats.target, channels);
    const gathered = x.time === 1 ? maps.value : this.#window(maps, x.time, frames, step);
    const input = wide === channels ? gathered : g.padEnd(gathered, 1, 4, wide - channels);
    const kernel = this.#kernel(x, wide);
    const bias = g.weight(
      `${x.norm}.bias`,
      'float32',
      [x.output],
      async () => (await folded(this.#checkpoint, x)).bias,
    );
    const pad = (x.space - 1) / 2;
    const value = g.node('Conv', [input, kernel, bias], {
      kernel_shape: [x.space, x.space],
      strides: [x.stride, x.stride],
      pads: [pad, pad, pad, pad],
    });
    return { value, frames, channels: x.output, side: Math.ceil(maps.side / x.stride) };
  }

  /**
   * A kernel in time and space, each tap alone over all frames and the results shifted and added. Frames of the stem are
   * its largest maps; side by side they would take as many copies as there are taps.
   */
  #tapByTap(maps: Maps, x: Convolution): Maps {
    const g = this.#g;
    const half = (x.time - 1) / 2;
    const pad = (x.space - 1) / 2;
    const attributes = {
      kernel_shape: [x.space, x.space],
      strides: [x.stride, x.stride],
      pads: [pad, pad, pad, pad],
    };
    const bias = g.weight(
      `${x.norm}.bias`,
      'float32',
      [x.output],
      async () => (await folded(this.#checkpoint, x)).bias,
    );
    const tap = (k: number, inputs: readonly string[]) =>
      g.node('Conv', [maps.value, this.#tapKernel(x, k), ...inputs], attributes);
    let value = tap(half, [bias]);
    for (let k = 0; k < x.time; k++) {
      if (k === half) continue;
      // Frames outside the clip are zero, and so is a tap on them.
      value = g.add(value, this.#slice(this.#padded(tap(k, []), half), k, x.time));
    }
    return { value, frames: null, channels: x.output, side: Math.ceil(maps.side / x.stride) };
  }

  /** [O, I, s, s]: one tap of the folded kernel. */
  #tapKernel(x: Convolution, k: number): string {
    const g = this.#g;
    const dims = [x.output, x.input, x.space, x.space];
    const size = x.input * x.space * x.space;
    const picked = async () => {
      const { kernel } = await folded(this.#checkpoint, x);
      const out = new Float32Array(x.output * size);
      for (let o = 0; o < x.output; o++) {
        const from = (o * x.time + k) * size;
        out.set(kernel.subarray(from, from + size), o * size);
      }
      return out;
    };
    const name = `${x.weight}.${k}`;
    if (this.#formats.convolution === 'float32') return g.weight(name, 'float32', dims, picked);
    const loaded = 4 * x.output * size;
    return g.cast(
      g.weight(name, 'float16', dims, async () => toFloat16(await picked()), loaded),
      'float32',
    );
  }

  /** [O, wide, s, s]: the folded kernel, and zeros for the channels that were added. */
  #kernel(x: Convolution, wide: number): string {
    const g = this.#g;
    const format = this.#formats.convolution;
    const dims = [x.output, wide, x.space, x.space];
    const filled = async () => {
      const { kernel } = await folded(this.#checkpoint, x);
      const [from, to] = [kernel.length / x.output, wide * x.space * x.space];
      if (from === to) return kernel;
      const out = new Float32Array(x.output * to);
      for (let o = 0; o < x.output; o++) out.set(kernel.subarray(o * from, (o + 1) * from), o * to);
      return out;
    };
    if (format === 'float32') return g.weight(x.weight, format, dims, filled);
    const loaded = dims.reduce((n, d) => n * d, 4);
    return g.cast(
      g.weight(x.weight, format, dims, async () => toFloat16(await filled()), loaded),
      'float32',
    );
  }

  #window(maps: Maps, time: number, frames: number | null, step: number): string {
    const g = this.#g;
    if (maps.frames === null || frames === null) return this.#slices(maps, time);
    const last = maps.frames;
    const padded = g.padEnd(maps.value, 0, 4);
    const indices = Array.from({ length: frames * time }, (_, i) => {
      const index = Math.floor(i / time) * step + (i % time) - (time - 1) / 2;
      return index < 0 || index >= last ? last : index;
    });
    const gathered = g.gather(padded, g.integers(indices), 0);
    return g.reshape(gathered, [frames, time * maps.channels, maps.side, maps.side]);
  }

  /** The window of every frame, for any number of them: the clip shifted by each tap, side by side. */
  #slices(maps: Maps, time: number): string {
    const g = this.#g;
    const padded = this.#padded(maps.value, (time - 1) / 2);
    return g.concat(
      Array.from({ length: time }, (_, k) => this.#slice(padded, k, time)),
      1,
    );
  }

  /** Frames with `half` frames of zero before and after them. */
  #padded(value: string, half: number): string {
    return this.#g.node('Pad', [value, this.#g.integers([half, 0, 0, 0, half, 0, 0, 0])]);
  }

  /** As many frames as there were before `#padded`, from the k-th on. */
  #slice(padded: string, k: number, time: number): string {
    return this.#g.slice(padded, k, k === time - 1 ? Number.MAX_SAFE_INTEGER : k - (time - 1), 0);
  }

  relu(maps: Maps): Maps {
    return { ...maps, value: this.#g.relu(maps.value) };
  }

  stem(maps: Maps, x: Convolution): Maps {
    const y = this.relu(this.convolve(maps, x));
    const value = this.#g.node('MaxPool', [y.value], {
      kernel_shape: [3, 3],
      strides: [2, 2],
      pads: [1, 1, 1, 1],
    });
    return { ...y, value, side: Math.ceil(y.side / 2) };
  }

  /** Fast features concatenated after the slow ones. */
  join(slow: Maps, fast: Maps, lateral: Convolution): Maps {
    const y = this.relu(this.convolve(fast, lateral, 4));
    return { ...slow, value: this.#g.concat([slow.value, y.value], 1), channels: slow.channels + y.channels };
  }

  bottleneck(maps: Maps, block: Bottleneck): Maps {
    const inner = this.relu(this.convolve(this.relu(this.convolve(maps, block.a)), block.b));
    const y = this.convolve(inner, block.c);
    const shortcut = block.shortcut === null ? maps : this.convolve(maps, block.shortcut);
    return this.relu({ ...y, value: this.#g.add(shortcut.value, y.value) });
  }

  /** Weighted mean over positions, then over frames: [1, C]. */
  pool(maps: Maps, time: readonly number[], space: readonly number[]): string {
    const g = this.#g;
    const plane = space.flatMap((row) => space.map((column) => row * column));
    if (maps.frames === null) throw new RangeError('weights of frames need their number');
    const flat = g.reshape(maps.value, [maps.frames * maps.channels, maps.side * maps.side]);
    const pooled = g.matmul(flat, g.floats(plane, [plane.length, 1]));
    return g.matmul(g.floats(time, [1, time.length]), g.reshape(pooled, [maps.frames, maps.channels]));
  }
}

/** Pooled features of both pathways, [1, C]. */
function slowFast(
  g: Graph,
  checkpoint: Checkpoint,
  profile: Profile,
  formats: WeightFormats,
  pixels: string,
): string {
  const plan = motionPlan(checkpoint.config.motion);
  const frames = motionFrames(profile);
  const lowering = new MotionLowering(g, checkpoint, formats);
  const input = { channels: 3, side: profile.size };
  const picked = g.gather(pixels, g.integers(profile.slowIndices), 0);

  let slow = lowering.stem({ ...input, value: picked, frames: profile.slowIndices.length }, plan.stems.slow);
  let fast = lowering.stem({ ...input, value: pixels, frames }, plan.stems.fast);
  const tap = (block: number) => {
    for (const [pathway, m] of [
      ['slow', slow],
      ['fast', fast],
    ] as const) {
      g.tap(`slowfast.${block}.${pathway}`, m.value, [m.frames ?? 'frames', m.channels, m.side, m.side]);
    }
  };
  for (const [s, lateral] of plan.laterals.entries()) {
    slow = g.scope(`fusion.${s}`, () => lowering.join(slow, fast, lateral));
    tap(s);
    g.scope(`stage.${s + 1}`, () => {
      for (const block of plan.stages.slow[s]!) slow = lowering.bottleneck(slow, block);
      for (const block of plan.stages.fast[s]!) fast = lowering.bottleneck(fast, block);
    });
  }
  tap(plan.laterals.length);

  const { poolTime, poolSpace } = profile;
  const parts = [
    lowering.pool(slow, poolTime.slow, poolSpace),
    lowering.pool(fast, poolTime.fast, poolSpace),
  ];
  const pooled = g.concat(parts, 1);
  g.tap('slowfast.pooled', pooled, [1, slow.channels + fast.channels]);
  return pooled;
}

export function motionEncoder(
  checkpoint: Checkpoint,
  profile: Profile,
  formats: WeightFormats,
  options: GraphOptions = {},
): Graph {
  const { motion, text } = checkpoint.config;
  const g = new Graph('motion_encoder', options);
  const pixels = g.input('pixel_values', 'float32', [motionFrames(profile), 3, profile.size, profile.size]);
  const pooled = motion.depths.length > 0 ? [slowFast(g, checkpoint, profile, formats, pixels)] : [];
  const statistics = motion.statistics.length > 0 ? [motionStatistics(g, checkpoint, profile, pixels)] : [];
  for (const value of statistics) g.tap('motion_statistics', value, [1, motion.statistics.length]);
  const vector = g.concat([...pooled, ...statistics], 1);
  const projected = projector(g, checkpoint, vector, 'motion_mlp', formats.encoder);
  const token = motion.quality_features.length > 0 ? g.add(projected, qualityHead(g, checkpoint)) : projected;
  g.output('motion_features', token, 'float32', [1, text.hidden_size]);
  return g;
}
