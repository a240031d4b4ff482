/** Names printed on keys, the same in both languages. */
export const KEY_NAMES = {
  Escape: 'Esc',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Home: 'Home',
  End: 'End',
  Enter: 'Enter',
  Shift: 'Shift',
  Ctrl: 'Ctrl',
  Cmd: '⌘',
};
