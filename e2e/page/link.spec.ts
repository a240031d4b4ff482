/** A video that the page's address names: asked for, fetched from another site, assessed, or refused in words. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { listen } from '../../scripts/serve.mjs';
import { violations } from './axe.ts';
import { expect, hasModel, modelReady, reaches, SAMPLE, test } from './fixture.ts';

test.skip(!hasModel, 'no bundled model');

let server: Server;
let videos = '';
const asked: string[] = [];

test.beforeAll(async () => {
  const sample = readFileSync(SAMPLE);
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    asked.push(pathname);
    if (pathname !== '/closed.mp4') response.setHeader('Access-Control-Allow-Origin', '*');
    if (pathname === '/absent.mp4') response.statusCode = 404;
    const page = pathname === '/page.mp4';
    response.setHeader('Content-Type', page ? 'text/html' : 'video/mp4');
    response.end(page ? '<p>Sign in</p>' : sample);
  });
  videos = await listen(server, 0);
});
test.afterAll(() => void server.close());

test('asks first, then fetches and assesses', async ({ page, site }) => {
  asked.length = 0;
  await page.goto(`${site.address}#/?video=${encodeURIComponent(`${videos}/a clip.mp4?key=a&b`)}`);
  await modelReady(page);
  const title = page.locator('.assess-finder__title');
  await expect(title).toHaveText('a clip.mp4');
  await expect(page.locator('.assess-finder__lead')).toContainText(new URL(videos).host);
  await expect(page.locator('.assess-finder__lead')).toContainText('nothing is uploaded');
  expect(await violations(page)).toEqual([]);
  const shots = process.env.VQA_SHOTS;
  if (shots)
    for (const width of [390, 768, 1440])
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: join(shots, `link-${colorScheme}-${width}.png`) });
      }
  await page.setViewportSize({ width: 1440, height: 900 });
  expect(asked).toEqual([]);
  await page.getByRole('button', { name: 'Fetch and assess' }).click();
  await reaches(page, 'done');
  expect(asked).toEqual(['/a%20clip.mp4']);
});

test('what cannot be fetched is refused in words, and another video can be opened', async ({
  page,
  site,
}) => {
  for (const [name, code] of [
    ['absent.mp4', 'media/fetch'],
    ['closed.mp4', 'media/fetch'],
    ['page.mp4', 'media/web-page'],
  ] as const) {
    await page.goto('about:blank');
    await page.goto(`${site.address}#/?video=${videos}/${name}`);
    await page.getByRole('button', { name: 'Fetch and assess' }).click();
    const error = page.getByRole('alert');
    await expect(error).toContainText(code);
    if (name === 'closed.mp4') await expect(error).toContainText('CORS');
    if (name === 'absent.mp4') await expect(error).toContainText('404');
  }
  await page.getByRole('button', { name: 'Open another video' }).click();
  await expect(page.locator('.assess-finder__title')).toHaveText('Drop a video');
});
