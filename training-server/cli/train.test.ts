/** `npm run train` as a person starts it: faults are printed, and no run is made. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hasPython, runFolder, train, until } from './real-engine.ts';

const home = mkdtempSync(join(tmpdir(), 'train-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function recipe(name: string, fields: object): string {
  const file = join(home, `${name}.json`);
  writeFileSync(file, JSON.stringify({ name, extends: 'tiny-cpu', ...fields }));
  return file;
}

test('a field that does not exist is named at once', async () => {
  const runs = join(home, 'field');
  const command = train(runs, recipe('field', { stages: [{ name: 'grpo', stepz: 3 }] }));
  expect(await command.ended).toBe(1);
  expect(command.text()).toContain('stepz');
  expect(existsSync(runs)).toBe(false);
}, 120_000);

test('all that is wrong with paths and machine is printed before a run exists', async () => {
  const runs = join(home, 'faults');
  const file = recipe('faults', {
    model: { checkpoint: '/etc' },
    engine: { device: 'cuda', processes: 4096 },
  });
  const command = train(runs, file);
  expect(await command.ended).toBe(1);
  // Without the Python environment it says so instead of counting GPUs.
  expect(command.text()).toMatch(/4,096 CUDA GPUs|PyTorch|Python/);
  expect(command.text()).toMatch(/model\.checkpoint lies outside/);
  expect(existsSync(runs)).toBe(false);
}, 300_000);

test('an option that is no number, a place that is no address', async () => {
  for (const [args, message] of [
    [['--nodes', '2'], '--rendezvous'],
    [['--engine-at', 'nowhere'], '--engine-at'],
  ] as const) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'train.ts'), '--list', ...args]);
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    expect(await new Promise((done) => child.once('close', done))).toBe(1);
    expect(output).toContain(message);
  }
}, 120_000);

test.skipIf(!hasPython)(
  'SIGUSR1 pauses with the status that says again; --continue goes on with that run',
  async () => {
    const runs = join(home, 'again');
    const sources = {
      clips: { kind: 'procedural', split: 'family', groups: 8 },
      'held-out': { kind: 'procedural', split: 'family', groups: 8 },
    };
    const file = recipe('again', {
      sources,
      rules: { videosPerStep: 4 },
      stages: [{ name: 'grpo', heldOut: [] }],
    });
    const folders: (string | null)[] = [];
    for (let i = 0; i < 2; i++) {
      const command = train(runs, file, '--continue');
      await until(command, () => /^recipe /m.test(command.text()));
      process.kill(command.child.pid!, 'SIGUSR1');
      // The batch system signals the wrapper too, which passes it on.
      process.kill(command.child.pid!, 'SIGUSR1');
      expect(await command.ended, command.text()).toBe(75);
      expect(command.text()).toContain('run again to go on');
      folders.push(runFolder(runs));
    }
    expect(folders[0]).toBe(folders[1]);
    expect(readdirSync(runs, { withFileTypes: true }).filter((entry) => entry.isDirectory())).toHaveLength(1);
  },
  600_000,
);
