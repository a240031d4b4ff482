/**
 * A run with the fake engine in a process of its own, for tests that kill it: `node fake-run.ts ROOT RUNS [ID]` starts the
 * test recipe in ROOT or resumes a run. Imported by nothing.
 */
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../core/stats/random.ts';
import { FakeEngine } from '../engine/fake-engine.ts';
import { RunManager } from './manager.ts';
import { settled, testRecipe } from './testing.ts';

/** Milliseconds of a call of the engine, so that a run lasts long enough to be killed in it. */
const CALL = 4;

const [root, runs, id] = process.argv.slice(2);
if (root === undefined || runs === undefined) throw new Error('fake-run.ts ROOT RUNS [ID]');
const manager = await RunManager.open({
  runs,
  roots: [root],
  autoResume: false,
  cache: join(root, 'cache'),
  startEngine: async () =>
    new FakeEngine({
      truth: (path) => 1 + 4 * seededRandom(basename(path)).uniform(),
      before: () => sleep(CALL),
    }),
});
if (id !== undefined) await manager.resume(id);
const run = await settled(
  manager,
  id ?? (await manager.start(testRecipe({ stages: [{ name: 'grpo', steps: 30 }] }))).id,
);
await manager.close();
if (run.state !== 'finished') throw new Error(`${run.state}: ${JSON.stringify(run.reason)}`);
