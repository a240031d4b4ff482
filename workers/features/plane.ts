/** Samples of one plane of a frame, or a map of them, row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

export function emptyPlane(width: number, height: number): Plane {
  return { width, height, data: new Float64Array(width * height) };
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
