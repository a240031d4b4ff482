/** The batch of this page, made once. */

import { media, models } from '../../../assessment/session.ts';
import { createBatchEngine } from './engine.ts';
import { createBatchShelf, createMemoryShelf } from './storage.ts';
import { createBatchStore } from './store.ts';

export const batch = createBatchStore({
  engine: createBatchEngine(media, models),
  shelf: 'indexedDB' in globalThis ? createBatchShelf() : createMemoryShelf(),
});
