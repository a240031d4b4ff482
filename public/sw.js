/**
 * Two jobs in one service worker.
 *
 * 1. Offline: what the page has loaded once is answered from the cache when the network is gone; so are its places that
 *    were never visited, fetched once the page is ready (`offline.json`, made with the build).
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

/** Files beside the build that the page may want later. */
const ROOT_FILES = ['sample.mp4', 'favicon.svg', 'manifest.webmanifest', 'icons/app-192.png', 'icons/app-512.png'];

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

/** Takes addresses into the cache that are not there yet; what cannot be had is left for another visit. */
async function keepAll(addresses, init) {
  const cache = await caches.open(CACHE);
  for (const address of addresses) {
    const url = new URL(address, self.registration.scope);
    if (url.origin !== self.location.origin || !url.pathname.startsWith(SCOPE)) continue;
    if (url.pathname.startsWith(`${SCOPE}api/`)) continue;
    if (await cache.match(url.href)) continue;
    await fetch(url.href, init)
      .then((response) => keep(new Request(url.href), response))
      .catch(() => {});
  }
}

/** Files of the build that runs; those of builds before it are let go, or every update would leave its own behind. */
async function keepRest() {
  const list = await fetch(`${SCOPE}offline.json`, { cache: 'no-cache' })
    .then((response) => (response.ok ? response.json() : null))
    .catch(() => null);
  if (!Array.isArray(list)) return;
  await keepAll([...list, ...ROOT_FILES]);
  const cache = await caches.open(CACHE);
  const current = new Set(list.map((name) => `${SCOPE}${name}`));
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith(`${SCOPE}assets/`) && !current.has(pathname)) await cache.delete(request);
  }
}

self.addEventListener('message', (event) => {
  const { kind, urls } = event.data ?? {};
  // What was loaded before this worker took over: the page names it, and it is kept from the browser's own cache.
  if (kind === 'keep') {
    event.waitUntil(keepAll(urls, { cache: 'force-cache' }).then(() => event.ports[0]?.postMessage('kept')));
  }
  if (kind === 'rest') event.waitUntil(keepRest());
});
