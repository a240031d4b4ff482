/** Crash reports of ranks: torchrun's error files, `ranks/RUN/attempt_N/RANK/error.json`. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type EngineError, engineFault } from './client.ts';

const errorFileSchema = z.object({
  message: z.object({
    message: z.string(),
    extraInfo: z.object({ py_callstack: z.string(), timestamp: z.string().optional() }),
  }),
});

/** An error file of a rank. The earliest one is the cause: other ranks often fail as its consequence. */
interface Crash {
  readonly written: number;
  readonly problem: string;
  readonly trace: string;
}

function readCrash(file: string, since: number): Crash | null {
  try {
    const written = statSync(file).mtimeMs;
    if (written < since) return null;
    const { message, extraInfo } = errorFileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).message;
    return { written, problem: message.split('\n')[0]!, trace: extraInfo.py_callstack };
  } catch {
    return null; // incomplete, or of another torch version: the log has the error too
  }
}

/**
 * The first error that a rank has written, with its trace; else one that names the log file.
 *
 * @param logs folder of the engine's output
 * @param since start of the engine, in milliseconds: earlier files are of earlier engines
 */
export function crashOf(logs: string, since: number, what = 'ended unasked'): EngineError {
  let files: string[] = [];
  try {
    files = readdirSync(join(logs, 'ranks'), { recursive: true, encoding: 'utf8' });
  } catch {
    // no rank has started
  }
  const crashes = files
    .filter((file) => file.endsWith('error.json'))
    .map((file) => readCrash(join(logs, 'ranks', file), since))
    .filter((crash) => crash !== null)
    .sort((a, b) => a.written - b.written);
  const first = crashes[0];
  return first
    ? engineFault(first.problem, first.trace)
    : engineFault(`the engine ${what}; see ${join(logs, 'engine.log')}`);
}
