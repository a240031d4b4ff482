/** What the engine would run on: asked of the project's own Python once, before a run asks for it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { CodedError } from '../../core/errors.ts';
import { validationReportSchema } from '../../core/training/run.ts';
import { python as projectPython } from '../../scripts/python.mjs';

const machineSchema = validationReportSchema.shape.engine.unwrap();
export type Machine = z.infer<typeof machineSchema>;

/** `python -m engine.peek machine`: one line of JSON. Longest time that importing torch takes on a cold disk. */
const PATIENCE_MS = 300_000;
const home = join(import.meta.dirname, '..', 'torch');
const saidSchema = z.union([machineSchema, z.strictObject({ missing: z.string() })]);

/**
 * @throws `train/python` {} where there is none, `train/torch` {problem} where torch cannot be imported
 */
export function readMachine(python = projectPython): Promise<Machine> {
  return new Promise((done, fail) => {
    let said = '';
    let last = '';
    const child = spawn(python, ['-m', 'engine.peek', 'machine'], {
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE_MS,
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      last = (last + text).slice(-2000);
    });
    child.on('error', () => fail(new CodedError('train/python')));
    child.on('close', (status) => {
      const line = z.string().transform(parsed).pipe(saidSchema).safeParse(said);
      const problem = last.trim().split('\n').at(-1) || `status ${status}`;
      if (!line.success) fail(new CodedError('train/torch', { problem }));
      else if ('missing' in line.data) fail(new CodedError('train/torch', { problem: line.data.missing }));
      else done(line.data);
    });
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Asked again only after a failure: a GPU does not come and go, a missing torch may be installed. */
export function machineOnce(read: () => Promise<Machine> = readMachine): () => Promise<Machine> {
  let known: Promise<Machine> | null = null;
  return () => {
    known ??= read().catch((error: unknown) => {
      known = null;
      throw error;
    });
    return known;
  };
}
