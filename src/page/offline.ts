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
    // Files loaded before the worker took over are copied from the browser's cache: once now, and once when the page's
    // workers have loaded the model. Files that are cached already cost nothing.
    const keep = () =>
      active?.postMessage({ kind: 'keep', urls: [location.pathname, ...sameOriginAddresses()] });
    keep();
    await ready.catch(() => {});
    // Workers report their requests a moment later.
    await new Promise((done) => setTimeout(done, REPORT_DELAY_MS));
    keep();
    if (!savesData()) active?.postMessage({ kind: 'rest' });
  };
  // Without the service worker the page works online only.
  const start = () => void register().catch(() => {});
  if (document.readyState === 'complete') start();
  else addEventListener('load', start, { once: true });
}

/** True when the browser is set to save data. */
function savesData(): boolean {
  const { connection } = navigator as Navigator & { readonly connection?: { readonly saveData?: boolean } };
  return connection?.saveData === true;
}
