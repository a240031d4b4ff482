/** Settings, stored on this device. `public/theme.js` reads the same record before the first paint. */
import { useSyncExternalStore } from 'react';
import { LANGS, type Lang } from '../../core/text/lang.ts';
import { persist, readPersisted } from '../assessment/persisted.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** Amount of the trace that screen readers announce. */
export const ANNOUNCE = ['sentences', 'result', 'off'] as const;
export type Announce = (typeof ANNOUNCE)[number];

export interface Settings {
  readonly theme: Theme;
  readonly lang: Lang;
  /** Keys without Ctrl (WCAG 2.1.4). */
  readonly singleKeys: boolean;
  readonly announce: Announce;
}

/** Valid values of a stored record, defaults for the rest. */
export function parseSettings(value: unknown, systemLang: string): Settings {
  const stored = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const one = <T extends string>(options: readonly T[], name: string, fallback: T): T =>
    options.find((option) => option === stored[name]) ?? fallback;
  return {
    theme: one(THEMES, 'theme', 'system'),
    lang: one(LANGS, 'lang', systemLang.startsWith('zh') ? 'zh' : 'en'),
    singleKeys: stored.singleKeys !== false,
    announce: one(ANNOUNCE, 'announce', 'sentences'),
  };
}

const listeners = new Set<() => void>();
let current: Settings | undefined;

function settings(): Settings {
  const parse = (value: unknown) => parseSettings(value, navigator.language);
  current ??= readPersisted('settings', parse, parse({}));
  return current;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function changeSettings(change: Partial<Settings>): void {
  current = { ...settings(), ...change };
  persist('settings', current);
  applySettings();
  for (const listener of listeners) listener();
}

export function useSettings(): Settings {
  return useSyncExternalStore(subscribe, settings);
}

const dark = () => matchMedia('(prefers-color-scheme: dark)');

function applySettings(): void {
  const { theme, lang } = settings();
  const root = document.documentElement;
  root.lang = lang;
  root.dataset.theme = theme === 'system' ? (dark().matches ? 'dark' : 'light') : theme;
  const bar = getComputedStyle(root).getPropertyValue('--bg');
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]'))
    meta.content = bar;
}

/** Follows the system's theme while the setting is `system`. */
export function watchSystemTheme(): void {
  dark().addEventListener('change', applySettings);
}
