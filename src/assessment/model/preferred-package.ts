/** Which package was used last; remembered over visits. */
import { persist, readPersisted } from '../persisted.ts';

/** The package that ships with the page. */
export const SHIPPED = 'bundled';
const KEY = 'model.chosen';

export const chosenPackage = (): string =>
  readPersisted(KEY, (value) => (typeof value === 'string' ? value : SHIPPED), SHIPPED);

export const rememberPackage = (id: string): boolean => persist(KEY, id);
