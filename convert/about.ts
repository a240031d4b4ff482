/** Facts of a package that its checkpoint does not hold: name, scale, measured metrics, licence. */
import { z } from 'zod';
import { manifestSchema } from '../core/files/manifest.ts';
import { readAs, renamedKeys } from '../core/schema.ts';

const shape = manifestSchema.shape;

const schema = z.strictObject({
  name: shape.name.optional(),
  scale: shape.scale.optional(),
  metrics: shape.metrics.default([]),
  licence: shape.licence.optional(),
  /** Text of the package's README.md. */
  card: z.string().min(1).optional(),
});

export type About = z.infer<typeof schema>;

/** Earlier evaluations wrote `figures`. */
const readable = z.preprocess(renamedKeys(['figures', 'metrics']), schema);

/** @throws CodedError `convert/config` {field, problem} */
export function readAbout(value: unknown): About {
  return readAs(readable, value, 'convert/config', 'about');
}
