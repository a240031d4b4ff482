import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readInline, readMarkdown } from './markdown.ts';

test('blocks: front matter left out, lines joined, tables by their rule, code as it is', () => {
  const text = [
    '---',
    'license: apache-2.0',
    '---',
    '# Name',
    '',
    'One line',
    'and its rest.',
    '| a | b |',
    '|---|--:|',
    '| 1 \\| 2 | **3** |',
    '',
    '1. first',
    '   goes on',
    '2. second',
    '- other',
    '```sh',
    '# no heading',
    '',
    'npm start',
    '```',
    '| no table',
  ].join('\r\n');
  expect(readMarkdown(text)).toEqual([
    { kind: 'heading', level: 1, text: 'Name' },
    { kind: 'paragraph', text: 'One line and its rest.' },
    { kind: 'table', head: ['a', 'b'], rows: [['1 | 2', '**3**']] },
    { kind: 'list', ordered: true, items: ['first goes on', 'second'] },
    { kind: 'list', ordered: false, items: ['other'] },
    { kind: 'code', text: '# no heading\n\nnpm start' },
    { kind: 'paragraph', text: '| no table' },
  ]);
});

test('marks inside a line; what is no address of the web is no link', () => {
  expect(readInline('a `b` **c** [d](https://e.example/f) [g](javascript:alert(1))')).toEqual([
    { kind: 'text', text: 'a ' },
    { kind: 'code', text: 'b' },
    { kind: 'text', text: ' ' },
    { kind: 'strong', text: 'c' },
    { kind: 'text', text: ' ' },
    { kind: 'link', text: 'd', to: 'https://e.example/f' },
    { kind: 'text', text: ' [g](javascript:alert(1))' },
  ]);
});

test('whatever comes in, it ends and loses no word', () => {
  for (const text of ['', '```', '|', '|a|\n|', '- ', '#', '---\n', '1.\n  x', '\n\n#x\n']) {
    const written = JSON.stringify(readMarkdown(text));
    for (const word of text.match(/[a-z]+/g) ?? []) expect(written).toContain(word);
  }
});

const card = new URL('../../../public/models/small/README.md', import.meta.url);
test.skipIf(!existsSync(card))(
  'the card of the shipped model has its figures in a table of whole rows',
  () => {
    const blocks = readMarkdown(readFileSync(card, 'utf8'));
    const tables = blocks.filter((block) => block.kind === 'table');
    expect(tables.length).toBeGreaterThan(0);
    for (const { head, rows } of tables) {
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) expect(row).toHaveLength(head.length);
    }
  },
);
