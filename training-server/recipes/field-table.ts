/** The table of recipe fields in docs/training.md: `node training-server/recipes/field-table.ts` rewrites it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recipeFields } from '../../core/training/recipe-fields.ts';

export const docs = join(import.meta.dirname, '..', '..', 'docs', 'training.md');
const [begin, end] = ['<!-- fields: begin -->', '<!-- fields: end -->'];

const cell = (text: string) => text.replaceAll('|', '\\|');

/** Rows of the fields; sections themselves are not listed. */
export function fieldTable(): string {
  const rows = recipeFields()
    .filter(({ type, path }) => type !== 'fields' && path !== 'sources' && path !== 'stages')
    .map(({ path, of, type, default: fallback, about }) => {
      const where = of === null ? `\`${path}\`` : `\`${path}\` (${of})`;
      return `| ${where} | ${cell(type)} | ${fallback === null ? '' : `\`${cell(fallback)}\``} | ${cell(about)} |`;
    });
  return ['| field | type | default | |', '|---|---|---|---|', ...rows].join('\n');
}

/** The document with the present table. */
export function withTable(text: string): string {
  const [head, rest] = text.split(begin);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined) throw new Error(`docs/training.md lacks ${begin} or ${end}`);
  return `${head}${begin}\n${fieldTable()}\n${end}${tail}`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(docs, withTable(readFileSync(docs, 'utf8')));
