/** Samples of one plane of a frame, or a map of them, row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

/**
 * Memory of planes, used again after `reusePlanes`: a frame's features need some fifty planes, and the garbage collector
 * takes longer to find them than the features do to fill them.
 */
const pool: Float64Array[] = [];
let used = 0;

/** A plane of unspecified samples, valid until the next `reusePlanes`. */
export function emptyPlane(width: number, height: number): Plane {
  const length = width * height;
  let memory = pool[used];
  if (!memory || memory.length < length) {
    memory = new Float64Array(length);
    pool[used] = memory;
  }
  used++;
  return { width, height, data: memory.length === length ? memory : memory.subarray(0, length) };
}

/** Ends the validity of all planes but those copied with `ownedPlane`. */
export function reusePlanes(): void {
  used = 0;
}

/** Frees the memory of all planes. */
export function freePlanes(): void {
  reusePlanes();
  pool.length = 0;
}

/** A copy in memory of its own. */
export function ownedPlane({ width, height, data }: Plane): Plane {
  return { width, height, data: data.slice() };
}

/** Mean of the samples. */
export function meanOf({ data }: Plane): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]!;
  return sum / data.length;
}

/** Standard deviation of the samples, divided by n − 1. */
export function deviationOf(plane: Plane): number {
  const { data } = plane;
  const mean = meanOf(plane);
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += (data[i]! - mean) ** 2;
  return Math.sqrt(sum / (data.length - 1));
}
