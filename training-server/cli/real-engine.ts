/** The command line with the real engine in a separate process, for tests that kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const project = join(import.meta.dirname, '..', '..');
export const hasPython = existsSync(join(project, '.venv', 'bin', 'python'));
/** Clips and decoded frames are made once for all tests. */
export const cache = join(project, '.cache', 'training');

const recordSchema = z.object({ mark: z.string(), groups: z.array(z.int()) });

export interface Command {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** Its output so far. */
  text(): string;
}

/** `npm run train -- …`, leader of a process group of its own. */
export function train(runs: string, ...args: string[]): Command {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'train.ts'), ...args, '--runs', runs, '--root', project, '--cache', cache],
    { cwd: project, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, ended, text: () => output };
}

/** Resolves when the condition holds; rejects with the output when the command ends before. */
export async function until(command: Command, condition: () => boolean): Promise<void> {
  let ended = false;
  void command.ended.then(() => {
    ended = true;
  });
  while (!condition()) {
    if (ended) throw new Error(`the command ended:\n${command.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The only run of a root. */
export function runFolder(runs: string): string | null {
  const names = existsSync(runs) ? readdirSync(runs, { withFileTypes: true }) : [];
  const folder = names.find((entry) => entry.isDirectory());
  return folder ? join(runs, folder.name) : null;
}

/** Process groups of the engine of a run, torchrun first. */
export const engineGroups = (folder: string): number[] => engineRecord(folder)?.groups ?? [];

/** The mark that the processes of the engine carry; none where it is not running. */
export const engineMarks = (folder: string): string[] => {
  const record = engineRecord(folder);
  return record === null ? [] : [record.mark];
};

function engineRecord(folder: string): z.infer<typeof recordSchema> | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(join(folder, 'engine.json'), 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** SHA-256 of the weights that a run saved at a step, in the names' order. */
export function weights(folder: string, step: number): string {
  const model = join(folder, 'checkpoints', `step-${step}`, 'model');
  const hash = createHash('sha256');
  const names = readdirSync(model).filter((name) => name.endsWith('.safetensors'));
  if (names.length === 0) throw new Error(`${model} has no weights`);
  for (const name of names.sort()) hash.update(readFileSync(join(model, name)));
  return hash.digest('hex');
}

export const remove = (folder: string) => rmSync(folder, { recursive: true, force: true });
