/** Synchronises the address with the state of the page, both ways. */
import { useEffect } from 'react';
import { hashOf, parseAddress } from '../../page/router.ts';
import { compare } from './state/session.ts';

/** Debounce in milliseconds: browsers limit the rate of address changes. */
const QUIET = 300;

/** Address of the current state. */
export function compareAddress(): string {
  return new URL(hashOf('compare', compare.link()), location.href).href;
}

export function useAddress(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const follow = () => {
      const { route, query } = parseAddress(location.hash);
      if (route === 'compare' && query !== '' && query !== compare.link()) compare.follow(query);
    };
    const write = () => {
      timer = undefined;
      if (parseAddress(location.hash).route !== 'compare') return;
      const hash = hashOf('compare', compare.link());
      // Replaced, so that Back leaves the page and does not undo a setting.
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
