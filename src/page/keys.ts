/** Chords of the keyboard, read from key events, and the actions that they run (`actions.ts`). */
import { ACTION_IDS, ACTIONS, type ActionId } from './actions.ts';

/** Actions by chord. One chord may have two actions on two pages: the offered one runs. */
const ACTIONS_OF = new Map<string, ActionId[]>();
for (const id of ACTION_IDS)
  for (const chord of ACTIONS[id].keys) ACTIONS_OF.set(chord, [...(ACTIONS_OF.get(chord) ?? []), id]);

/** First keys of two-key chords. */
const PREFIXES = new Set([...ACTIONS_OF.keys()].filter((c) => c.includes(' ')).map((c) => c.split(' ')[0]!));

/** Time in which the second key of a pair must come, in ms. */
const PAIR_MS = 1200;

/** The fields of a `KeyboardEvent` that make a chord. */
export interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly timeStamp: number;
  /** Physical key: what Shift and 0 print together depends on the layout. */
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
 * Reads events one after the other; remembers the first key of a pair for `PAIR_MS`.
 *
 * @param offered true for an action that does something now
 */
export function keyReader(
  offered: (action: ActionId) => boolean = () => true,
): (event: Pressed, singleKeys: boolean) => ActionId | null {
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

/** Kind of the focused element, which may use some keys itself. */
export type Focus = 'field' | 'button' | 'choice' | 'other';

/** Keys that set a radio button, a check box or a range. */
const CHOOSES = /^(shift\+)?(Arrow(Left|Right|Up|Down)|Home|End|PageUp|PageDown)$|^Space$/;

/** True for a key that the focused element uses itself: letters in a field, Space on a button. */
export function belongsToFocus(chord: string, focus: Focus): boolean {
  if (focus === 'choice') return CHOOSES.test(chord);
  if (chord.startsWith('ctrl+') || chord === 'Escape') return focus === 'field' && chord !== 'Escape';
  return focus === 'field' || (focus === 'button' && (chord === 'Space' || chord === 'Enter'));
}

const MAC = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent);

/**
 * The keys of one chord (no pair) as they are printed on the keyboard: `['Shift', '←']`.
 *
 * @param names printed names of keys that have one, and of `Ctrl`, `Cmd` and `Shift`
 */
export function printedKeys(chord: string, names: Readonly<Record<string, string>>, mac = MAC): string[] {
  const printed = (key: string) => {
    if (key === 'ctrl') return (mac ? names.Cmd : names.Ctrl) ?? 'Ctrl';
    if (key === 'shift') return names.Shift ?? 'Shift';
    return names[key] ?? key.toUpperCase();
  };
  return (chord === '+' ? [chord] : chord.split('+')).map(printed);
}
