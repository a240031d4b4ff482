/**
 * The keyboard map as data: which keys ask for which action. The help dialog and the listener read the same table.
 *
 * A chord is written as the `key` of the event, letters in lower case: `k`, `?`, `ArrowLeft`, `Space`. `ctrl+` stands
 * for Ctrl, or ⌘ on a Mac. `shift+` is written only with keys that print nothing (Shift is part of `?` or `<`).
 * Two keys one after the other have a space between them: `g a`.
 */
export type KeyGroup = 'everywhere' | 'playing' | 'assess' | 'compare' | 'training';

export interface Binding {
  readonly group: KeyGroup;
  readonly chords: readonly string[];
}

export const BINDINGS = {
  open: { group: 'everywhere', chords: ['o'] },
  paste: { group: 'everywhere', chords: ['ctrl+v'] },
  goAssess: { group: 'everywhere', chords: ['g a'] },
  goCompare: { group: 'everywhere', chords: ['g c'] },
  goBatch: { group: 'everywhere', chords: ['g b'] },
  goModels: { group: 'everywhere', chords: ['g m'] },
  goTraining: { group: 'everywhere', chords: ['g t'] },
  help: { group: 'everywhere', chords: ['?'] },
  escape: { group: 'everywhere', chords: ['Escape'] },
  undo: { group: 'everywhere', chords: ['ctrl+z'] },
  find: { group: 'everywhere', chords: ['/'] },
  play: { group: 'playing', chords: ['Space', 'k'] },
  slower: { group: 'playing', chords: ['j'] },
  faster: { group: 'playing', chords: ['l'] },
  frameBack: { group: 'playing', chords: ['ArrowLeft', ','] },
  frameOn: { group: 'playing', chords: ['ArrowRight', '.'] },
  secondBack: { group: 'playing', chords: ['shift+ArrowLeft'] },
  secondOn: { group: 'playing', chords: ['shift+ArrowRight'] },
  sampledBack: { group: 'playing', chords: ['['] },
  sampledOn: { group: 'playing', chords: [']'] },
  start: { group: 'playing', chords: ['Home'] },
  end: { group: 'playing', chords: ['End'] },
  loop: { group: 'playing', chords: ['\\'] },
  fullscreen: { group: 'playing', chords: ['f'] },
  modelView: { group: 'playing', chords: ['m'] },
  saveFrame: { group: 'playing', chords: ['w'] },
  copy: { group: 'assess', chords: ['c'] },
  export: { group: 'assess', chords: ['e'] },
  next: { group: 'assess', chords: ['n'] },
  compare: { group: 'assess', chords: ['d'] },
  onlyA: { group: 'compare', chords: ['1'] },
  onlyB: { group: 'compare', chords: ['2'] },
  splitCentre: { group: 'compare', chords: ['3'] },
  nextView: { group: 'compare', chords: ['v'] },
  swap: { group: 'compare', chords: ['s'] },
  offsetBack: { group: 'compare', chords: ['<'] },
  offsetOn: { group: 'compare', chords: ['>'] },
  zoomIn: { group: 'compare', chords: ['+', '='] },
  zoomOut: { group: 'compare', chords: ['-'] },
  fit: { group: 'compare', chords: ['0'] },
  actualSize: { group: 'compare', chords: ['shift+0'] },
  loupe: { group: 'compare', chords: ['q'] },
  newSeed: { group: 'compare', chords: ['r'] },
  stepBack: { group: 'training', chords: ['['] },
  stepOn: { group: 'training', chords: [']'] },
  pauseRun: { group: 'training', chords: ['p'] },
} as const satisfies Record<string, Binding>;

export type Action = keyof typeof BINDINGS;

/** A chord may mean one thing on one page and another on the next: the action that is offered is taken. */
const ACTIONS_OF = new Map<string, Action[]>();
for (const [action, { chords }] of Object.entries(BINDINGS))
  for (const chord of chords) ACTIONS_OF.set(chord, [...(ACTIONS_OF.get(chord) ?? []), action as Action]);

/** First keys of two-key chords. */
const PREFIXES = new Set([...ACTIONS_OF.keys()].filter((c) => c.includes(' ')).map((c) => c.split(' ')[0]!));

/** Time in which the second key of a pair must come, in ms. */
const PAIR_MS = 1200;

/** What of a `KeyboardEvent` the map looks at. */
export interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly timeStamp: number;
  /** Place of the key on the board: what Shift and 0 print together differs from layout to layout. */
  readonly code?: string;
}

const MODIFIERS: ReadonlySet<string> = new Set([
  'Shift',
  'Control',
  'Alt',
  'AltGraph',
  'Meta',
  'CapsLock',
  'Dead',
]);

/** The chord of one event, or null for keys that never are one (Alt belongs to the browser). */
export function chordOf(event: Pressed): string | null {
  if (event.altKey || MODIFIERS.has(event.key)) return null;
  if (event.shiftKey && event.code === 'Digit0' && !event.ctrlKey && !event.metaKey) return 'shift+0';
  const printing = [...event.key].length === 1 && event.key !== ' ';
  const key = event.key === ' ' ? 'Space' : printing ? event.key.toLowerCase() : event.key;
  const shift = event.shiftKey && !printing ? 'shift+' : '';
  return `${event.ctrlKey || event.metaKey ? 'ctrl+' : ''}${shift}${key}`;
}

/**
 * Reads events one after the other; keeps the first key of a pair in mind.
 *
 * @param offered whether an action does something now
 */
export function keyReader(
  offered: (action: Action) => boolean = () => true,
): (event: Pressed, singleKeys: boolean) => Action | null {
  let first: { key: string; at: number } | null = null;
  const actionOf = (chord: string) => ACTIONS_OF.get(chord)?.find(offered) ?? null;
  return (event, singleKeys) => {
    const chord = chordOf(event);
    if (chord === null) return null;
    const pair = first && event.timeStamp - first.at <= PAIR_MS ? `${first.key} ${chord}` : null;
    first = null;
    const single = !chord.startsWith('ctrl+') && chord !== 'Escape';
    if (single && !singleKeys) return null;
    if (pair !== null) return actionOf(pair);
    if (PREFIXES.has(chord)) {
      first = { key: chord, at: event.timeStamp };
      return null;
    }
    return actionOf(chord);
  };
}

/** What has the focus, as far as keys care. */
export type Focus = 'field' | 'button' | 'choice' | 'other';

/** Keys by which a radio button, a check box or a range is set. */
const CHOOSES = /^(shift\+)?(Arrow(Left|Right|Up|Down)|Home|End|PageUp|PageDown)$|^Space$/;

/** Whether an action's key belongs to what has the focus: letters to a field, Space to a button. */
export function belongsToFocus(chord: string, focus: Focus): boolean {
  if (focus === 'choice') return CHOOSES.test(chord);
  if (chord.startsWith('ctrl+') || chord === 'Escape') return focus === 'field' && chord !== 'Escape';
  return focus === 'field' || (focus === 'button' && (chord === 'Space' || chord === 'Enter'));
}
