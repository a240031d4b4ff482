/** The last words of every file's first comment: held to the official code, or ours. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const list = (...paths: string[]) =>
  execFileSync('git', ['ls-files', '-co', '--exclude-standard', ...paths], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((path) => path.endsWith('.ts') && existsSync(join(root, path)));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const sources = list('core').filter((path) => !path.endsWith('.test.ts'));
/** The code that holds core against golden files. */
const checks = list('core', 'scripts/conformance', 'convert')
  .filter((path) => !sources.includes(path) && path !== 'core/headers.test.ts')
  .map(read)
  .join('\n');
const golden = join(process.env.VQA_SHARED ?? join(root, '..', 'shared'), 'golden');

/** Golden files and folders that a file names; null for a file of ours, undefined without either statement. */
function heldBy(text: string): string[] | null | undefined {
  const [, comment = ''] = /^\/\*\*([\s\S]*?)\*\//.exec(text) ?? [];
  const statement = comment.replace(/\s*\n \*\s?/g, ' ').trim();
  if (statement.endsWith('Ours.')) return null;
  const held = /Held to the official code by ([^:]+): change only with it\.$/.exec(statement);
  return held?.[1]?.split(' and ').map((name) => name.replace(/^golden\//, ''));
}

test.each(sources)('%s states what it is held to', (path) => {
  const names = heldBy(read(path));
  expect(
    names,
    'ends with "Ours." or "Held to the official code by golden/X: change only with it."',
  ).not.toBe(undefined);
  for (const name of names ?? []) {
    expect(checks).toContain(name.split('/').at(-1));
    const path = name.startsWith('golden-vqa2/') ? join(golden, '..', name) : join(golden, name);
    if (existsSync(golden)) expect(existsSync(path), name).toBe(true);
  }
});

test('a statement is read over line ends, and a comment without one is none', () => {
  expect(
    heldBy(
      '/** A.\n * Held to the official code by golden/a.json\n * and golden/b: change only with it.\n */',
    ),
  ).toEqual(['a.json', 'b']);
  expect(heldBy('/** Numbers. Ours. */')).toBeNull();
  expect(heldBy('/** Numbers. */')).toBeUndefined();
  expect(heldBy('export const a = 1;')).toBeUndefined();
});
