/** The machine that the engine would run on: device, torch and memory, read once by the project's Python. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { CodedError } from '../../core/errors.ts';
import { validationReportSchema } from '../../core/training/run.ts';
import { python as projectPython, pythonEnvironment } from '../../scripts/python.mjs';

const machineSchema = validationReportSchema.shape.engine.unwrap();
export type Machine = z.infer<typeof machineSchema>;

/** Timeout of `python -m engine.probe machine`: importing torch is slow from a cold disk. */
const PATIENCE_MS = 300_000;
const home = join(import.meta.dirname, '..', 'torch');
const replySchema = z.union([machineSchema, z.strictObject({ missing: z.string() })]);

/**
 * @throws `train/python` {} where there is none, `train/torch` {problem} where torch cannot be imported
 */
export function readMachine(python = projectPython): Promise<Machine> {
  return new Promise((done, fail) => {
    let output = '';
    let last = '';
    const child = spawn(python, ['-m', 'engine.probe', 'machine'], {
      cwd: home,
      env: pythonEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE_MS,
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      last = (last + text).slice(-2000);
    });
    child.on('error', () => fail(new CodedError('train/python')));
    child.on('close', (status) => {
      const line = z.string().transform(parsed).pipe(replySchema).safeParse(output);
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

/** Reads once; again only after a failure, since a missing torch may be installed meanwhile. */
export function machineOnce(read: () => Promise<Machine> = readMachine): () => Promise<Machine> {
  let machine: Promise<Machine> | null = null;
  return () => {
    machine ??= read().catch((error: unknown) => {
      machine = null;
      throw error;
    });
    return machine;
  };
}
