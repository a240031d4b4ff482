/**
 * Closed-form statistics of the motion branch's pixels. The formulas are a table, `statistics.json`, interpreted by the
 * torch module and by the ONNX emitter alike; its `maps` and `stages` say what each word of a row means.
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

const byName = new Map(statisticRows.map((row) => [row.name, row]));

/** @throws RangeError for a name that the table does not hold */
export function statisticRow(name: string): StatisticRow {
  const row = byName.get(name);
  if (!row) throw new RangeError(`no statistic is called ${name}`);
  return row;
}
