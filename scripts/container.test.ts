/** The container's recipe: its headers are those of the project's own servers, and what it copies is there. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ISOLATION_HEADERS, SECURITY_HEADERS } from './headers.mjs';
import { root } from './layers.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const nginx = read('container/nginx.conf');

test('nginx sends the headers of scripts/headers.mjs, and no others', () => {
  const sent = [...nginx.matchAll(/^\s*add_header (\S+) (?:"([^"]*)"|(\S+)) always;$/gm)];
  const headers = Object.fromEntries(sent.map(([, name, quoted, plain]) => [name, quoted ?? plain]));
  expect(headers).toEqual({ ...ISOLATION_HEADERS, ...SECURITY_HEADERS });
});

test('a location with headers of its own would drop those of the server', () => {
  const locations = [...nginx.matchAll(/location [^{]+\{([^}]*)\}/g)];
  expect(locations.length).toBeGreaterThan(0);
  for (const [, body] of locations) expect(body).not.toContain('add_header');
});

test('every kind of file that the page loads has its type', () => {
  const types = new Set(
    [...nginx.matchAll(/^ {4}\S+\/\S+ ([a-z0-9 ]+);$/gm)].flatMap(([, names]) => names!.split(' ')),
  );
  const files = execFileSync('git', ['ls-files', 'public', 'index.html'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n');
  // Weights are bytes: the default type is theirs.
  const weights = /\.(onnx|onnx_data|safetensors)$/;
  const untyped = files.filter((file) => !weights.test(file) && !types.has(extname(file).slice(1)));
  expect(untyped).toEqual([]);
  for (const made of ['js', 'mjs', 'css', 'wasm', 'woff2']) expect(types).toContain(made);
});

test('the build has every file that it reads', () => {
  const listed = read('container/Containerfile.dockerignore').trim().split('\n');
  const allowed = listed.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  expect(listed[0]).toBe('**');
  for (const path of allowed.filter((path) => !path.includes('*')))
    expect(existsSync(join(root, path)), path).toBe(true);
  const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
  const tops = new Set(tracked.map((path) => path.split('/')[0]!));
  // Imported by vite.config.ts and the code of the page, by the table of rooms.
  for (const top of [
    'core',
    'convert',
    'workers',
    'src',
    'public',
    'scripts',
    'index.html',
    'vite.config.ts',
    'package-lock.json',
  ])
    expect(tops.has(top) && allowed.includes(top), top).toBe(true);
  for (const [, source] of read('container/Containerfile').matchAll(/^COPY (?!--from)([^.\s]\S*) /gm))
    expect(existsSync(join(root, source!)), source).toBe(true);
});
