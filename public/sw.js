/**
 * Two jobs in one service worker.
 *
 * 1. Offline: what the page has loaded once is answered from the cache when the network is gone.
 * 2. Isolation: on hosts that cannot set headers it adds COOP and COEP, so that the second visit runs all threads.
 *    The first visit runs one thread; nothing is reloaded behind the user's back.
 *
 * Only same-origin GET requests below this worker's own path are touched. Files that the user opens never come here.
 */
const CACHE = 'vqathinker-1';
const SCOPE = new URL(self.registration.scope).pathname;
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

self.addEventListener('install', () => self.skipWaiting());

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== CACHE && name.startsWith('vqathinker-')) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

function isolated(response) {
  if (response.type === 'opaque' || response.status === 0 || response.headers.has('Cross-Origin-Embedder-Policy')) {
    return response;
  }
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  const { status, statusText } = response;
  return new Response(status === 204 || status === 304 ? null : response.body, { status, statusText, headers });
}

async function keep(request, response) {
  if (response.status !== 200 || response.redirected) return;
  const cache = await caches.open(CACHE);
  await cache.put(request, response).catch(() => {}); // full disk: the page works on, online
}

async function answer(event) {
  const { request } = event;
  const hashed = new URL(request.url).pathname.startsWith(`${SCOPE}assets/`);
  if (hashed) {
    const known = await caches.match(request, { ignoreVary: true });
    if (known) return isolated(known);
  }
  try {
    const response = await fetch(request);
    event.waitUntil(keep(request, response.clone()));
    return isolated(response);
  } catch (error) {
    const known =
      (await caches.match(request, { ignoreVary: true })) ??
      (request.mode === 'navigate' ? await caches.match(SCOPE, { ignoreVary: true }) : undefined);
    if (known) return isolated(known);
    throw error;
  }
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (!url.pathname.startsWith(SCOPE) || request.headers.has('range')) return;
  // What a training server answers is for this token and this moment, and its events have no end.
  if (request.headers.has('authorization') || url.pathname.startsWith(`${SCOPE}api/`)) return;
  event.respondWith(answer(event));
});

// What was loaded before this worker took over: the page names it, and it is kept from the browser's own cache.
self.addEventListener('message', (event) => {
  if (event.data?.kind !== 'keep') return;
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      for (const address of event.data.urls) {
        const url = new URL(address, self.location.href);
        if (url.origin !== self.location.origin || !url.pathname.startsWith(SCOPE)) continue;
        if (url.pathname.startsWith(`${SCOPE}api/`)) continue;
        if (await cache.match(url.href)) continue;
        await fetch(url.href, { cache: 'force-cache' })
          .then((response) => keep(new Request(url.href), response))
          .catch(() => {});
      }
      event.ports[0]?.postMessage('kept');
    })(),
  );
});
