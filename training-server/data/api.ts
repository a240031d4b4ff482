/** Data of a run: what the driver may ask. */
export type { DataItem, LoadedSource, LoadOptions, NamedSource, Probe, SourceReport } from './items.ts';
export { loadSource } from './load.ts';
export { openRoots, type Roots } from './roots.ts';
export { validateSources } from './validate.ts';
