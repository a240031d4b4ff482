/** From the curve as it stands to its file, and to what is kept of it on this device. */
import { type Curve, curveFormat, curveKind } from '../../../core/files/curve.ts';
import type { Result } from '../../../core/files/result.ts';
import type { KeptCurve, OvertimeState } from './store.ts';

export type CurveState = Pick<OvertimeState, 'seconds' | 'segments' | 'results' | 'model'>;

/**
 * @param result of the whole clip
 * @param duration of the clip in seconds
 * @returns null before there is a segment's result
 */
export function keptCurve(
  { seconds, segments, results, model }: CurveState,
  result: Result,
  duration: number,
  app: string,
  createdAt: Date,
): KeptCurve | null {
  if (!model || results.every((one) => one === null)) return null;
  const curve: Curve = {
    format: curveFormat,
    kind: curveKind,
    app,
    createdAt: createdAt.toISOString(),
    result,
    duration,
    ...model,
    segmentSeconds: seconds,
    segments: segments.map((segment, at) => {
      const { picture: _, ...known } = results[at] ?? { picture: null };
      return { ...segment, result: 'text' in known ? known : null };
    }),
  };
  return { curve, pictures: results.map((one) => one?.picture ?? null) };
}
