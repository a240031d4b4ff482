/** The engine's own measurement: a step of the shared schedule against the plain one, as JSON lines of a Python bench. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { CodedError } from '../../core/errors.ts';
import { python } from '../../scripts/python.mjs';

const scheduleSchema = z.object({
  schedule: z.enum(['shared', 'plain']),
  shape: z.string(),
  device: z.string(),
  dtype: z.string(),
  threads: z.int(),
  videos: z.int(),
  answers: z.int(),
  temporal: z.boolean(),
  prompt_tokens: z.int(),
  answer_tokens: z.int(),
  seconds: z.number(),
  /** Of all threads; less at the mercy of what else runs on the machine. */
  cpu_seconds: z.number().optional(),
  phases: z.record(z.string(), z.number()),
  decode_tokens_per_second: z.number().nullable(),
  mfu: z.number(),
  mfu_update: z.number().nullable(),
  peak_bytes: z.number(),
});
/** One schedule's step: seconds by phase, tokens drawn a second, share of the device's measured peak, memory. */
export type Schedule = z.infer<typeof scheduleSchema>;

const ratioSchema = z.object({ ratio: z.number(), cpu_ratio: z.number().optional() });

export interface Schedules {
  readonly shared: Schedule;
  readonly plain: Schedule;
  /** Seconds a video of the plain schedule over those of the shared one. */
  readonly ratio: number;
  /** The same of processor time, where the device is the processor. */
  readonly cpuRatio: number | null;
}

/**
 * @param onSchedule called when one is measured: the plain one takes its time
 * @param args for `python -m bench.bench`, e.g. `['--shape', 'small', '--device', 'cuda']`
 * @throws `train/python`, `train/torch` {problem}
 */
export async function measureSchedules(
  args: readonly string[],
  onSchedule: (schedule: Schedule) => void = () => {},
): Promise<Schedules> {
  const home = join(import.meta.dirname, '..', 'torch');
  const child = spawn(python, ['-m', 'bench.bench', ...args], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let last = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    last = (last + text).slice(-2000);
  });
  const ended = new Promise<number | null>((done, fail) => {
    child.on('error', () => fail(new CodedError('train/python')));
    child.on('close', done);
  });
  const measured: Partial<Record<Schedule['schedule'], Schedule>> = {};
  let ratio: z.infer<typeof ratioSchema> | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const value: unknown = JSON.parse(line);
    const schedule = scheduleSchema.safeParse(value);
    if (schedule.success) {
      measured[schedule.data.schedule] = schedule.data;
      onSchedule(schedule.data);
    } else ratio = ratioSchema.parse(value);
  }
  const status = await ended;
  const { shared, plain } = measured;
  if (status !== 0 || shared === undefined || plain === undefined || ratio === undefined)
    throw new CodedError('train/torch', { problem: last.trim().split('\n').at(-1) || `status ${status}` });
  return { shared, plain, ratio: ratio.ratio, cpuRatio: ratio.cpu_ratio ?? null };
}
