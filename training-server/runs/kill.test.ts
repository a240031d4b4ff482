/**
 * `kill -9` of the driver at random times, with the fake engine: the resumed run is, byte for byte but for times, the run
 * that was never killed. Six times in the fast tier, as many as VQA_FAKE_KILLS says. `cli/kill.test.ts` kills the real
 * engine's processes too.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../core/stats/random.ts';
import { fixture, streams } from './testing.ts';

const times = Number(process.env.VQA_FAKE_KILLS ?? 6);
const { root } = fixture();
const folderOf = (runs: string): string | undefined =>
  readdirSync(runs, { withFileTypes: true }).find((entry) => entry.isDirectory())?.name;

/** A step that has been recorded, and the milliseconds after it. */
type Moment = readonly [step: number, milliseconds: number];

/** The run's process, killed at a moment; null = never. */
async function drive(runs: string, id: string | null, moment: Moment | null): Promise<number | null> {
  const args = [join(import.meta.dirname, 'fake-run.ts'), root, runs, ...(id === null ? [] : [id])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  if (moment !== null) {
    let over = false;
    void ended.then(() => {
      over = true;
    });
    while (!over && steps(runs) <= moment[0]) await sleep(2);
    await sleep(moment[1]);
    child.kill('SIGKILL');
  }
  return ended;
}

function steps(runs: string): number {
  try {
    return readFileSync(join(runs, folderOf(runs)!, 'metrics.jsonl'), 'utf8').split('\n').length - 1;
  } catch {
    return 0; // not there yet
  }
}

/** Metrics, completions and the state of the last checkpoint. */
function outcome(runs: string) {
  const folder = join(runs, folderOf(runs)!);
  const { step } = JSON.parse(readFileSync(join(folder, 'checkpoints', 'last.json'), 'utf8')) as {
    step: number;
  };
  const state = readFileSync(join(folder, 'checkpoints', `step-${step}`, 'state', 'state.json'), 'utf8');
  return { ...streams(folder), step, state };
}

let whole: ReturnType<typeof outcome>;
beforeAll(async () => {
  const runs = join(root, 'whole');
  expect(await drive(runs, null, null)).toBe(0);
  whole = outcome(runs);
  expect(whole.metrics.length).toBeGreaterThan(30);
}, 600_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const random = seededRandom('times of death');
const moments = Array.from({ length: times }, () => [random.int(28), random.uniform() * 60] as const);

test.each(moments)('killed after step %i and %f ms', { timeout: 600_000 }, async (...moment) => {
  const runs = join(root, `killed-${moment.join('-')}`);
  await drive(runs, null, moment);
  const id = folderOf(runs)!;
  const state = () =>
    (JSON.parse(readFileSync(join(runs, id, 'run.json'), 'utf8')) as { state: string }).state;
  // On a slow machine the moment may be past the run's end: nothing is left to resume.
  if (state() !== 'finished') expect(await drive(runs, id, null)).toBe(0);
  expect(state()).toBe('finished');
  expect(outcome(runs)).toEqual(whole);
});
