/** The batch of this page, made once. */

import { media, models } from '../../../assessment/session.ts';
import { createBatchEngine } from './engine.ts';
import { createBatchStorage, createMemoryStorage } from './storage.ts';
import { createBatchStore } from './store.ts';

export const batch = createBatchStore({
  engine: createBatchEngine(media, models),
  storage: 'indexedDB' in globalThis ? createBatchStorage() : createMemoryStorage(),
});
