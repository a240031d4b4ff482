/** Long runs of the built command, with VQA_SLOW=1: limits over ten clips, kills and --resume, the documents' examples. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Scored } from '../node/rows.ts';
import {
  buildCommand,
  command,
  environment,
  hasDecoder,
  removeCommand,
  rowsIn,
  run,
  sample,
} from './built-command.ts';
import { exampleLines } from './examples.ts';

const slow = process.env.VQA_SLOW === '1';
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).error === undefined;
const LIMIT = 3_600_000;

const folder = mkdtempSync(join(tmpdir(), 'built-slow-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
  removeCommand();
});

const encode = (to: string, filter: string, crf: number) =>
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-y', '-i', sample, '-t', '2', '-an', '-vf', `scale=320:180${filter}`],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-crf', String(crf), to],
  ]);

/** Versions of the sample, good and bad: more than ten, for scores of some may be equal. */
const VERSIONS: readonly (readonly [filter: string, crf: number])[] = [
  ['', 16],
  ['', 30],
  ['', 38],
  ['', 44],
  ['', 50],
  [',boxblur=1', 16],
  [',boxblur=3', 16],
  [',boxblur=6', 16],
  [',noise=alls=20:allf=t', 16],
  [',noise=alls=60:allf=t', 16],
  [',eq=brightness=0.3', 20],
  [',boxblur=2', 34],
];
const versions = VERSIONS.map((_, k) => join(folder, 'clips', `${k}.mp4`));
const clips = versions.slice(0, 10);

describe.skipIf(!slow || !hasDecoder() || !hasFfmpeg)(
  'long runs (skipped without VQA_SLOW, node-av, ffmpeg)',
  () => {
    let scores: Scored[] = [];
    beforeAll(async () => {
      buildCommand();
      mkdirSync(join(folder, 'clips'));
      for (const [k, [filter, crf]] of VERSIONS.entries()) encode(versions[k]!, filter, crf);
      scores = rowsIn<Scored>((await run(['score', ...versions])).out).toSorted(
        (a, b) => a.score! - b.score!,
      );
    }, LIMIT);

    test(
      'three of ten below --min and one drop: status 1, and JUnit names the four',
      async () => {
        const limit = scores.find(({ score }) => score! > scores[2]!.score!)!.score!;
        const low = scores.slice(0, 3);
        const ten = [...low, ...scores.filter(({ score }) => score! >= limit).slice(-7)];
        expect(ten).toHaveLength(10);
        const [dropped, best] = [ten[3]!, ten[9]!];
        expect(dropped.score).toBeLessThan(best.score!);
        const references = join(folder, 'references');
        mkdirSync(references);
        for (const { path } of ten)
          copyFileSync(path === dropped.path ? best.path : path, join(references, path.split('/').at(-1)!));
        const output = join(folder, 'quality.xml');
        const drop = (best.score! - dropped.score!) / 2;
        const { status, error } = await run([
          ...['score', ...ten.map(({ path }) => path), '-f', 'junit', '-o', output, '--min', String(limit)],
          ...['--reference', references, '--max-drop', String(drop)],
        ]);
        expect({ status, error }).toEqual({ status: 1, error: '' });
        const xml = readFileSync(output, 'utf8');
        expect(xml).toContain('<testsuites tests="10" failures="4" errors="0"');
        const failed = [...xml.matchAll(/<testcase [^>]*name="([^"]+)"[^>]*>\s*<failure type="([^"]+)"/g)];
        expect(new Map(failed.map(([, name, gate]) => [name, gate]))).toEqual(
          new Map([...low.map(({ path }) => [path, 'min'] as const), [dropped.path, 'max-drop']]),
        );
        // Well formed, by a parser that is not ours.
        if (spawnSync('xmllint', ['--version']).error === undefined)
          expect(spawnSync('xmllint', ['--noout', output]).status).toBe(0);
      },
      LIMIT,
    );

    test(
      'killed again and again and resumed: every file once, nothing scored twice',
      async () => {
        const output = join(folder, 'out.jsonl');
        const wholeLines = () =>
          existsSync(output) ? readFileSync(output, 'utf8').split('\n').slice(0, -1) : [];
        const args = ['score', ...clips, '-o', output, '--resume', '-j', '2', '-q'];
        let before: string[] = [];
        let kills = 0;
        for (let target = 2; target <= 8; target += 3) {
          const ended = run(args, {
            started: (child) => {
              void vi
                .waitUntil(() => wholeLines().length >= target, { timeout: LIMIT, interval: 5 })
                .then(() => child.kill('SIGKILL'));
            },
          });
          await ended;
          kills++;
          // A crash may also cut the line that is being written.
          writeFileSync(output, `${readFileSync(output, 'utf8')}{"path":"cut`);
          const now = wholeLines();
          // The rows of the runs before, with their milliseconds: none was scored again.
          for (const line of before) expect(now).toContain(line);
          before = now;
        }
        expect(kills).toBe(3);
        expect((await run(args)).status).toBe(0);
        const rows = rowsIn<Scored>(readFileSync(output, 'utf8'));
        expect(rows.map(({ path }) => path).toSorted()).toEqual(clips.toSorted());
        for (const line of before) expect(wholeLines()).toContain(line);
        const byPath = new Map(scores.map(({ path, score }) => [path, score]));
        for (const { path, score } of rows) expect([path, score]).toEqual([path, byPath.get(path)]);
      },
      LIMIT,
    );

    test(
      'the examples of the documents run',
      () => {
        const cwd = join(folder, 'examples');
        for (const name of ['sources', 'encodes']) mkdirSync(join(cwd, name), { recursive: true });
        copyFileSync(clips[0]!, join(cwd, 'holiday.mp4'));
        for (const name of ['a.mp4', 'a-small.mp4']) copyFileSync(clips[0]!, join(cwd, 'sources', name));
        copyFileSync(clips[2]!, join(cwd, 'encodes/a.mp4'));
        copyFileSync(clips[4]!, join(cwd, 'encodes/a-small.mp4'));
        for (const line of exampleLines('sh')) {
          const script = `vqathinker() { "${process.execPath}" "${command}" "$@"; }\nvqathinker ${line}`;
          const { status, stderr } = spawnSync('bash', ['-c', script], {
            cwd,
            env: environment,
            encoding: 'utf8',
          });
          // 1: a limit of the example is not held by these clips.
          expect([line, [0, 1].includes(status ?? -1), stderr]).toEqual([line, true, '']);
        }
        expect(readFileSync(join(cwd, 'ladder.svg'), 'utf8').match(/<circle/g)).toHaveLength(2);
        expect(rowsIn<Scored>(readFileSync(join(cwd, 'all.jsonl'), 'utf8'))).toHaveLength(2);
        expect(readFileSync(join(cwd, 'quality.xml'), 'utf8')).toContain('<testsuites tests="2"');
      },
      LIMIT,
    );
  },
);
