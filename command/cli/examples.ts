/** The examples of the command's documents, for its tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const DOCUMENTS = ['command/README.md', 'docs/command.md'];

/**
 * Calls of the command in blocks of a language, without the program's name, continued lines joined.
 *
 * @param language `sh` for what runs as it stands; `text` for what needs files or machines of its reader
 */
export function exampleLines(language: 'sh' | 'text'): string[] {
  const blocks = DOCUMENTS.flatMap((name) => [
    ...readFileSync(join(root, name), 'utf8').matchAll(/```(\w+)\n([\s\S]*?)```/g),
  ]);
  return blocks
    .filter(([, kind]) => kind === language)
    .flatMap(([, , text]) => text!.replace(/\\\n\s*/g, '').split('\n'))
    .flatMap((line) => /^\s*(?:npx )?vqathinker (.*)$/.exec(line)?.[1] ?? []);
}

/** Arguments of a call, up to a redirection or the next command. */
export const argumentsOf = (line: string): string[] =>
  line
    .split(/\s(?:>{1,2}|&&|\|)\s/)[0]!
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/^["']|["']$/g, ''));
