/** The Compare page as a viewer: both sides on one clock, views, keys, perturbations, plot, links. Real clips. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { sampledIndices } from '../../core/sampling/frame-sampling.ts';
import { readPng } from '../../scripts/conformance/png.ts';
import { drawPerturbation } from '../../src/features/compare/state/timeline.ts';
import { addressOf, badges, fieldPixel, openCompare, positionOf, sharp, unfocus } from './compare-fixture.ts';
import { choose, clip, expect, hasModel, openPage, SAMPLE, test } from './fixture.ts';

test.skip(!hasModel, 'no bundled model');

/** Sampling of the bundled model. */
const { profile } = JSON.parse(readFileSync('public/models/small/manifest.json', 'utf8')) as {
  profile: Parameters<typeof drawPerturbation>[0];
};

test('one drop is enough: the original beside its shuffled frames, exactly as the seed draws them', async ({
  page,
  site,
}) => {
  const file = clip('bikes.mp4');
  test.skip(file === null, 'no shared media');
  await openCompare(page, site.address);
  await choose(page, file as string);
  await sharp(page);
  const sampled = sampledIndices(profile.sampling, 250, profile.frames);
  const { drawn } = drawPerturbation(profile, 250, {
    mode: 'shuffle',
    over: 'sampled',
    strength: null,
    seed: 7,
  });
  if (drawn.kind !== 'perturbed') throw new Error('not drawn');
  await unfocus(page);
  for (const [k, frame] of sampled.entries()) {
    const other = drawn.vision[k]!;
    const b = other === frame ? `frame ${frame + 1}` : `frame ${other + 1} instead of ${frame + 1}`;
    expect(await badges(page)).toEqual([`A Original frame ${frame + 1}`, `B Shuffled ${b}`]);
    await page.keyboard.press('ArrowRight');
  }
  // The last position is the end.
  expect(await positionOf(page)).toBe(profile.frames);
  await expect(page.locator('.compare-plot__facts')).toContainText(`of ${profile.frames} out of order`);
  await expect(page.getByRole('slider', { name: 'Position in the plot' })).toHaveAttribute(
    'aria-valuetext',
    /^position \d+: frame \d+ \([+−±]\d+\)$/,
  );
  await page.keyboard.press('r');
  const query = await addressOf(page);
  expect(query.get('seed')).not.toBe('7');
});

test('a frame shown in place of one that cannot be decoded is named', async ({ page, site }) => {
  const file = clip('corrupted.mp4');
  test.skip(file === null, 'no shared media');
  await openCompare(page, site.address);
  await choose(page, file as string);
  await page.getByRole('radio', { name: 'whole video' }).check();
  await unfocus(page);
  await page.keyboard.press('Home');
  for (let i = 0; i < 30; i++) await page.keyboard.press('.');
  const original = page.locator('.compare-badge').first();
  await expect(original).toContainText('frame 31 (cannot be decoded; frame 29 is shown)', {
    timeout: 60_000,
  });
  await expect(page.locator('.compare-status__what')).toHaveText(/cannot be decoded: frame \d+ is shown/);
  for (let i = 0; i < 2; i++) await page.keyboard.press(',');
  await expect(original).toContainText(/frame 29$/);
});

