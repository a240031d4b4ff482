/** Stopping in each stage, going on, and leaving while it runs. */
import type { Page } from '@playwright/test';
import {
  choose,
  clip,
  expect,
  hasModel,
  openPage,
  reaches,
  SAMPLE,
  scoreOf,
  test,
  traceOf,
} from './fixture.ts';

test.skip(!hasModel, 'no bundled model');

/** Text of the bar in each stage that a test can catch; frames are encoded while others are still decoded. */
const STAGES = [
  ['decode', /Decoding frame [2-9]/],
  ['encodeMotion', /Measuring motion/],
  ['prefill', /Putting it all together/],
  ['generate', /^Writing, [1-9]/],
] as const;

/** Presses Escape inside the page as soon as the bar says this: from outside it would come too late for short stages. */
async function stopWhen(page: Page, title: RegExp): Promise<void> {
  await page.evaluate(
    ([source]) => {
      const wanted = new RegExp(source as string);
      const watcher = new MutationObserver(() => {
        const text = document.querySelector('.ui-progress__title strong')?.textContent ?? '';
        if (!wanted.test(text)) return;
        watcher.disconnect();
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
      });
      watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
    },
    [title.source],
  );
}

test('a stop in each stage keeps what there is, and going on ends as if there had been none', async ({
  page,
  site,
}) => {
  const file = clip('bikes.mp4') ?? SAMPLE;
  await openPage(page, site.address);
  await choose(page, file);
  await reaches(page, 'done');
  const whole = `${await scoreOf(page)} ${await traceOf(page)}`;

  for (const [stage, title] of STAGES) {
    // The small model writes its answer in a few screens: where it ended before the stop, there was none.
    await expect(async () => {
      // A fresh page: kept frames would skip the early stages.
      await openPage(page, site.address);
      await stopWhen(page, title);
      await choose(page, file);
      await expect(page.locator('.assess-page--stopped, .assess-page--done')).toBeAttached({
        timeout: 90_000,
      });
      await reaches(page, 'stopped', 1);
    }).toPass({ timeout: 200_000 });
    await expect(page.locator('.assess-score'), stage).toContainText('No score');
    const filled = await page.locator('.assess-strip__picture').count();
    if (stage !== 'decode') expect(filled, stage).toBeGreaterThan(0);
    if (stage === 'generate') expect(whole, stage).toContain((await traceOf(page)).trim());

    await page.locator('.assess-frame__actions').getByRole('button', { name: 'Go on' }).click();
    await reaches(page, 'done');
    expect(`${await scoreOf(page)} ${await traceOf(page)}`, stage).toBe(whole);
  }
});

/** Results in this device's storage; they are written after the page shows them. */
function storedResults(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open('vqathinker');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const counting = opening.result.transaction('results').objectStore('results').count();
          counting.onsuccess = () => {
            opening.result.close();
            resolve(counting.result);
          };
        };
      }),
  );
}

test('leaving while it runs asks once; a reload starts clean and keeps Recent', async ({ page, site }) => {
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  await expect(page.getByRole('button', { name: 'Export', exact: true })).toBeVisible();
  await expect.poll(() => storedResults(page)).toBe(1);

  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  await choose(page, clip('bikes.mp4') ?? SAMPLE);
  await reaches(page, 'running');
  await page.reload();
  expect(asked).toEqual(['beforeunload']);
  await reaches(page, 'empty');
  await expect(page.locator('.assess-recent__row')).toHaveCount(1);
  await expect(page.locator('.assess-recent__picture img')).toHaveCount(1);

  // Nothing runs: nothing is asked.
  await page.reload();
  expect(asked).toHaveLength(1);
});
