/** The engines beside Chromium in which the flows run. */
import { findFirefox } from './firefox.ts';
import type { Engine } from './tab.ts';
import { findWebKit } from './webkit.ts';

export const ENGINES: readonly { readonly name: string; readonly find: () => Engine | null }[] = [
  { name: 'Firefox', find: findFirefox },
  { name: 'WebKitGTK', find: findWebKit },
];
