/**
 * One set of flows in Firefox and WebKitGTK, with Chromium's answer as the reference; e2e/page holds Chromium itself.
 * An engine that is not installed, or does not start on this machine, is skipped by its name.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from '@playwright/test';
import { readPng } from '../../scripts/conformance/png.ts';
import { clip, hasModel, ROOT, SAMPLE, type Site, serveSite } from '../page/fixture.ts';
import { findChromiumEngine } from './chromium.ts';
import { ENGINES } from './engines.ts';
import {
  appears,
  assessFile,
  choose,
  chooseFolder,
  click,
  modelReady,
  type Outcome,
  openPage,
  press,
  textOf,
  textsOf,
  uncaughtErrors,
  until,
} from './page.ts';
import { scratchFolder } from './processes.ts';
import type { Tab } from './tab.ts';

const SCORE = /^[1-5]\.\d\d$/;

/** Chromium's answer to the sample clip, which the others must give too. */
let reference: Promise<Outcome | null> | undefined;

interface Stage {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const stageOf = (tab: Tab): Promise<Stage> =>
  tab.evaluate(() => {
    const { x, y, width, height } = document.querySelector('.assess-player')!.getBoundingClientRect();
    return { x, y, width, height };
  });

async function chromiumAnswer(address: string): Promise<Outcome | null> {
  const tab = await findChromiumEngine()?.open();
  if (!tab) return null;
  try {
    await openPage(tab, address);
    return await assessFile(tab, SAMPLE);
  } finally {
    await tab.close();
  }
}

/** Share of the rows of a frame's middle that differ from the stage's own colour. */
function shownShare(png: Buffer, area: { x: number; y: number; width: number; height: number }): number {
  const { width, data } = readPng(png);
  let shown = 0;
  for (let k = 0; k < 50; k++) {
    const x = Math.floor(area.x + area.width * (0.3 + 0.008 * k));
    const y = Math.floor(area.y + area.height * (0.3 + 0.008 * k));
    const at = (y * width + x) * 3;
    if (Math.max(data[at]!, data[at + 1]!, data[at + 2]!) > 40) shown++;
  }
  return shown / 50;
}

/** Files of a folder, with the paths that a chooser of folders gives them. */
function folderFiles(folder: string, name: string) {
  return (readdirSync(folder, { recursive: true }) as string[])
    .map((file) => join(folder, file))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({ path, relative: `${name}/${relative(folder, path)}` }));
}

