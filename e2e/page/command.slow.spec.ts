/** The command against the page: the same clips, the same text and score. The page decodes with the browser, the command with FFmpeg. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { readResult } from '../../core/files/result.ts';
import { decoderHome, setUpDecoder } from '../../scripts/decoder.mjs';
import { choose, expect, exportJson, hasModel, openPage, SHARED, test } from './fixture.ts';

const root = join(import.meta.dirname, '..', '..');
const VIDEO = new Set(['.mp4', '.mov', '.webm', '.mkv']);
const FEWEST = 60;
/** Some are not read by this browser. */
const MOST = 72;

interface Row {
  readonly path: string;
  readonly score?: number | null;
  readonly text?: string;
}

/** Spread over the folders. */
function clips(): string[] {
  const all = ['media', 'clips']
    .map((name) => join(SHARED, name))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .filter((path) => VIDEO.has(extname(path)))
    .sort();
  const step = Math.max(1, all.length / MOST);
  return Array.from({ length: Math.min(all.length, MOST) }, (_, k) => all[Math.floor(k * step)]!);
}

function byCommand(paths: readonly string[]): Row[] {
  const command = join(root, '.scratch', 'command', 'vqathinker.mjs');
  execFileSync(process.execPath, [join(root, 'command', 'pack.ts'), '--folder']);
  const args = [command, 'score', '-', '-f', 'json', '-q'];
  const env = { ...process.env, VQATHINKER_DECODER: decoderHome };
  let output: string;
  try {
    output = execFileSync(process.execPath, args, {
      input: paths.join('\n'),
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
  } catch (error) {
    // Status 3: some clips are not read, by the page neither.
    output = (error as { stdout: string }).stdout;
  }
  return JSON.parse(output) as Row[];
}

test.skip(!hasModel || clips().length < FEWEST, 'no bundled model or no shared clips');

test('text and score of real clips are the same', async ({ page, site }) => {
  test.setTimeout(3_600_000);
  setUpDecoder();
  const rows = byCommand(clips()).filter(({ score }) => score !== undefined);
  const differences: string[] = [];
  let compared = 0;
  for (const { path, score, text } of rows) {
    await openPage(page, site.address);
    await choose(page, path);
    // HEVC: the command decodes it, this browser need not.
    const phase = page.locator('.assess-page--done, .assess-page--error');
    await expect(phase.first()).toBeAttached({ timeout: 90_000 });
    if (await page.locator('.assess-page--error').count()) continue;
    compared++;
    const result = readResult(JSON.parse((await exportJson(page)).text));
    if (result.answers[0]?.text !== text || result.score !== score)
      differences.push(`${path}: page ${result.score}, command ${score}`);
  }
  console.log(`${compared - differences.length} of ${compared} equal`);
  expect(differences).toEqual([]);
  expect(compared).toBeGreaterThanOrEqual(FEWEST);
});
