/**
 * Closed-form statistics of the motion branch's pixels: the rows of `statistics.json`, whose `maps` and `stages` define
 * each word of a row. The torch module and the ONNX converter both compute the rows from this table.
 *
 * A new statistic touches these places:
 *
 * 1. a row of `statistics.json`; that is all where its words exist already (then train and convert a checkpoint that
 *    names it in `motion_config.statistics`);
 * 2. a new map: `maps` in `statistics.json`, `MAPS` in `convert/statistics/maps.ts` (a map without an entry is a type
 *    error), and `Fragments._compute` in `training-server/torch/modules/statistics.py` with its formula in
 *    `statistic_maps.py` (`test_statistics.py` computes every map);
 * 3. a new word of `cell`, `fragments`, `after` or `time`: `stages` in `statistics.json`, `StatisticRow` here,
 *    `convert/statistics/reduce.ts` or `temporal.ts`, `statistics.py`, and the list in `statistics.test.ts`.
 *
 * Ours.
 */
import table from './statistics.json' with { type: 'json' };

/** Soft count: share of positions below (or above) a threshold, with a linear ramp of `width` around it. */
export type Ramp =
  | { readonly below: number; readonly width: number }
  | { readonly above: number; readonly width: number };

/** Names of the maps that rows are made from: the keys of `maps` in the JSON. */
export type MapName = keyof typeof table.maps;

export interface StatisticRow {
  readonly name: string;
  readonly map: MapName;
  /** Fragments are averaged scale × scale before the map. */
  readonly scale: 1 | 2 | 4 | 8;
  /** Over the positions of a fragment. */
  readonly cell: 'mean' | 'min' | 'max' | 'ratio' | 'deviation' | 'phase8' | Ramp;
  /** ε of a logarithm of each fragment's value; none when absent. */
  readonly log?: number;
  /** Over the fragments of a frame, pair or gap. */
  readonly fragments: 'mean' | 'min' | 'max' | 'std' | 'pixels' | 'ratio';
  /** Applied to each frame's, pair's or gap's value. */
  readonly after?: 'abs' | { readonly log: number } | Ramp;
  /** Over frames, pairs or gaps; a ramp counts those far from the mean. */
  readonly time: 'mean' | 'min' | 'max' | 'std' | 'half' | 'steps' | 'coherence' | 'flips' | Ramp;
}

/** All rows in the table's order. The JSON is ours and typed here once; the test checks every word of it. */
export const statisticRows = table.rows as readonly StatisticRow[];

/** Meaning of each `map`. */
export const statisticMaps: Readonly<Record<MapName, string>> = table.maps;

/** Weights of R, G, B in the luma. */
export const lumaWeights = table.luma as unknown as readonly [number, number, number];

/** Standardised statistics are clipped to ± this. */
export const statisticLimit: number = table.limit;

const framePairs = /^(pair|gap|flow|leap)/;

/** A row of single frames, which has a value for each fragment; the others compare two frames. */
export function isFrameStatistic(row: StatisticRow): boolean {
  return !framePairs.test(row.map);
}

const byName = new Map(statisticRows.map((row) => [row.name, row]));

/** @throws RangeError for a name that the table does not hold */
export function statisticRow(name: string): StatisticRow {
  const row = byName.get(name);
  if (!row) throw new RangeError(`no statistic is called ${name}`);
  return row;
}