for (const { name, find } of ENGINES) {
  test.describe(name, () => {
    const engine = find();
    test.skip(engine === null, `${name} is not installed`);
    test.skip(!hasModel, 'no bundled model');
    let tab: Tab;
    let site: Site;
    let scratch: ReturnType<typeof scratchFolder>;

    test.beforeAll(async () => {
      test.setTimeout(240_000);
      scratch = scratchFolder('engines');
      site = await serveSite();
      try {
        tab = await engine!.open();
      } catch (error) {
        test.skip(true, `${name} does not start here: ${error instanceof Error ? error.message : error}`);
      }
    });
    test.afterAll(async () => {
      await tab?.close();
      await site?.close();
      scratch?.remove();
    });

    test('a clip is assessed: the same score and text as in Chromium, and the frame is shown', async () => {
      reference ??= chromiumAnswer(site.address);
      await openPage(tab, site.address);
      const answer = await assessFile(tab, SAMPLE);
      expect(answer.error).toBeNull();
      expect(answer.score).not.toBeNull();
      const stage = await stageOf(tab);
      // Nothing was played, and the frame is there.
      await expect
        .poll(async () => shownShare(await tab.screenshot(), stage), { timeout: 10_000 })
        .toBeGreaterThan(0.5);
      const expected = await reference;
      if (expected === null) return;
      expect({ score: answer.score, text: answer.text }).toEqual({
        score: expected.score,
        text: expected.text,
      });
      expect(await uncaughtErrors(tab)).toEqual([]);
    });

    test('a clip against its perturbed copy, then two clips', async () => {
      await openPage(tab, `${site.address}#/compare`);
      await choose(tab, [SAMPLE]);
      await appears(tab, '.compare-view[data-quality=full]');
      expect(await textsOf(tab, '.compare-badge')).toEqual([
        expect.stringContaining('Original'),
        expect.stringContaining('Shuffled'),
      ]);
      await press(tab, 'ArrowRight');
      await until(
        tab,
        () => document.querySelector('.compare-badge')?.textContent?.match(/frame (?!1\b)\d+/) != null,
      );
      await click(tab, 'Assess both');
      await appears(tab, '.compare-score__number');
      await until(
        tab,
        () =>
          [...document.querySelectorAll('button')].some((one) => one.textContent?.startsWith('Assess again')),
        null,
        150,
      );
      const scores = await textsOf(tab, '.compare-score__number');
      expect(scores).toEqual([expect.stringMatching(SCORE), expect.stringMatching(SCORE)]);

      const other = join(scratch.path, 'other.mp4');
      copyFileSync(clip('carphone_pristine.mp4') ?? SAMPLE, other);
      await tab.goto('about:blank');
      await openPage(tab, `${site.address}#/compare`);
      await choose(tab, [SAMPLE, other]);
      await appears(tab, '.compare-view[data-quality=full]');
      await until(tab, () => document.body.innerText.includes('other.mp4'));
      expect(await uncaughtErrors(tab)).toEqual([]);
    });

    test('a batch of five with a table of scores', async () => {
      const names = ['a', 'b', 'c', 'd', 'e'].map((letter) => `${letter}.mp4`);
      mkdirSync(scratch.path, { recursive: true });
      for (const file of names) copyFileSync(SAMPLE, join(scratch.path, file));
      const table = join(scratch.path, 'scores.csv');
      writeFileSync(table, `path,mos\n${names.map((file, i) => `${file},${1.5 + i / 2}`).join('\n')}\n`);
      await openPage(tab, `${site.address}#/batch`);
      await choose(tab, [...names.map((file) => join(scratch.path, file)), table]);
      await until(tab, () => document.body.innerText.includes('5 files, 5 with a score'));
      await click(tab, 'Start');
      await appears(tab, '.batch-page--done', 150);
      const scores = (await textsOf(tab, '.batch-table tbody strong')).filter((text) => SCORE.test(text));
      expect(scores).toHaveLength(5);
      // The same bytes, the same score.
      expect(new Set(scores).size).toBe(1);
      expect(await uncaughtErrors(tab)).toEqual([]);
    });

    test('a package folder is imported, used and still there after a reload', async () => {
      test.skip(name === 'WebKitGTK', 'it has no private files (OPFS) while a driver runs it');
      const title = 'Imported model';
      const folder = join(ROOT, 'public', 'models', 'small');
      const manifest = join(scratch.path, 'manifest.json');
      writeFileSync(
        manifest,
        JSON.stringify({ ...JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')), name: title }),
      );
      const files = folderFiles(folder, 'imported').map((file) =>
        file.relative === 'imported/manifest.json' ? { ...file, path: manifest } : file,
      );
      await openPage(tab, `${site.address}#/models`);
      await chooseFolder(tab, 'Open a folder', files);
      await until(
        tab,
        (wanted: string) =>
          [...document.querySelectorAll('.models-row')].some((row) => row.textContent?.includes(wanted)),
        title,
      );
      await click(tab, 'Use', { selector: '.models-row', text: title });
      await until(
        tab,
        (wanted: string) => document.querySelector('.app-header')?.textContent?.includes(wanted) === true,
        title,
      );
      await tab.reload();
      await modelReady(tab);
      expect(await textOf(tab, '.app-header')).toContain(title);
      await openPage(tab, site.address);
      expect((await assessFile(tab, SAMPLE)).score).not.toBeNull();
      expect(await uncaughtErrors(tab)).toEqual([]);
    });

    test('settings are kept over a reload', async () => {
      await openPage(tab, site.address);
      await click(tab, '中文', { selector: '.app-header' });
      await until(tab, () => document.documentElement.lang === 'zh');
      await tab.reload();
      await modelReady(tab);
      expect(await tab.evaluate(() => document.documentElement.lang)).toBe('zh');
      await click(tab, 'English', { selector: '.app-header' });
      await until(tab, () => document.documentElement.lang === 'en');
    });

    test('10-bit and HDR clips are scored or refused in words', async () => {
      const clips = ['sample_av1.mkv', 'h265_10bits.mp4', 'hlg10-color-test.mp4'].map(clip);
      test.skip(clips.includes(null), 'no shared media');
      for (const path of clips) {
        await openPage(tab, site.address);
        const answer = await assessFile(tab, path!);
        if (answer.score === null) {
          expect(answer.error).toBe('media/codec');
          expect(answer.errorText).toMatch(/cannot decode (HEVC|AV1)/);
        } else if (!path!.includes('h265')) expect(answer.notices.join()).toContain('HLG');
      }
      expect(await uncaughtErrors(tab)).toEqual([]);
    });

    test('without a server it opens again and assesses', async () => {
      await openPage(tab, site.address);
      await tab.evaluate(() => navigator.serviceWorker.ready.then(() => null));
      await tab.reload();
      await modelReady(tab);
      const before = await assessFile(tab, SAMPLE);
      await site.close();
      await tab.reload();
      await modelReady(tab);
      const after = await assessFile(tab, SAMPLE);
      expect(after.score).toBe(before.score);
      expect(after.text).toBe(before.text);
    });
  });
}
