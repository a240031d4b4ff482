/** The routes of the page, in the order of the header; a new page needs one entry. */

import { type LazyPart, lazyPart } from '../page/lazy-part.ts';
import type { IconName } from '../ui/Icon.tsx';

export interface Route {
  readonly id: 'assess' | 'compare' | 'batch' | 'models' | 'training';
  readonly icon: IconName;
  /** Second key after `G`. */
  readonly key: string;
  readonly page: LazyPart;
}

export const ROUTES: readonly [Route, ...Route[]] = [
  {
    id: 'assess',
    icon: 'gauge',
    key: 'a',
    page: lazyPart(() => import('../features/assess/AssessPage.tsx')),
  },
  {
    id: 'compare',
    icon: 'split',
    key: 'c',
    page: lazyPart(() => import('../features/compare/ComparePage.tsx')),
  },
  {
    id: 'batch',
    icon: 'list',
    key: 'b',
    page: lazyPart(() => import('../features/batch/BatchPage.tsx')),
  },
  {
    id: 'models',
    icon: 'stack',
    key: 'm',
    page: lazyPart(() => import('../features/models/ModelsPage.tsx')),
  },
  {
    id: 'training',
    icon: 'chart',
    key: 't',
    page: lazyPart(() => import('../features/training/TrainingPage.tsx')),
  },
];
