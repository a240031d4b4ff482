/** The places of the page. One that is not built is not listed: adding one is adding its line. */
import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import type { IconName } from '../ui/Icon.tsx';

export interface Place {
  readonly id: 'assess' | 'compare' | 'batch' | 'models' | 'training';
  readonly icon: IconName;
  /** Second key after `G`. */
  readonly key: string;
  readonly Page: LazyExoticComponent<ComponentType>;
}

export const PLACES: readonly [Place, ...Place[]] = [
  {
    id: 'assess',
    icon: 'gauge',
    key: 'a',
    Page: lazy(() => import('../features/assess/AssessPage.tsx')),
  },
  {
    id: 'compare',
    icon: 'split',
    key: 'c',
    Page: lazy(() => import('../features/compare/ComparePage.tsx')),
  },
  {
    id: 'batch',
    icon: 'list',
    key: 'b',
    Page: lazy(() => import('../features/batch/BatchPage.tsx')),
  },
  {
    id: 'models',
    icon: 'stack',
    key: 'm',
    Page: lazy(() => import('../features/models/ModelsPage.tsx')),
  },
  {
    id: 'training',
    icon: 'chart',
    key: 't',
    Page: lazy(() => import('../features/training/TrainingPage.tsx')),
  },
];
