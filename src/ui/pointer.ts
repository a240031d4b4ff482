/** Whether fingers are all there is to point with: nothing can be dragged here from another window, and no key pressed. */
export function fingersOnly(): boolean {
  return matchMedia('(pointer: coarse) and (hover: none)').matches;
}
