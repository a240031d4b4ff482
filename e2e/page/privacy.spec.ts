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
  await expect(page.locator('#assess-export')).toBeVisible();
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
  for (const url of after) expect(url).toMatch(/^\/(assets\/|ort\/|models\/|sw\.js|sample\.mp4|$)/);
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
