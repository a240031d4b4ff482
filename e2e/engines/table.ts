/** `node e2e/engines/table.ts` assesses the clips in every installed engine and writes the table of docs/browsers.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, serveSite } from '../page/fixture.ts';
import { CHROMIUM, ENGINES } from './engines.ts';
import { type EngineScores, scoresOf, scoresTable } from './scores.ts';

const document = join(ROOT, 'docs', 'browsers.md');
const [begin, end] = ['<!-- engines: begin -->', '<!-- engines: end -->'];

const site = await serveSite();
const columns: EngineScores[] = [];
for (const { name, find } of [CHROMIUM, ...ENGINES]) {
  const engine = find();
  if (engine) columns.push(await scoresOf(engine, site.address));
  else console.log(`${name} is not installed.`);
}
await site.close();
const text = readFileSync(document, 'utf8');
const [head, rest] = text.split(begin);
const tail = rest?.split(end)[1];
if (head === undefined || tail === undefined) throw new Error(`docs/browsers.md lacks ${begin} or ${end}`);
writeFileSync(document, `${head}${begin}\n${scoresTable(columns)}\n${end}${tail}`);
console.log(scoresTable(columns));
process.exit(0);
