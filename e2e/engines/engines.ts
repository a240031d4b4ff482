/** The engines in which the flows run, and the one that gives their reference. */
import { findChromiumEngine } from './chromium.ts';
import { findFirefox } from './firefox.ts';
import type { Engine } from './tab.ts';
import { findWebKit } from './webkit.ts';

export interface NamedEngine {
  readonly name: string;
  readonly find: () => Engine | null;
}

export const CHROMIUM: NamedEngine = { name: 'Chromium', find: findChromiumEngine };

export const ENGINES: readonly NamedEngine[] = [
  { name: 'Firefox', find: findFirefox },
  { name: 'WebKitGTK', find: findWebKit },
];
