/** True on a device with touch only: no drag from another window, no keyboard. */
export function fingersOnly(): boolean {
  return matchMedia('(pointer: coarse) and (hover: none)').matches;
}
