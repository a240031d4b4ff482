/** Components that are loaded when they are first rendered. */
import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import { loadPart } from '../assessment/build.ts';

/** Returns the component; after a failed load the next render loads again. */
export type LazyPart<Props = object> = () => LazyExoticComponent<ComponentType<Props>>;

export function lazyPart<Props>(
  load: () => Promise<{ readonly default: ComponentType<Props> }>,
): LazyPart<Props> {
  let part: LazyExoticComponent<ComponentType<Props>> | null = null;
  return () => {
    part ??= lazy(() =>
      loadPart(load).catch((error: unknown) => {
        part = null;
        throw error;
      }),
    );
    return part;
  };
}
