/** `frames.json`: sampled indices and slow pathways of the released code. */
import { CodedError } from '../../../core/errors.ts';
import { uniformIndices } from '../../../core/sampling/frame-sampling.ts';
import { slowIndices } from '../../../core/sampling/profiles.ts';
import { type ConformanceReport, goldenNumber, tally } from './report.ts';

export interface FramesFile {
  readonly cases: readonly {
    readonly which: string;
    readonly frames: number;
    readonly segments: number;
    readonly fps: number | string;
    readonly bound: readonly [number, number] | null;
    readonly indices: readonly number[] | null;
    readonly error: string | null;
  }[];
  readonly slow_pathway?: {
    readonly cases: readonly {
      readonly model: string;
      readonly frames: number;
      readonly slow: readonly number[];
    }[];
  };
}

/** Exact. The slow counts are the released ones: floor(T/4) of the test model, floor(T/3) of the training one. */
export function checkFrames(file: FramesFile): ConformanceReport {
  const t = tally('frames');
  for (const c of file.cases) {
    t.count();
    const label = `${c.which} L=${c.frames} N=${c.segments} fps=${c.fps}`;
    let indices: number[] | null = null;
    let error: string | null = null;
    try {
      indices = uniformIndices(c.frames, c.segments, { fps: goldenNumber(c.fps), seconds: c.bound });
    } catch (thrown) {
      if (!(thrown instanceof CodedError)) throw thrown;
      error = String(thrown.params.python);
    }
    t.equal(label, { indices, error }, { indices: c.indices, error: c.error });
  }
  for (const c of file.slow_pathway?.cases ?? []) {
    t.count();
    const n = Math.floor(c.frames / (c.model === 'test' ? 4 : 3));
    t.equal(`slow ${c.model} T=${c.frames}`, slowIndices(c.frames, n), c.slow);
  }
  return t.report();
}
