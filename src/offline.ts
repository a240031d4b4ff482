/** The service worker: offline, and isolation on hosts that send no headers. Not while developing, where a cache would hide every change. */
export function keepOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const register = async () => {
    await navigator.serviceWorker.register(`${import.meta.env.BASE_URL}sw.js`);
    const { active } = await navigator.serviceWorker.ready;
    // What was loaded before the worker took over: it keeps those from the browser's own cache.
    const urls = performance.getEntriesByType('resource').map((entry) => entry.name);
    active?.postMessage({ kind: 'keep', urls: [location.href.replace(/#.*$/, ''), ...urls] });
  };
  // Without it everything works, online.
  const start = () => void register().catch(() => {});
  if (document.readyState === 'complete') start();
  else addEventListener('load', start, { once: true });
}
