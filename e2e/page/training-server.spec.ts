/**
 * Training, against the real server: its HTTP, its run manager, its driver and rewards. Only the engine is the one that
 * tests of the driver use, which writes answers without a model.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRoots } from '../../training-server/data/api.ts';
import { loopbackHosts } from '../../training-server/http/access.ts';
import { EventStreams } from '../../training-server/http/events.ts';
import { Packages } from '../../training-server/http/packages.ts';
import { createTrainingServer } from '../../training-server/http/server.ts';
import { fixture, testRecipe } from '../../training-server/runs/testing.ts';
import { test as base, builtPage, expect as plain } from './fixture.ts';
import { thumbnail } from './training-stub.ts';

const expect = plain.configure({ timeout: 60_000 });
const TOKEN = 'a-token-of-the-tests-0123456789';
/** Milliseconds that the engine of the tests takes for a rollout: time to look at a run that goes on. */
const ROLLOUT_MS = 120;

interface Real {
  readonly address: string;
  start(): Promise<string>;
}

const test = base.extend<{ real: Real }>({
  real: async ({ site }, use) => {
    expect(site.address).toBeTruthy();
    const at = fixture();
    const runs = await at.manager(
      {},
      {
        before: async (method) => {
          if (method === 'rollout') await sleep(ROLLOUT_MS);
        },
      },
    );
    const roots = await openRoots([at.root]);
    const packages = new Packages(join(at.root, 'packages'));
    const events = new EventStreams();
    const hosts = new Set<string>();
    const origins = new Set<string>();
    const faults: unknown[] = [];
    const server = createTrainingServer(
      {
        runs,
        roots,
        packages,
        events,
        videoProbe: { frame: async (_, index) => thumbnail(index) },
        validation: {
          roots,
          machine: async () => ({ device: 'cpu', torch: '2.13.0', gpus: 0, memoryBytes: null }),
          load: { cache: join(at.root, 'cache'), draw: false },
        },
      },
      {
        access: { token: TOKEN, hosts, origins },
        page: await builtPage(),
        version: '0.0.0',
        onFault: (error) => faults.push(error),
        // Every answer is held against its schema on the way out, and by the page on the way in.
        checked: true,
      },
    );
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };
    for (const host of loopbackHosts(port)) {
      hosts.add(host);
      origins.add(`http://${host}`);
    }
    await use({
      address: `http://127.0.0.1:${port}`,
      start: async () =>
        (await runs.start(testRecipe({ name: 'tiny-test', stages: [{ name: 'grpo', steps: 60 }] }))).id,
    });
    server.close();
    await runs.close();
    events.close();
    server.closeAllConnections();
    expect(faults).toEqual([]);
  },
});

test('a run as the server tells it: live, paused, resumed, its answers, its recipe, its log', async ({
  page,
  real,
}) => {
  const id = await real.start();
  await page.goto(`${real.address}/#/training?token=${TOKEN}`);
  const facts = page.locator('.training-head__facts');
  await expect(facts).toContainText(/step \d+ of 60/);
  const step = async () => Number(/step (\d+)/.exec((await facts.textContent()) ?? '')?.[1] ?? 0);
  const before = await step();
  await expect.poll(step).toBeGreaterThan(before + 2);
  await expect(page.locator('.training-chart figcaption').first()).toContainText(
    /original: .* at step 1, .* at step \d+\./,
  );
  await expect(page.locator('.ui-error')).toHaveCount(0);

  await page.getByRole('button', { name: 'Pause' }).click();
  const resume = page.getByRole('button', { name: /^Resume from step/ });
  await expect(resume).toBeVisible();
  const held = await step();
  await page.waitForTimeout(800);
  expect(await step()).toBe(held);
  await expect(page.locator('.training-answers')).toContainText(`Answers of step ${held}`);
  await expect(page.locator('.training-frames__frame img')).toHaveCount(8);
  await expect(page.locator('.training-answers tbody tr')).toHaveCount(3);

  await page.getByRole('radio', { name: 'Recipe' }).check({ force: true });
  await page.getByRole('searchbox').fill('stages[0].k');
  await expect(page.locator('.training-recipe tbody tr').first()).toContainText(
    'K, answers drawn for a video.',
  );
  await page.getByRole('radio', { name: 'Checkpoints' }).check({ force: true });
  await expect(page.locator('.training-points tbody th').first()).toHaveText(String(held));
  await page.getByRole('radio', { name: 'Log' }).check({ force: true });
  await expect(page.locator('.training-log__line')).not.toHaveCount(0);

  await resume.click();
  await expect(facts).toContainText('finished', { timeout: 120_000 });
  await expect(page.locator('.training-run--open')).toContainText(/finished/);
  expect(id).toMatch(/tiny-test/);
});

test('a recipe that cannot run here says why, by the server’s own report', async ({ page, real }) => {
  await page.goto(`${real.address}/#/training?token=${TOKEN}`);
  await expect(page.getByRole('heading', { name: 'No runs yet' })).toBeVisible();
  await page.getByRole('radio', { name: /^vqathinker-8b-official/ }).check({ force: true });
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.getByText('It cannot start yet.')).toBeVisible();
  await expect(page.locator('.training-report__faults li')).not.toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Start' })).toBeDisabled();
});
