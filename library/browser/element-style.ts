/** Styles of `<video-quality>`, as a constructed style sheet: a content policy without inline styles lets it pass. */
export const elementStyle = `
:host {
  display: block;
  --ink: light-dark(#171717, #f2f2f2);
  --ink-2: light-dark(#494949, #b9b9b9);
  --surface: light-dark(#fff, #1c1c1c);
  --line: light-dark(#dadada, #3d3d3d);
  --edge: light-dark(#767676, #8f8f8f);
  color: var(--ink);
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 8px;
  padding: 16px;
  font: 0.9375rem / 1.375rem system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
:host([hidden]) { display: none; }
.line { display: flex; flex-wrap: wrap; align-items: center; gap: 12px; }
p { margin: 0; }
.about { flex: 1 1 16em; color: var(--ink-2); font-size: 0.8125rem; line-height: 1.125rem; }
button {
  font: inherit;
  color: var(--ink);
  background: transparent;
  border: 1px solid var(--edge);
  border-radius: 4px;
  min-height: 2.375rem;
  padding: 0 14px;
  cursor: pointer;
}
button.main { color: light-dark(#fff, #171717); background: var(--ink); border-color: var(--ink); }
button:focus-visible { outline: 2px solid var(--ink); outline-offset: 2px; }
@media (pointer: coarse) { button { min-height: 2.75rem; } }
progress { flex: 1 1 8em; min-width: 0; height: 6px; accent-color: var(--ink); }
.status { flex: 1 1 100%; }
.score { display: flex; align-items: baseline; gap: 10px; }
.score strong { font-size: 1.75rem; line-height: 2.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.band { border-left: 4px solid var(--band, var(--line)); padding-left: 10px; }
.band[data-band="1"] { --band: light-dark(#7d0f2c, #e85d6f); }
.band[data-band="2"] { --band: light-dark(#b9461a, #eda96a); }
.band[data-band="3"] { --band: light-dark(#a4872b, #f4eab8); }
.band[data-band="4"] { --band: light-dark(#1a8fa6, #62cfd4); }
.band[data-band="5"] { --band: light-dark(#2c39a6, #9aa5ff); }
.text { margin-top: 12px; max-width: 70ch; overflow-wrap: break-word; }
.notices { margin: 8px 0 0; padding-left: 1.2em; color: var(--ink-2); font-size: 0.8125rem; }
`;
