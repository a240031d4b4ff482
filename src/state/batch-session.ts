/** The batch of this page, made once. */
import { createBatchEngine } from './batch-engine.ts';
import { createBatchShelf, createMemoryShelf } from './batch-shelf.ts';
import { createBatchStore } from './batch-store.ts';
import { media, models } from './session.ts';

export const batch = createBatchStore({
  engine: createBatchEngine(media, models),
  shelf: 'indexedDB' in globalThis ? createBatchShelf() : createMemoryShelf(),
});
