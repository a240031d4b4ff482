import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { docs, withTable } from './field-table.ts';
import { recipeFolder } from './recipe-files.ts';

const text = readFileSync(docs, 'utf8');

test('the table of fields is that of the schema (node training-server/recipes/field-table.ts)', () => {
  expect(withTable(text)).toBe(text);
});

test('every recipe that ships is named', () => {
  const names = readdirSync(recipeFolder).map((file) => file.replace(/\.json$/, ''));
  for (const name of names)
    expect(text).toContain(name.startsWith('ablation-') ? 'ablation-…' : `\`${name}\``);
});
