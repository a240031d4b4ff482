import type { CSSProperties } from 'react';

/** Custom properties for `style`; React sets them through the CSSOM, which the content security policy allows. */
export function cssVariables(values: Readonly<Record<`--${string}`, string | number>>): CSSProperties {
  return values as CSSProperties;
}
