/** Keeps the address in step with what is shown, and follows an address that is opened. */
import { useEffect } from 'react';
import { hashOf, parseAddress } from '../../page/router.ts';
import { compare } from './state/session.ts';

/** Milliseconds after the last change; browsers refuse too many changes of the address. */
const QUIET = 300;

/** The address that brings someone to what is shown now. */
export function compareAddress(): string {
  return new URL(hashOf('compare', compare.link()), location.href).href;
}

export function useAddress(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const follow = () => {
      const { route: position, query } = parseAddress(location.hash);
      if (position === 'compare' && query !== '' && query !== compare.link()) compare.follow(query);
    };
    const write = () => {
      timer = undefined;
      if (parseAddress(location.hash).route !== 'compare') return;
      const hash = hashOf('compare', compare.link());
      // In its place: Back leaves the page, not one setting.
      if (location.hash !== hash) history.replaceState(history.state, '', hash);
    };
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(write, QUIET);
    };
    follow();
    later();
    addEventListener('hashchange', follow);
    const stops = [
      compare.store.subscribe(later),
      compare.clock.store.subscribe((now, before) => {
        if (!now.playing || now.playing !== before.playing) later();
      }),
    ];
    return () => {
      clearTimeout(timer);
      removeEventListener('hashchange', follow);
      for (const stop of stops) stop();
    };
  }, []);
}