test('frames step, play, loop and stop; the whole video under each perturbation', async ({ page, site }) => {
  await openCompare(page, site.address);
  await page.getByRole('button', { name: 'Try the sample clip' }).click();
  await sharp(page);
  await page.getByRole('radio', { name: 'whole video' }).check();
  await unfocus(page);
  await expect(page.locator('.compare-store')).toContainText('in memory', { timeout: 60_000 });
  await page.keyboard.press('End');
  const last = await positionOf(page);
  await page.keyboard.press('ArrowRight');
  expect(await positionOf(page)).toBe(last);
  await page.keyboard.press('Home');
  for (let i = 0; i < 5; i++) await page.keyboard.press('.');
  await page.keyboard.press(',');
  expect(await positionOf(page)).toBe(5);
  await page.keyboard.press('Shift+ArrowRight');
  expect(await positionOf(page)).toBeGreaterThan(20);

  // Held: the key repeats.
  await page.keyboard.press('Home');
  await page.keyboard.down('ArrowRight');
  for (let i = 0; i < 9; i++) await page.keyboard.down('ArrowRight');
  await page.keyboard.up('ArrowRight');
  expect(await positionOf(page)).toBe(11);

  await page.keyboard.press('\\');
  expect((await addressOf(page)).get('loop')).toBe('loop');
  await page.keyboard.press('End');
  await page.keyboard.press('l');
  await expect(async () => expect(await positionOf(page)).toBeLessThan(last)).toPass();
  await page.keyboard.press('k');
  const stopped = await positionOf(page);
  await page.waitForTimeout(200);
  expect(await positionOf(page)).toBe(stopped);
  await page.keyboard.press('j');
  await expect(async () => expect(await positionOf(page)).not.toBe(stopped)).toPass();
  await page.keyboard.press('Space');

  for (const [name, done] of [
    ['Reverse', 'Reversed'],
    ['Jitter', 'Jittered'],
    ['Repeat', 'With repeats'],
    ['Drop', 'With drops'],
    ['Local shuffle', 'Locally shuffled'],
  ] as const) {
    await page.getByRole('radio', { name: new RegExp(`^${name}`) }).check();
    expect((await badges(page))[1]).toContain(done);
  }
  await page.getByRole('radio', { name: /^Reverse/ }).check();
  await unfocus(page);
  await page.keyboard.press('Home');
  expect((await badges(page))[1]).toContain(`frame ${last} instead of 1`);
  await page.keyboard.press('>');
  expect((await badges(page))[1]).toContain(`frame ${last - 1} instead of 1`);
});

test('a dropped frame leaves its cell empty; X and Z change the gain of the difference alone', async ({
  page,
  site,
}) => {
  await openCompare(page, site.address);
  await page.getByRole('button', { name: 'Try the sample clip' }).click();
  await sharp(page);
  await expect(page.locator('.compare-store')).toContainText('in memory', { timeout: 60_000 });
  await page.getByRole('radio', { name: /^Drop/ }).check();
  const empty = page.locator('.compare-filmstrips__cell--zeros canvas');
  await expect(empty).not.toHaveCount(0);
  const pixels = await empty.evaluateAll((all) =>
    (all as HTMLCanvasElement[]).map((canvas) => {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value !== 0);
    }),
  );
  expect(pixels).not.toContain(true);
  await unfocus(page);
  await page.keyboard.press('x');
  expect((await addressOf(page)).get('gain')).toBeNull();
  for (let i = 0; i < 4; i++) await page.keyboard.press('v');
  for (const [key, gain] of [
    ['x', '8'],
    ['x', '16'],
    ['z', '8'],
  ] as const) {
    await page.keyboard.press(key);
    expect((await addressOf(page)).get('gain')).toBe(gain);
  }
});

