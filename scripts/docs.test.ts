import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './layers.ts';

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const TOP =
  /^(core|convert|workers|src|library|command|container|training-server|scripts|e2e|docs|recipes|public)\//;

test.each(documents)('%s names only files that exist', (document) => {
  const text = readFileSync(join(root, document), 'utf8');
  const named = [...text.matchAll(/`([\w./-]+)`/g)]
    .map(([, path]) => path!)
    .filter((path) => TOP.test(path) && !/NAME|X\b/.test(path));
  const links = [...text.matchAll(/\]\(([\w./-]+)\)/g)].map(([, path]) =>
    document.startsWith('docs/') ? join('docs', path!) : path!,
  );
  const missing = [...named, ...links].filter((path) => !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});

test('the README stays under 900 words', () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8').split(/\s+/).length).toBeLessThan(900);
});
