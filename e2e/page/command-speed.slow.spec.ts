/**
 * Clips a minute of the command against those of the Batch page: the same 20 clips of 720p and 10 s, one run after the other
 * on the same machine, and the memory of the command over them.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decoderHome, setUpDecoder } from '../../scripts/decoder.mjs';
import { openBatch } from '../bench/batch-load.ts';
import { expect, hasModel, ROOT, SAMPLE, test } from './fixture.ts';

const CLIPS = 20;
const scratch = join(process.env.VQA_BUILDS ?? join(ROOT, '.scratch'), 'command-speed');
const RATIO = 1.2;

/** The sample in a loop, each copy in another hue, so that no two files are equal. */
function clips(): string[] {
  mkdirSync(scratch, { recursive: true });
  return Array.from({ length: CLIPS }, (_, k) => {
    const path = join(scratch, `${k}.mp4`);
    const filter = `scale=1280:720,hue=h=${k * 18}`;
    const codec = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-crf', String(20 + k)];
    if (!existsSync(path))
      execFileSync('ffmpeg', [
        ...['-v', 'error', '-stream_loop', '-1', '-i', SAMPLE, '-t', '10', '-an', '-vf', filter],
        ...[...codec, path],
      ]);
    return path;
  });
}

/** Resident memory in MB of the processes that a process has started. */
function childMemory({ pid }: ChildProcess): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const kilobytes = children.map((child) =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1] ?? 0),
    );
    return kilobytes.reduce((a, b) => a + b, 0) / 1000;
  } catch {
    // A process ends between the two reads.
    return 0;
  }
}

interface CommandRun {
  readonly scored: number;
  readonly seconds: number;
  /** Memory when each row was written, in MB. */
  readonly memory: readonly number[];
}

function byCommand(paths: readonly string[]): Promise<CommandRun> {
  const command = join(ROOT, '.scratch', 'command', 'vqathinker.mjs');
  const begun = performance.now();
  const child = spawn(process.execPath, [command, 'score', ...paths, '-f', 'jsonl', '-q'], {
    env: { ...process.env, VQATHINKER_DECODER: decoderHome },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  const memory: number[] = [];
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
    memory.push(childMemory(child));
  });
  return new Promise((done) => {
    child.on('close', () => {
      const rows = text.trim().split('\n');
      const scored = rows.filter((row) => typeof JSON.parse(row).score === 'number').length;
      done({ scored, seconds: (performance.now() - begun) / 1000, memory });
    });
  });
}

test.skip(!hasModel, 'no bundled model');
test.skip(spawnSync('ffmpeg', ['-version']).error !== undefined, 'no ffmpeg');
test.skip(!existsSync('/proc/self/status'), 'only Linux tells what a process holds');

test('the command is faster than the page, in the same memory from the first clips to the last', async ({
  site,
}) => {
  test.setTimeout(3_600_000);
  setUpDecoder();
  execFileSync(process.execPath, [join(ROOT, 'command', 'pack.ts'), '--folder']);
  const paths = clips();
  const page = await openBatch(site.address, scratch, 'shipped');
  const batch = await page.run(paths).finally(() => page.close());
  const command = await byCommand(paths);
  expect({ page: batch.done, command: command.scored }).toEqual({ page: CLIPS, command: CLIPS });
  const aMinute = ({ seconds }: { readonly seconds: number }) => (60 * CLIPS) / seconds;
  const middle = Math.max(...command.memory.slice(0, CLIPS / 2));
  const late = Math.max(...command.memory.slice(CLIPS / 2));
  console.log(
    `clips a minute: page ${aMinute(batch).toFixed(1)}, command ${aMinute(command).toFixed(1)}, ratio ${(batch.seconds / command.seconds).toFixed(2)}; memory of the command ${middle.toFixed(0)} MB over the first half, ${late.toFixed(0)} MB over the second`,
  );
  expect(aMinute(command)).toBeGreaterThan(RATIO * aMinute(batch));
  expect(late).toBeLessThan(1.15 * middle);
});
