/** The convolutions of SlowFast-R50 at any width, as data for the lowering and for the check of the checkpoint. */
import type { MotionConfig } from '../core/files/checkpoint.ts';

export type Pathway = 'slow' | 'fast';

/** A bias-free convolution with the batch norm behind it. Kernel [time, space, space]; stride is spatial. */
export interface Convolution {
  readonly weight: string;
  readonly norm: string;
  readonly input: number;
  readonly output: number;
  readonly time: number;
  readonly space: number;
  readonly stride: number;
}

export interface Bottleneck {
  readonly a: Convolution;
  readonly b: Convolution;
  readonly c: Convolution;
  /** Projection of the shortcut, in the first block of a stage. */
  readonly shortcut: Convolution | null;
}

export interface MotionPlan {
  readonly stems: Readonly<Record<Pathway, Convolution>>;
  /** Lateral connections after the stem and the first three stages: kernel in time, stride 4. */
  readonly laterals: readonly Convolution[];
  /** Four stages of each pathway. */
  readonly stages: Readonly<Record<Pathway, readonly (readonly Bottleneck[])[]>>;
}

const backbone = 'slowfast_model.feature_extraction';

function convolution(
  weight: string,
  norm: string,
  sizes: Partial<Convolution> & Pick<Convolution, 'input' | 'output'>,
): Convolution {
  return { weight: `${weight}.weight`, norm, time: 1, space: 1, stride: 1, ...sizes };
}

/** Widths and names as in pytorchvideo's `slowfast_r50`, every number from the config. */
export function motionPlan(m: MotionConfig): MotionPlan {
  const index = { slow: 0, fast: 1 } as const;
  const stem = (pathway: Pathway, output: number, time: number) => {
    const at = `${backbone}.0.multipathway_blocks.${index[pathway]}`;
    return convolution(`${at}.conv`, `${at}.norm`, { input: 3, output, time, space: 7, stride: 2 });
  };
  const inner = { slow: m.inner_slow, fast: m.inner_fast };
  const width = { slow: m.stem_slow, fast: m.stem_fast };
  const laterals: Convolution[] = [];
  const stages: Record<Pathway, Bottleneck[][]> = { slow: [], fast: [] };
  for (const [s, depth] of m.depths.entries()) {
    const at = `${backbone}.${s}.multipathway_fusion`;
    laterals.push(
      convolution(`${at}.conv_fast_to_slow`, `${at}.norm`, {
        input: width.fast,
        output: 2 * width.fast,
        time: m.fast_to_slow_kernel,
      }),
    );
    width.slow += 2 * width.fast;
    for (const pathway of ['slow', 'fast'] as const) {
      const middle = inner[pathway] * 2 ** s;
      const output = middle * m.expansion;
      const time = pathway === 'fast' || s >= 2 ? 3 : 1;
      const blocks: Bottleneck[] = [];
      for (let i = 0; i < depth; i++) {
        const block = `${backbone}.${s + 1}.multipathway_blocks.${index[pathway]}.res_blocks.${i}`;
        const input = i === 0 ? width[pathway] : output;
        const stride = i === 0 && s > 0 ? 2 : 1;
        const branch = (letter: string, sizes: Parameters<typeof convolution>[2]) =>
          convolution(`${block}.branch2.conv_${letter}`, `${block}.branch2.norm_${letter}`, sizes);
        blocks.push({
          a: branch('a', { input, output: middle, time }),
          b: branch('b', { input: middle, output: middle, space: 3, stride }),
          c: branch('c', { input: middle, output }),
          shortcut:
            i === 0
              ? convolution(`${block}.branch1_conv`, `${block}.branch1_norm`, { input, output, stride })
              : null,
        });
      }
      stages[pathway].push(blocks);
      width[pathway] = output;
    }
  }
  return {
    stems: { slow: stem('slow', m.stem_slow, 1), fast: stem('fast', m.stem_fast, m.fast_stem_time) },
    laterals,
    stages,
  };
}

/** Names and shapes of the backbone's tensors, without the counters of batch norm; none without depths. */
export function motionTensors(m: MotionConfig): Map<string, readonly number[]> {
  if (m.depths.length === 0) return new Map();
  const plan = motionPlan(m);
  const blocks = [...plan.stages.slow, ...plan.stages.fast].flat();
  const all = [
    plan.stems.slow,
    plan.stems.fast,
    ...plan.laterals,
    ...blocks.flatMap((x) => [x.a, x.b, x.c, ...(x.shortcut ? [x.shortcut] : [])]),
  ];
  const shapes = new Map<string, readonly number[]>();
  for (const x of all) {
    shapes.set(x.weight, [x.output, x.input, x.time, x.space, x.space]);
    for (const part of ['weight', 'bias', 'running_mean', 'running_var'])
      shapes.set(`${x.norm}.${part}`, [x.output]);
  }
  return shapes;
}