test('views, handle, swap, single sides and zoom keep both sides together', async ({ page, site }) => {
  await openCompare(page, site.address);
  await page.getByRole('button', { name: 'Try the sample clip' }).click();
  await sharp(page);
  await unfocus(page);
  // The colours of A and B differ in the middle of the frame.
  const handle = page.getByRole('slider', { name: 'Where A ends and B begins' });
  await handle.focus();
  await page.keyboard.press('Home');
  await expect(handle).toHaveAttribute('aria-valuenow', '0');
  await page.waitForTimeout(100);
  const onlyB = await fieldPixel(page, 0.5, 0.5);
  await page.keyboard.press('End');
  await page.waitForTimeout(100);
  const onlyA = await fieldPixel(page, 0.5, 0.5);
  expect(onlyA).not.toEqual(onlyB);
  await page.keyboard.press('Shift+ArrowLeft');
  await expect(handle).toHaveAttribute('aria-valuenow', '90');
  await unfocus(page);
  await page.keyboard.press('3');
  await expect(handle).toHaveAttribute('aria-valuenow', '50');

  await page.keyboard.down('2');
  await expect.poll(() => fieldPixel(page, 0.5, 0.5)).toEqual(onlyB);
  await expect(page.locator('.compare-badge')).toHaveCount(1);
  await page.keyboard.up('2');
  await expect(page.locator('.compare-badge')).toHaveCount(2);

  await page.keyboard.press('s');
  expect((await badges(page))[0]).toMatch(/^B/);
  await page.keyboard.press('s');

  const order = ['side', 'stack', 'overlay', 'difference', 'split'];
  for (const view of order) {
    await page.keyboard.press('v');
    const query = await addressOf(page);
    expect(query.get('view') ?? 'split').toBe(view);
    if (view === 'difference')
      await expect(page.locator('.compare-options__mean')).toHaveText(/^mean difference \d+\.\d\d of 255$/);
  }

  await page.keyboard.press('Shift+0');
  await expect(page.getByRole('button', { name: /^Zoom 100/ })).toBeVisible();
  await page.keyboard.press('+');
  await expect(page.getByRole('button', { name: /^Zoom 150/ })).toBeVisible();
  for (let i = 0; i < 12; i++) await page.keyboard.press('+');
  await expect(page.getByRole('button', { name: /^Zoom 800/ })).toBeVisible();
  for (let i = 0; i < 20; i++) await page.keyboard.press('-');
  await expect(page.getByRole('button', { name: /^Zoom 25/ })).toBeVisible();
  await page.keyboard.press('0');
  expect((await addressOf(page)).get('zoom')).toBeNull();

  await page.keyboard.press('q');
  const stage = page.locator('.compare-view__glass');
  await stage.hover({ position: { x: 300, y: 150 } });
  await expect(page.getByRole('img', { name: 'Loupe, eight times' })).toBeVisible();
  await expect(page.locator('.compare-status__pixel')).toHaveText(
    /^x \d+, y \d+ A \d+ \d+ \d+ B \d+ \d+ \d+$/,
  );
});

