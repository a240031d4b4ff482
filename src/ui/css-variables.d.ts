import 'react';

declare module 'react' {
  /** Custom properties in `style`; React sets them through the CSSOM, which the content security policy allows. */
  interface CSSProperties {
    [variable: `--${string}`]: string | number | undefined;
  }
}
