/** Full screen of one element of the page. */
import { type RefObject, useCallback, useEffect, useState } from 'react';

/** True while an element of this page fills the screen. */
export function useIsFullscreen(): boolean {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const update = () => setFull(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', update);
    return () => document.removeEventListener('fullscreenchange', update);
  }, []);
  return full;
}

/** Enters full screen with the element, or leaves it. */
export function useToggleFullscreen(element: RefObject<HTMLElement | null>): () => void {
  return useCallback(() => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void element.current?.requestFullscreen().catch(() => {});
  }, [element]);
}
