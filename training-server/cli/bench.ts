/**
 * `npm run bench:train`: time of a GRPO step by phase, compared with the baseline schedule (K copies of every prompt, separate
 * rows, eager generation), and the overhead of the driver.
 */
import { parseArgs } from 'node:util';
import { CodedError } from '../../core/errors.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { measureOverhead, type StepOverhead } from '../bench/overhead.ts';
import { measureSchedules, type Schedule, type Schedules } from '../bench/schedules.ts';

const usage = `npm run bench:train -- [options]

  --shape NAME      small, 1b, 2b or 8b (default small); random weights, fixed completion lengths
  --device NAME     cpu or cuda (default cpu)
  --videos N        videos in a step (default 4; 64 with cuda)
  --baseline-videos N  videos in a step of the baseline schedule, compared by video (default: the same)
  --steps N         measured steps, after one that is not measured (default 2)
  --dtype NAME      float32 or bfloat16 (default by device)
  --recompute       gradient checkpointing
  --threads N       CPU threads (default: PyTorch's choice)
  --only NAME       schedules or driver
  --json            prints the metrics as one line of JSON
`;

/** Limits of the project: the driver's share of a step, and the speed-up over the baseline schedule at this shape. */
const MOST_OVERHEAD = 0.01;
const LEAST_RATIO = { cpu: 3, cuda: 10 } as const;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const { values } = parseArgs({
  options: {
    shape: { ...text, default: 'small' },
    device: { ...text, default: 'cpu' },
    videos: text,
    'baseline-videos': text,
    steps: { ...text, default: '2' },
    dtype: text,
    recompute: flag,
    threads: text,
    only: text,
    json: flag,
    help: flag,
  },
});

const say = (line = '') => process.stdout.write(`${line}\n`);
const seconds = (value: number) => (value >= 10 ? value.toFixed(1) : value.toFixed(3));
const share = (value: number | null) => (value === null ? '–' : `${(100 * value).toFixed(1)} %`);
const verdict = (ok: boolean) => (ok ? 'ok' : 'MISS');

/** Rows of equal columns. */
function table(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows)
    say(
      `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`.trimEnd(),
    );
}

function printSchedules({ shared, plain, ratio, cpuRatio }: Schedules, bar: number): void {
  const { shape, device, dtype, videos, answers, temporal, threads } = shared;
  say(`GRPO step, shape ${shape}, ${device}, ${dtype}, ${threads} threads`);
  say(
    `${videos} videos × ${answers} answers${temporal ? ', each again on its perturbed copy' : ''}, ${shared.prompt_tokens} prompt tokens`,
  );
  say();
  const phases = [...new Set([...Object.keys(shared.phases), ...Object.keys(plain.phases)])];
  const each = (name: string, value: (schedule: Schedule) => string) => [name, value(shared), value(plain)];
  table([
    ['', 'shared', 'plain'],
    each('videos', (s) => String(s.videos)),
    each('step, s', (s) => seconds(s.seconds)),
    ...phases.map((phase) =>
      each(`  ${phase}, s`, (s) => (phase in s.phases ? seconds(s.phases[phase]!) : '–')),
    ),
    each('processor time, s', (s) => (s.cpu_seconds === undefined ? '–' : seconds(s.cpu_seconds))),
    each('decode, tokens/s', (s) => s.decode_tokens_per_second?.toFixed(0) ?? '–'),
    each('MFU, whole step', (s) => share(s.mfu)),
    each('MFU, update', (s) => share(s.mfu_update)),
    each('peak memory, GB', (s) => (s.peak_bytes / 1e9).toFixed(2)),
  ]);
  say();
  say(`plain / shared, by the video: ${ratio.toFixed(2)} × (bar ${bar} ×) ${verdict(ratio >= bar)}`);
  if (cpuRatio !== null) say(`the same of processor time: ${cpuRatio.toFixed(2)} ×`);
}

