/** The one training store of this page. Apart from `session.ts`, so that only the Training page loads it. */
import { createTrainingStore } from './store.ts';

export const training = createTrainingStore();
