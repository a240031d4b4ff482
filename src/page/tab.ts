/** Title and icon of the browser tab: progress, then the result with the bars of its grade. */
import { useEffect } from 'react';
import { BANDS, type Band } from '../ui/BandGlyph.tsx';
import { useMessages } from '../ui/messages/useMessages.tsx';

export type TabState =
  | { readonly kind: 'idle' }
  /** Part done, 0 … 1. */
  | { readonly kind: 'running'; readonly name: string; readonly done: number }
  | { readonly kind: 'done'; readonly name: string; readonly score: string; readonly band: Band }
  | { readonly kind: 'none'; readonly name: string };

/** `grade` is the word of the band; `tick` marks a result that came while the tab was hidden. */
export function tabTitle(
  state: TabState,
  app: string,
  texts: { grade: string; none: string },
  tick: boolean,
): string {
  const mark = tick ? '✓ ' : '';
  switch (state.kind) {
    case 'idle':
      return app;
    case 'running':
      return `${Math.floor(state.done * 100)} % ${state.name}`;
    case 'done':
      return `${mark}${state.score} ${texts.grade}, ${state.name}`;
    case 'none':
      return `${mark}${texts.none}, ${state.name}`;
  }
}

/** Grey that is visible on a light and on a dark tab bar. */
const GREY = '#808080';

/** The icon as SVG: a ring of progress, or five bars with `band` of them filled. */
export function tabIcon(state: TabState, colour: (band: Band) => string): string | null {
  const svg = (body: string) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${body}</svg>`;
  if (state.kind === 'running') {
    const arc = `<circle cx="16" cy="16" r="12" fill="none" stroke="${GREY}" stroke-width="6"`;
    const done = Math.round(state.done * 100);
    return svg(
      `${arc} stroke-opacity=".35"/>${arc} pathLength="100" stroke-dasharray="${done} 100" transform="rotate(-90 16 16)"/>`,
    );
  }
  if (state.kind !== 'done') return null;
  const bars = BANDS.map((n) => {
    const height = 6 + 5.5 * (n - 1);
    const on = n <= state.band;
    const fill = on ? colour(state.band) : GREY;
    return `<rect x="${1 + (n - 1) * 6.2}" y="${30 - height}" width="4.6" height="${height}" fill="${fill}"${on ? '' : ' opacity=".4"'}/>`;
  });
  return svg(bars.join(''));
}

function setIcon(svg: string | null): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (!link) return;
  link.dataset.original ??= link.getAttribute('href') ?? '';
  link.href = svg === null ? link.dataset.original : `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** Sets title and icon of the tab for the open page. */
export function useTab(state: TabState): void {
  const t = useMessages();
  const grade = state.kind === 'done' ? (t.grades.names[state.band - 1] ?? '') : '';
  const finished = state.kind === 'done' || state.kind === 'none';
  const icon = tabIcon(state, (band) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--band-${band}`).trim(),
  );

  useEffect(() => setIcon(icon), [icon]);
  useEffect(() => () => setIcon(null), []);

  const plain = tabTitle(state, t.app.name, { grade, none: t.answers.noScore }, false);
  const ticked = tabTitle(state, t.app.name, { grade, none: t.answers.noScore }, true);
  useEffect(() => {
    document.title = finished && document.hidden ? ticked : plain;
    const seen = () => {
      if (!document.hidden) document.title = plain;
    };
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, [plain, ticked, finished]);
}
