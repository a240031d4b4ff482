/** Benchmark of the engine: a step of the shared schedule and of the baseline, read as JSON lines of `bench.bench`. */
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
  /** Processor time of all threads, which other processes disturb less. */
  cpu_seconds: z.number().optional(),
  phases: z.record(z.string(), z.number()),
  decode_tokens_per_second: z.number().nullable(),
  mfu: z.number(),
  mfu_update: z.number().nullable(),
  peak_bytes: z.number(),
});
/** A step of one schedule: seconds by phase, sampled tokens a second, share of the measured peak, memory. */
export type Schedule = z.infer<typeof scheduleSchema>;

const ratioSchema = z.object({ ratio: z.number(), cpu_ratio: z.number().optional() });

export interface Schedules {
  readonly shared: Schedule;
  readonly plain: Schedule;
  /** Seconds a video of the baseline divided by those of the shared schedule. */
  readonly ratio: number;
  /** The same ratio of processor time, on a CPU. */
  readonly cpuRatio: number | null;
}

/**
 * @param onSchedule called after each measured schedule: the baseline is slow
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