test('both frames are saved with the pixels that ffmpeg gives', async ({ page, site }) => {
  const file = clip('carphone_pristine.mp4');
  test.skip(file === null, 'no shared media');
  const { execFileSync, spawnSync } = await import('node:child_process');
  test.skip(spawnSync('ffmpeg', ['-version']).status !== 0, 'no ffmpeg');
  // The keys of older links.
  await openCompare(page, site.address, 'over=video&damage=reverse&place=30');
  await choose(page, file as string);
  await sharp(page);
  await unfocus(page);
  expect(await badges(page)).toEqual(['A Original frame 31', 'B Reversed frame 90 instead of 31']);
  const saved: { name: string; path: string }[] = [];
  page.on('download', async (download) => {
    saved.push({ name: download.suggestedFilename(), path: await download.path() });
  });
  await page.keyboard.press('w');
  await expect.poll(() => saved.length).toBe(2);
  saved.sort((a, b) => a.name.localeCompare(b.name));
  expect(saved.map(({ name }) => name)).toEqual([
    'carphone_pristine-A-frame-31.png',
    'carphone_pristine-B-frame-90.png',
  ]);
  for (const [{ path }, frame] of [
    [saved[0]!, 30],
    [saved[1]!, 89],
  ] as const) {
    const args = ['-v', 'error', '-i', file as string, '-vf', `select=eq(n\\,${frame})`, '-frames:v', '1'];
    const wanted = execFileSync('ffmpeg', [...args, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']);
    const { width, height, data } = readPng(readFileSync(path));
    expect([width, height]).toEqual([176, 144]);
    let sum = 0;
    let most = 0;
    for (const [i, value] of data.entries()) {
      const error = Math.abs(value - wanted[i]!);
      sum += error;
      most = Math.max(most, error);
    }
    // The tolerance of the project's colour conversion against ffmpeg.
    expect(sum / data.length).toBeLessThan(1);
    expect(most).toBeLessThanOrEqual(6);
  }
});

test('a link brings back everything but the file, and knows the file again', async ({ page, site }) => {
  const file = clip('bikes.mp4');
  const other = clip('walk.mkv');
  test.skip(file === null || other === null, 'no shared media');
  const hash = createHash('sha256')
    .update(readFileSync(file as string))
    .digest('hex');
  const query = `view=difference&gain=16&luma=1&over=video&perturbation=jitter&s=3&seed=42&offset=2&position=99&k=4&rewards=paper&mos=3.2&a=bikes.mp4&ahash=${hash}`;
  await openCompare(page, site.address, query);
  await expect(page.locator('.compare-empty')).toContainText('This link needs bikes.mp4');
  await choose(page, other as string);
  await expect(page.locator('.ui-error__code')).toHaveText(/compare\/file$/);
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await choose(page, file as string);
  await sharp(page);
  expect(await positionOf(page)).toBe(100);
  expect((await badges(page))[0]).toBe('A Original frame 100');
  const now = await addressOf(page);
  for (const [key, value] of new URLSearchParams(query)) expect([key, now.get(key)]).toEqual([key, value]);

  // The wrong file may be used all the same, under its own name.
  const second = await page.context().newPage();
  await openCompare(second, site.address, query);
  await choose(second, other as string);
  await second.getByRole('button', { name: 'Use this one anyway' }).click();
  await sharp(second);
  expect((await addressOf(second)).get('a')).toBe('walk.mkv');
});

test('two videos share one clock, whatever their frame rates', async ({ page, site }) => {
  const [avc, vp8] = [
    clip('bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4'),
    clip('bbb_960x540_60fps_vp8.webm'),
  ];
  test.skip(avc === null || vp8 === null, 'no shared media');
  await openCompare(page, site.address);
  await choose(page, [avc as string, vp8 as string]);
  await expect(page.getByRole('heading', { name: 'Two videos' })).toBeVisible({ timeout: 60_000 });
  await sharp(page);
  await unfocus(page);
  // The faster one counts: at its 31st frame the slower one shows its 16th.
  for (let i = 0; i < 30; i++) await page.keyboard.press('ArrowRight');
  const [a, b] = await badges(page);
  expect(a).toMatch(/frame 16$/);
  expect(b).toMatch(/frame 31$/);
  await page.getByRole('button', { name: 'Back to a perturbed copy' }).click();
  await expect(page.getByRole('heading', { name: 'Perturbation', exact: true })).toBeVisible();
});

test('a long video is held in part, and its notice names the frames', async ({ page, site }) => {
  const file = clip('long_1080p_av1.mp4');
  test.skip(file === null, 'no shared media');
  await openCompare(page, site.address);
  await choose(page, file as string);
  await expect(page.locator('.compare-page .ui-notice')).toContainText(
    /Memory cap of 512.MB reached: frames 1–9,\d{3} of 21,766 are in memory/,
    { timeout: 60_000 },
  );
  await sharp(page);
});

test('D on the Assess page brings the video here', async ({ page, site }) => {
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await expect(page.locator('.assess-page--done')).toBeAttached({ timeout: 90_000 });
  await page.keyboard.press('d');
  await sharp(page);
  expect((await addressOf(page)).get('a')).toBe('sample.mp4');
});

test('a file that is no video says so, and the next one opens', async ({ page, site }) => {
  await openCompare(page, site.address);
  await choose(page, { name: 'x.mp4', mimeType: 'video/mp4', buffer: Buffer.from('%PDF-1.7') });
  await expect(page.locator('.ui-error__code')).toHaveText(/media\/container$/);
  await choose(page, SAMPLE);
  await sharp(page);
  await expect(page.locator('.ui-error')).toHaveCount(0);
});

test('a file that this browser cannot decode comes with the line that converts it', async ({
  page,
  site,
}) => {
  const vvc = clip('sample_vvc.mp4');
  test.skip(vvc === null, 'no shared media');
  await openCompare(page, site.address);
  await choose(page, vvc as string);
  await expect(page.locator('.ui-error__code')).toHaveText(/media\/codec$/);
  await expect(page.locator('.ui-error__command')).toContainText('ffmpeg -i "sample_vvc.mp4"');
});