interface Overhead {
  readonly wall: number;
  readonly socket: number;
  readonly driver: number;
  readonly share: number;
}

function meanOverhead(steps: readonly StepOverhead[]): Overhead {
  const mean = (of: (step: StepOverhead) => number) =>
    steps.reduce((sum, s) => sum + of(s), 0) / steps.length;
  const [wall, socket, driver] = [mean((s) => s.wall), mean((s) => s.socket), mean((s) => s.driver)];
  return { wall, socket, driver, share: (socket + driver) / wall };
}

function printOverhead(overhead: Overhead, steps: number, videos: number): void {
  say(`Driver, over ${steps} steps of a run of ${videos} videos with its engine`);
  say();
  table([
    ['', 'ms'],
    ['step', overhead.wall.toFixed(1)],
    ['  socket and JSON', overhead.socket.toFixed(1)],
    ['  draws, rewards, records', overhead.driver.toFixed(1)],
  ]);
  say();
  say(
    `share of the step: ${(100 * overhead.share).toFixed(2)} % (bar ${100 * MOST_OVERHEAD} %) ${verdict(overhead.share <= MOST_OVERHEAD)}`,
  );
}

function numberOf(name: 'videos' | 'baseline-videos' | 'steps' | 'threads', fallback: number): number {
  const given = values[name];
  if (given === undefined) return fallback;
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1)
    throw new CodedError('train/option', {
      option: `--${name}`,
      problem: 'must be a whole number from 1 on',
    });
  return number;
}

function oneOf<T extends string>(name: 'device' | 'only', choices: readonly T[]): T {
  const chosen = choices.find((one) => one === values[name]);
  if (chosen === undefined)
    throw new CodedError('train/option', { option: `--${name}`, problem: `must be ${choices.join(' or ')}` });
  return chosen;
}

async function main(): Promise<number> {
  if (values.help) {
    say(usage);
    return 0;
  }
  const device = oneOf('device', ['cpu', 'cuda']);
  const only = values.only === undefined ? null : oneOf('only', ['schedules', 'driver']);
  const videos = numberOf('videos', device === 'cuda' ? 64 : 4);
  const steps = numberOf('steps', 2);
  const { shape, dtype = device === 'cuda' ? 'bfloat16' : 'float32' } = values;
  const report: Record<string, unknown> = {};
  let ok = true;
  if (only !== 'driver') {
    const numbers = {
      '--videos': videos,
      '--baseline-videos': numberOf('baseline-videos', videos),
      '--steps': steps,
    };
    const schedules = await measureSchedules(
      [
        ...['--shape', shape, '--device', device, '--dtype', dtype],
        ...Object.entries(numbers).flat().map(String),
        ...(values.recompute ? ['--recompute'] : []),
        ...(values.threads === undefined ? [] : ['--threads', String(numberOf('threads', 1))]),
      ],
      ({ schedule, seconds: step }) =>
        process.stderr.write(`measured: ${schedule}, ${seconds(step)} s a step\n`),
    );
    report.schedules = schedules;
    ok &&= schedules.ratio >= LEAST_RATIO[device];
    if (!values.json) {
      printSchedules(schedules, LEAST_RATIO[device]);
      say();
    }
  }
  if (only !== 'schedules') {
    // Ranking rewards compare all videos: with too few of them the driver's share would be too small.
    const overheadVideos = Math.max(videos, 16);
    const measured = await measureOverhead({
      shape,
      device,
      videos: overheadVideos,
      steps: Math.max(steps, 3),
      maxCompletionLength: 64,
    });
    const overhead = meanOverhead(measured);
    report.driver = { videos: overheadVideos, ...overhead, steps: measured };
    ok &&= overhead.share <= MOST_OVERHEAD;
    if (!values.json) printOverhead(overhead, measured.length, overheadVideos);
  }
  if (values.json) say(JSON.stringify(report));
  return ok ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  process.stderr.write(`${errorMessage(error)}  (${error.code})\n`);
  process.exitCode = 1;
}
