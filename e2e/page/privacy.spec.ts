/** Nothing leaves the machine: every request as the browser and as the server saw it, and the job without a network. */
import { choose, expect, hasModel, openPage, reaches, SAMPLE, scoreOf, test, traceOf } from './fixture.ts';

test.skip(!hasModel, 'no bundled model');

test('no request carries a byte of the video', async ({ page, context, site }) => {
  const asked: { method: string; url: string; body: number; type: string }[] = [];
  context.on('request', (request) =>
    asked.push({
      method: request.method(),
      url: request.url(),
      body: request.postDataBuffer()?.length ?? 0,
      type: request.resourceType(),
    }),
  );
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await openPage(page, site.address);
  const before = { asked: asked.length, served: site.requests.length };
  expect(before.asked).toBeGreaterThan(3);

  await choose(page, SAMPLE);
  await reaches(page, 'done');
  await expect(page.getByRole('button', { name: 'Export', exact: true })).toBeVisible();
  await page.waitForTimeout(500);

  const local = (url: string) => /^(blob|data):/.test(url);
  for (const { method, url, body } of asked) {
    expect(method, url).toBe('GET');
    expect(body, url).toBe(0);
    if (!local(url)) expect(new URL(url).origin).toBe(new URL(site.address).origin);
    // No name, no checksum, no score in an address either.
    expect(url).not.toContain('?');
  }
  // The server's own account of the same: no body ever arrived.
  for (const seen of site.requests) {
    expect(['GET', 'HEAD'], seen.url).toContain(seen.method);
    expect(seen.sent, seen.url).toBe(0);
  }
  // From the choice of the file on only parts of the page itself are fetched, and each of them once.
  const after = site.requests.slice(before.served).map(({ url }) => url);
  for (const url of after)
    expect(url).toMatch(
      /^\/(assets\/|icons\/|ort\/|models\/|offline\.json|manifest\.webmanifest|favicon\.svg|sw\.js|sample\.mp4|$)/,
    );
  expect(sockets).toEqual([]);
});

test('the page lists its requests, workers’ included', async ({ page, site }) => {
  await openPage(page, site.address);
  await page.getByRole('button', { name: /Stays on this device/ }).click();
  const panel = page.locator('.app-privacy');
  await expect(panel).toContainText('none to any other');
  await expect(panel).toContainText('manifest.json');
});

test('it works without a network once it was loaded, and after a reload too', async ({
  page,
  context,
  site,
}) => {
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  const online = `${await scoreOf(page)} ${await traceOf(page)}`;

  // The service worker has taken what the page had loaded before it was there.
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.reload();
  await expect(page.locator('.app-chip__dot')).toBeAttached({ timeout: 60_000 });
  await choose(page, SAMPLE);
  await reaches(page, 'done');

  await context.setOffline(true);
  await page.reload();
  await expect(page.locator('.app-chip__dot')).toBeAttached({ timeout: 60_000 });
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  expect(`${await scoreOf(page)} ${await traceOf(page)}`).toBe(online);
  await context.setOffline(false);
});

test('after one visit every place opens without a network, those never seen included', async ({
  page,
  context,
  site,
}) => {
  await openPage(page, site.address);
  // Files cached for offline use: the list of the build, fetched after the model.
  await expect
    .poll(
      () =>
        page.evaluate(async () => {
          const list = (await (await fetch('offline.json')).json()) as string[];
          const cached = await Promise.all([...list, 'manifest.webmanifest'].map((url) => caches.match(url)));
          return list.length > 20 && cached.every((response) => response !== undefined);
        }),
      { timeout: 60_000 },
    )
    .toBe(true);
  await context.setOffline(true);
  for (const [link, heading] of [
    ['Compare', 'Compare two videos, or one with a perturbed copy'],
    ['Batch', 'Batch'],
    ['Models', 'Models'],
    ['Training', 'Training'],
  ] as const) {
    await page.reload();
    await page.getByRole('link', { name: link }).first().click();
    // Its own heading, not that of the place before.
    await expect(page.locator('main h1')).toHaveText(heading, { timeout: 60_000 });
    await expect(page.locator('.app-crash')).toHaveCount(0);
  }
  await page.getByRole('link', { name: 'Assess' }).first().click();
  await expect(page.locator('.app-chip__dot')).toBeAttached({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Try the sample clip' }).click();
  await reaches(page, 'done');
  await context.setOffline(false);
});

test('the page can be installed: its manifest, and icons of the sizes it names', async ({ page, site }) => {
  await page.goto(site.address);
  const session = await page.context().newCDPSession(page);
  const { errors, data } = await session.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  const { icons } = JSON.parse(data ?? '{}') as { icons: { src: string; sizes: string; type: string }[] };
  expect(icons.some(({ sizes }) => sizes === '512x512')).toBe(true);
  for (const { src, sizes, type } of icons) {
    const size = await page.evaluate(async (address) => {
      const image = new Image();
      image.src = address;
      await image.decode();
      return `${image.naturalWidth}x${image.naturalHeight}`;
    }, src);
    if (type === 'image/png') expect(size, src).toBe(sizes);
  }
});
