/** The tables of rooms in docs/architecture.md: `node scripts/layers-table.ts` writes them anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layers, type Room, root } from './layers.ts';

export const docs = join(root, 'docs', 'architecture.md');
const [begin, end] = ['<!-- layers: begin -->', '<!-- layers: end -->'];

function table(rooms: readonly Room[]): string {
  const list = (entries: readonly string[]) => entries.map((entry) => `\`${entry}\``).join(', ') || '–';
  const row = ({ room, holds, imports, borders }: Room) => {
    const may = borders?.length ? `${list(imports)}; borders of ${list(borders)}` : list(imports);
    return `| \`${room}\` | ${holds} | ${may} |`;
  };
  return ['| room | holds | may import |', '|---|---|---|', ...rooms.map(row)].join('\n');
}

/** The document with the tables as they are now. */
export function withTables(text: string): string {
  const [head, rest] = text.split(begin);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined)
    throw new Error(`docs/architecture.md lacks ${begin} or ${end}`);
  const python = `Python, in \`training-server/torch\`:\n\n${table(layers.python)}`;
  return `${head}${begin}\n${table(layers.typescript)}\n\n${python}\n${end}${tail}`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(docs, withTables(readFileSync(docs, 'utf8')));
