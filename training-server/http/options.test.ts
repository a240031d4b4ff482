import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { isErrorCode } from '../../core/text/error-messages.ts';
import { readOptions } from './options.ts';

const LONG = 'x'.repeat(24);
const codeOf = (args: string[], token?: string) => {
  try {
    readOptions(args, token === undefined ? {} : { VQA_TRAIN_TOKEN: token });
    return 'taken';
  } catch (error) {
    return error instanceof CodedError ? error.code : String(error);
  }
};

describe('options', () => {
  it('loopback and a random token by default', () => {
    const [a, b] = [readOptions([], {})!, readOptions([], {})!];
    expect([a.host, a.port, a.tokenFromEnvironment]).toEqual(['127.0.0.1', 7077, false]);
    expect(a.token).toMatch(/^[\w-]{43}$/);
    expect(a.token).not.toBe(b.token);
  });

  it.each([
    [['--host', '0.0.0.0'], undefined],
    [['--host', '0.0.0.0', '--public'], undefined],
    [['--host', '0.0.0.0'], LONG],
    [['--host', '::'], LONG],
    [['--host', '192.168.1.2'], LONG],
    [['--host', 'example.org'], LONG],
  ])('a public address needs the flag and a token of its own: %j', (args, token) => {
    expect(codeOf(args, token)).toBe('train/public');
  });

  it('both together open it; a short token never does', () => {
    expect(codeOf(['--host', '0.0.0.0', '--public'], LONG)).toBe('taken');
    expect(codeOf(['--host', '0.0.0.0', '--public'], 'password')).toBe('train/option');
    expect(codeOf([], 'short')).toBe('train/option');
    expect(codeOf([], `${LONG}\r\nX-Injected: 1`)).toBe('train/option');
  });

  it.each([
    [['--port', '65536']],
    [['--port', '-1']],
    [['--port', '1e3']],
    [['--port']],
    [['--frobnicate']],
    [['recipes/tiny.json']],
    [['--origin', '*']],
    [['--origin', 'https://example.org/page']],
    [['--origin', 'javascript:alert(1)']],
    [['--name', 'a b']],
    [['--name', 'a/b']],
    [['--nodes', '2']],
    [['--nodes', '1', '--rendezvous', 'a:1']],
    [['--rendezvous', 'a:1']],
    [['--nodes', '2', '--rendezvous', 'a:1 --module os']],
  ])('%j is refused by name', (args) => expect(codeOf(args)).toBe('train/option'));

  it('several machines are torchrun’s to join', () => {
    const torchrun = ['--nnodes=2', '--node-rank=0', '--master-addr=host0', '--master-port=29400'];
    expect(readOptions(['--nodes', '2', '--rendezvous', 'host0:29400'], {})!.engine).toEqual({
      torchrun,
      restarts: 0,
    });
    expect(readOptions([], {})!.engine).toEqual({});
  });

  it('a remote engine needs a token', () => {
    const token = 'e'.repeat(24);
    const read = (at: string, token: string | undefined, ...more: string[]) =>
      readOptions(['--engine-at', at, ...more], token === undefined ? {} : { VQA_ENGINE_TOKEN: token })!
        .engine;
    expect(read('10.0.0.1:7078', token)).toEqual({
      tcp: { host: '10.0.0.1', port: 7078 },
      remote: { token },
    });
    for (const wrong of [
      () => read('10.0.0.1:7078', undefined),
      () => read('10.0.0.1:7078', 'short'),
      () => read('10.0.0.1', token),
      () => read('10.0.0.1:70000', token),
      () => read('10.0.0.1:7078', token, '--nodes', '2', '--rendezvous', 'a:1'),
    ])
      expect(wrong).toThrow(expect.objectContaining({ code: 'train/option' }));
  });

  it('takes what may be given again', () => {
    const options = readOptions(
      [
        '--root',
        'a',
        '--root',
        'b',
        '--origin',
        'https://example.org/',
        '--name',
        'Host:80',
        '--wait',
        '--no-page',
      ],
      {},
    )!;
    expect(options).toMatchObject({
      roots: ['a', 'b'],
      origins: ['https://example.org'],
      names: ['host:80'],
      autoResume: false,
      page: false,
    });
  });
});

it('every code that the training server throws has words', () => {
  const root = join(import.meta.dirname, '..', '..');
  const files = globSync(['training-server/**/*.{ts,py}', 'core/training/*.ts'], { cwd: root });
  const thrown = files
    .filter((file) => !/\.test\.ts$|test_\w+\.py$|\.venv/.test(file))
    .flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/['"](train\/[a-z-]+)['"]/g)].map(([, code]) => [
        file,
        code!,
      ]),
    );
  expect(thrown.length).toBeGreaterThan(50);
  expect(thrown.filter(([, code]) => !isErrorCode(code!))).toEqual([]);
});
