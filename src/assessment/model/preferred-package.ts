/** The package that was used last, stored over visits. */
import { persist, readPersisted } from '../persisted.ts';

/** Id of the package that ships with the page. */
export const BUNDLED = 'bundled';
const KEY = 'model.chosen';

export const preferredPackage = (): string =>
  readPersisted(KEY, (value) => (typeof value === 'string' ? value : BUNDLED), BUNDLED);

export const setPreferredPackage = (id: string): boolean => persist(KEY, id);
