import { sameOriginAddresses } from './requests.ts';

const REPORT_DELAY_MS = 1000;

/**
 * The service worker: offline, and isolation on hosts that send no headers. Not while developing, where a cache would
 * hide every change.
 *
 * @param ready settles when the page has loaded what it needs: the rest is fetched behind it, never before
 */
export function keepOffline(ready: Promise<unknown>): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const register = async () => {
    await navigator.serviceWorker.register(`${import.meta.env.BASE_URL}sw.js`);
    const { active } = await navigator.serviceWorker.ready;
    // What was loaded before the worker took over: it keeps those from the browser's own cache. Once here and once when
    // the model is there, which the page's workers have loaded; what is kept already costs nothing.
    const keep = () =>
      active?.postMessage({ kind: 'keep', urls: [location.pathname, ...sameOriginAddresses()] });
    keep();
    await ready.catch(() => {});
    // Workers tell of their requests a moment later.
    await new Promise((done) => setTimeout(done, REPORT_DELAY_MS));
    keep();
    if (!savesData()) active?.postMessage({ kind: 'rest' });
  };
  // Without it everything works, online.
  const start = () => void register().catch(() => {});
  if (document.readyState === 'complete') start();
  else addEventListener('load', start, { once: true });
}

/** Whether the reader asked to load as little as possible. */
function savesData(): boolean {
  const { connection } = navigator as Navigator & { readonly connection?: { readonly saveData?: boolean } };
  return connection?.saveData === true;
}
