/** `perturb.json`: orders of the released perturbation function for draws that are written down. */
import { CodedError } from '../../../core/errors.ts';
import {
  type Draws,
  type PerturbMode,
  perturbedOrder,
  perturbModes,
  type WrittenDraw,
  writtenDraws,
} from '../../../core/sampling/perturb.ts';
import { type ConformanceReport, tally } from './report.ts';

type Order = readonly (number | null)[];

export interface PerturbFile {
  readonly cases: readonly {
    readonly mode: string;
    readonly frames: number;
    readonly window: number;
    readonly draws: readonly WrittenDraw[];
    readonly indices: Order | null;
    readonly no_op: boolean | null;
    readonly error: string | null;
  }[];
  readonly pipeline?: readonly {
    readonly samples: number;
    readonly frames: number;
    readonly seed: number;
    readonly draws: readonly WrittenDraw[];
    readonly indices: readonly Order[];
  }[];
}

function isMode(mode: string): mode is PerturbMode {
  return (perturbModes as readonly string[]).includes(mode);
}

/** Any other word than the six leaves the frames as they are. */
function order(mode: string, frames: number, draws: Draws, window = 4): Order {
  if (!isMode(mode)) return Array.from({ length: frames }, (_, i) => i);
  return perturbedOrder(mode, frames, draws, { window, remainder: 'permuted', drop: 'zeroed', scale: 1 });
}

/** Exact, and every written draw is used up. */
export function checkPerturb(file: PerturbFile): ConformanceReport {
  const t = tally('perturb');
  for (const [i, c] of file.cases.entries()) {
    t.count();
    const draws = writtenDraws(c.draws);
    let indices: Order | null = null;
    let error: string | null = null;
    try {
      indices = order(c.mode, c.frames, draws, c.window);
    } catch (thrown) {
      error = thrown instanceof CodedError ? String(thrown.params.python) : String(thrown);
    }
    const no_op = indices?.every((source, k) => source === k) ?? null;
    const expected = { indices: c.indices, no_op: c.no_op, error: c.error, left: 0 };
    t.equal(`${i} ${c.mode} T=${c.frames}`, { indices, no_op, error, left: draws.left() }, expected);
  }
  for (const c of file.pipeline ?? []) {
    t.count();
    const draws = writtenDraws(c.draws);
    let indices: Order[] | string;
    try {
      indices = Array.from({ length: c.samples }, () => order(draws.choice(perturbModes), c.frames, draws));
    } catch (thrown) {
      indices = String(thrown);
    }
    t.equal(`pipeline seed ${c.seed}`, { indices, left: draws.left() }, { indices: c.indices, left: 0 });
  }
  return t.report();
}
