/**
 * Files of earlier formats as files of today: parsed JSON in, parsed JSON out, other values unchanged. No schema library is
 * loaded, because the first page reads results that the browser has stored.
 *
 * Format 1 of manifests, results, quality timelines and batches had `dialect` for `target`, a manifest `figures` for
 * `metrics`, a timeline the kind `over-time`, and a profile the keys of `earlier-profile.ts`.
 *
 * Ours.
 */
import { currentProfile } from '../sampling/earlier-profile.ts';
import { renamedKeys } from '../schema.ts';

const isFormat1 = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && 'format' in value && value.format === 1;

const withTarget = renamedKeys(['dialect', 'target']);
const withMetrics = renamedKeys(['figures', 'metrics']);

/** A human scale that names one data set, whose videos the model was trained on. */
function currentScale(scale: unknown): unknown {
  if (typeof scale !== 'object' || scale === null || !('dataset' in scale)) return scale;
  const { dataset: name, n, ...others } = scale as Record<string, unknown>;
  return { ...others, datasets: [{ name, n, how: 'videos' }] };
}

/** A package's manifest, format 2. */
export function currentManifest(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const current = 'scale' in value ? { ...value, scale: currentScale(value.scale) } : value;
  if (!isFormat1(current)) return current;
  const { variants } = current;
  return {
    ...(withMetrics(current) as object),
    format: 2,
    variants: Array.isArray(variants) ? variants.map(withTarget) : variants,
  };
}

/** A result file, format 2. */
export function currentResult(value: unknown): unknown {
  if (!isFormat1(value)) return value;
  return { ...value, format: 2, model: withTarget(value.model), profile: currentProfile(value.profile) };
}

/** A quality timeline, format 2, with the result inside it. */
export function currentTimeline(value: unknown): unknown {
  if (!isFormat1(value)) return value;
  const { kind, result } = value;
  return {
    ...value,
    format: 2,
    kind: kind === 'over-time' ? 'quality-timeline' : kind,
    result: currentResult(result),
    model: withTarget(value.model),
    profile: currentProfile(value.profile),
  };
}

/** The model of a batch, in a file of format 1 or stored by an earlier version of the page. */
export const currentBatchModel = withTarget;

/** A batch file, format 2. */
export function currentBatch(value: unknown): unknown {
  return isFormat1(value) ? { ...value, format: 2, model: currentBatchModel(value.model) } : value;
}
