/**
 * Calibration: a monotone map from a model's scores to a person's own scale, fitted on clips with human scores, and its
 * error on clips that the fit has not seen. Ours.
 */
import { CodedError } from '../errors.ts';
import {
  type Calibration,
  type CalibrationMap,
  calibrationFormat,
  type HeldOutError,
} from '../files/calibration.ts';
import { quantile } from './correlation.ts';
import { fitIsotonic, isotonicAt } from './isotonic.ts';
import { fitLogistic, logisticAt } from './logistic.ts';
import { mean } from './moments.ts';
import { type Random, seededRandom } from './random.ts';

type Numbers = readonly number[];

/** Least number of pairs: below it a fold holds fewer than four. */
export const LEAST_CALIBRATION = 20;
const FOLDS = 5;
const BOOTSTRAPS = 2000;

const kinds = ['logistic', 'isotonic'] as const;
type Kind = (typeof kinds)[number];

interface Pairs {
  readonly x: Numbers;
  readonly y: Numbers;
}

export function calibratedScore(map: CalibrationMap, score: number): number {
  return map.kind === 'logistic' ? logisticAt(map, score) : isotonicAt(map, score);
}

function fitMap(kind: Kind, { x, y }: Pairs): CalibrationMap {
  return kind === 'logistic' ? { kind, ...fitLogistic(x, y) } : { kind, ...fitIsotonic(x, y) };
}

const at = (values: Numbers, indices: Numbers) => indices.map((i) => values[i]!);

/** Squared error of each pair under a map that was fitted without its fold. */
function heldOutSquares(pairs: Pairs, random: Random, fitted: (train: Pairs) => CalibrationMap): number[] {
  const { x, y } = pairs;
  const order = random.permutation(x.length);
  const squares = new Array<number>(x.length);
  for (let fold = 0; fold < FOLDS; fold++) {
    const train = order.filter((_, k) => k % FOLDS !== fold);
    const map = fitted({ x: at(x, train), y: at(y, train) });
    order.forEach((i, k) => {
      if (k % FOLDS === fold) squares[i] = (calibratedScore(map, x[i]!) - y[i]!) ** 2;
    });
  }
  return squares;
}

/** The map of the kind with the lower error on folds within these pairs. */
function selected(pairs: Pairs, random: Random): CalibrationMap {
  const errors = kinds.map((kind) =>
    mean(heldOutSquares(pairs, random.fork('selection'), (train) => fitMap(kind, train))),
  );
  return fitMap(errors[0]! <= errors[1]! ? 'logistic' : 'isotonic', pairs);
}

/**
 * Fits the map. The choice between logistic and isotonic is made anew inside each training fold, so that the held-out
 * error is that of the whole procedure. The interval is a percentile bootstrap over clips; it holds where the clips are
 * independent, not where many are versions of few sources.
 *
 * @param scores of the model, @param opinions of people in any unit, same length
 * @throws CodedError `metrics/lengths`; `calibration/too-few` {n, least}; `calibration/constant` {n} where all scores or all opinions
 * are equal
 */
export function calibrate(
  scores: Numbers,
  opinions: Numbers,
): { map: CalibrationMap; heldOut: HeldOutError } {
  const n = scores.length;
  if (n !== opinions.length)
    throw new CodedError('metrics/lengths', { predictions: n, mos: opinions.length });
  if (n < LEAST_CALIBRATION) throw new CodedError('calibration/too-few', { n, least: LEAST_CALIBRATION });
  if (mostEqual(scores) > n / 2 || new Set(opinions).size < 2)
    throw new CodedError('calibration/constant', { n });
  const pairs = { x: scores, y: opinions };
  const random = seededRandom('calibration');
  const squares = heldOutSquares(pairs, random.fork('folds'), (train) => selected(train, random));
  const raw = scores.map((score, i) => (score - opinions[i]!) ** 2);
  return { map: selected(pairs, random), heldOut: heldOutError(raw, squares, random.fork('bootstrap')) };
}

const extent = (values: Numbers): [number, number] => [
  values.reduce((a, b) => Math.min(a, b)),
  values.reduce((a, b) => Math.max(a, b)),
];

/**
 * The fitted calibration as its file has it.
 *
 * @throws CodedError as `calibrate`
 */
export function calibrationOf(
  scores: Numbers,
  opinions: Numbers,
  about: Pick<Calibration, 'app' | 'createdAt' | 'model' | 'table'>,
): Calibration {
  return {
    format: calibrationFormat,
    kind: 'calibration',
    ...about,
    ...calibrate(scores, opinions),
    scores: extent(scores),
    opinions: extent(opinions),
  };
}

/** Most scores of one value: no training fold may hold that value alone. */
function mostEqual(scores: Numbers): number {
  const counts = new Map<number, number>();
  for (const score of scores) counts.set(score, (counts.get(score) ?? 0) + 1);
  return Math.max(...counts.values());
}

function heldOutError(raw: Numbers, squares: Numbers, random: Random): HeldOutError {
  const n = squares.length;
  const root = (values: Numbers) => Math.sqrt(mean(values));
  const draws = Array.from({ length: BOOTSTRAPS }, () => {
    const drawn = Array.from({ length: n }, () => random.int(n));
    const [before, after] = [root(at(raw, drawn)), root(at(squares, drawn))];
    return { after, gain: before - after };
  });
  const interval = (values: number[]): [number, number] => {
    const sorted = values.sort((a, b) => a - b);
    return [quantile(sorted, 0.025), quantile(sorted, 0.975)];
  };
  return {
    folds: FOLDS,
    n,
    rmse: root(squares),
    rmseInterval: interval(draws.map(({ after }) => after)),
    rawRmse: root(raw),
    gain: root(raw) - root(squares),
    gainInterval: interval(draws.map(({ gain }) => gain)),
  };
}
