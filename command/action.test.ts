/**
 * The GitHub Action: what its file says, and its shell steps on this machine. The package that they install stands in for
 * the real one: it records its arguments, writes a report and ends with the wanted status.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { python } from '../scripts/python.mjs';

const file = join(import.meta.dirname, 'action.yml');
const load = 'import json,sys,yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1], encoding="utf8"))))';
const parsed = spawnSync(python, ['-c', load, file], { encoding: 'utf8' });

interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly uses?: string;
  readonly if?: string;
  readonly shell?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string>>;
}

interface Action {
  readonly inputs: Readonly<Record<string, { description: string; required?: boolean; default?: string }>>;
  readonly outputs: Readonly<Record<string, { value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

const folder = mkdtempSync(join(tmpdir(), 'action '));
afterAll(() => rmSync(folder, { recursive: true }));

const STAND_IN = `
import { writeFileSync } from 'node:fs';
const args = process.argv.slice(2);
writeFileSync(process.env.RECORD, JSON.stringify(args));
if (process.env.WANTED !== '2') writeFileSync(args[args.indexOf('--output') + 1], '<testsuites/>');
process.exit(Number(process.env.WANTED));
`;

describe.skipIf(parsed.status !== 0)('the action (skipped without Python and PyYAML)', () => {
  const { inputs, outputs, runs } = JSON.parse(parsed.stdout || '{}') as Action;

  test('is composite; every value that it reads is an input, and every input is read', () => {
    expect(runs.using).toBe('composite');
    const read = new Set(
      [...readFileSync(file, 'utf8').matchAll(/\$\{\{ inputs\.([\w-]+) \}\}/g)].map(([, name]) => name!),
    );
    expect([...read].sort()).toEqual(Object.keys(inputs).sort());
    for (const [name, { required, default: usual }] of Object.entries(inputs))
      expect(required === true || usual !== undefined, name).toBe(true);
    expect(Object.keys(outputs)).toEqual(['status', 'report']);
  });

  test('no input is pasted into a script, where it could be code', () => {
    for (const { run, shell } of runs.steps.filter(({ run }) => run !== undefined)) {
      expect(shell).toBe('bash');
      expect(run).not.toContain('${{');
    }
  });

  /** Runs the shell steps with these inputs as the runner would. */
  function act(given: Readonly<Record<string, string>>, wanted: number) {
    const temp = mkdtempSync(join(folder, 'runner '));
    const standIn = join(temp, 'stand in');
    mkdirSync(standIn);
    writeFileSync(join(standIn, 'vqathinker.mjs'), STAND_IN);
    writeFileSync(
      join(standIn, 'package.json'),
      '{ "name": "vqathinker", "version": "0.1.0", "type": "module" }',
    );
    const record = join(temp, 'record.json');
    const output = join(temp, 'output');
    writeFileSync(output, '');
    const values = {
      ...Object.fromEntries(Object.entries(inputs).map(([name, { default: usual }]) => [name, usual ?? ''])),
      package: standIn,
      decoder: '',
      ...given,
    };
    const outputsSoFar = () =>
      Object.fromEntries(
        readFileSync(output, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => line.split(/=(.*)/s).slice(0, 2)),
      ) as Record<string, string>;
    const filled = (text: string) =>
      text
        .replace(
          /\$\{\{ inputs\.([\w-]+) \}\}/g,
          (_, name: string) => values[name as keyof typeof values] ?? '',
        )
        .replace(/\$\{\{ steps\.score\.outputs\.(\w+) \}\}/g, (_, name: string) => outputsSoFar()[name] ?? '')
        .replace(/\$\{\{ github\.action_path \}\}/, import.meta.dirname);
    let status = 0;
    let log = '';
    for (const { run, env } of runs.steps.filter(({ run }) => run !== undefined)) {
      const inStep = Object.fromEntries(
        Object.entries(env ?? {}).map(([name, value]) => [name, filled(value)]),
      );
      const step = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run!], {
        cwd: temp,
        encoding: 'utf8',
        env: {
          ...process.env,
          RUNNER_TEMP: temp,
          GITHUB_OUTPUT: output,
          RECORD: record,
          WANTED: String(wanted),
          npm_config_offline: 'true',
          ...inStep,
        },
      });
      log += step.stdout + step.stderr;
      status = step.status ?? -1;
      if (status !== 0) break;
    }
    const args = existsSync(record) ? (JSON.parse(readFileSync(record, 'utf8')) as string[]) : null;
    return { status, log, args, outputs: outputsSoFar(), temp };
  }

  test('a folder with a limit: the arguments, the report and the status', () => {
    const {
      status,
      args,
      outputs: made,
      temp,
      log,
    } = act({ path: 'my videos', min: '3.5', recursive: 'true' }, 0);
    expect(status, log).toBe(0);
    const report = join(temp, 'video-quality.xml');
    expect(args).toEqual([
      'score',
      'my videos',
      '--format',
      'junit',
      '--output',
      report,
      '--quiet',
      '--min',
      '3.5',
      '--recursive',
    ]);
    expect(made).toEqual({ status: '0', report });
    expect(existsSync(report)).toBe(true);
  });

  test('a reference and a drop; a path that looks like code stays a path', () => {
    const { args } = act({ path: '$(touch hacked); "x', reference: 'sources', 'max-drop': '0.2' }, 0);
    expect(args?.[1]).toBe('$(touch hacked); "x');
    expect(args?.slice(7)).toEqual(['--max-drop', '0.2', '--reference', 'sources']);
  });

  test.each([
    [1, 'does not hold its limit'],
    [2, 'No video was scored'],
    [3, 'could not be read'],
    [4, 'No video was scored'],
  ])('status %i fails the job, after the report is uploaded', (wanted, message) => {
    const { status, log } = act({ path: 'videos' }, wanted);
    expect(status).toBe(wanted);
    expect(log).toContain(`::error::`);
    expect(log).toContain(message);
  });

  test('the report is uploaded before the job fails', () => {
    const order = runs.steps.map(({ name, uses }) => name ?? uses?.split('@')[0]);
    expect(order).toEqual(['actions/setup-node', 'Install', 'Score', 'actions/upload-artifact', 'Result']);
    expect(runs.steps[3]!.if).toContain('always()');
  });

  test('its options are those of the command', () => {
    const manual = readFileSync(join(import.meta.dirname, '..', 'docs', 'command.md'), 'utf8');
    const used = runs.steps.flatMap(({ run }) => [
      ...(run?.matchAll(/\s(--(?:format|output|quiet|min|max-drop|reference|recursive))\b/g) ?? []),
    ]);
    for (const [, option] of used) expect(manual).toContain(option);
  });
});
