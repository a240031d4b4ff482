/** Layout of the page’s store of packages, which two workers write: downloads, and conversions in place. Ours. */
import { z } from 'zod';

/** Folder of the origin private file system that holds a folder for each package. */
export const PACKAGES = 'packages';
/** Folder of a package's own files, beside its note and manifest. */
export const packageFiles = 'files';
/** Journal of a package that is being made. */
export const conversionJournal = 'conversion.jsonl';
/** Beside a package that is being made, until the store has taken it over. */
export const conversionFile = 'conversion.json';

export const unfinishedNote = z.strictObject({
  format: z.literal(1),
  name: z.string(),
  dtype: z.enum(['q4f16', 'q4', 'q8']),
  variants: z.array(
    z.strictObject({
      target: z.enum(['webgpu', 'wasm']),
      dtype: z.enum(['fp32', 'fp16', 'q8', 'q4', 'q4f16']),
    }),
  ),
  /** Repository and commit of a hub; null for a folder, which must be chosen again. */
  address: z.strictObject({ endpoint: z.string(), repository: z.string(), revision: z.string() }).nullable(),
  startedAt: z.string(),
});

/** Note of a conversion, with which another visit can go on. */
export type UnfinishedNote = z.infer<typeof unfinishedNote>;
