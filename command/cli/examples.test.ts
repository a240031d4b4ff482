/** The examples of the documents against the table of commands. They are run in `built.slow.test.ts`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Arguments } from './arguments.ts';
import { COMMANDS, type Command, type CommandName, commandOf } from './command-table.ts';
import { argumentsOf, exampleLines } from './examples.ts';

const root = join(import.meta.dirname, '..', '..');
const manual = readFileSync(join(root, 'docs/command.md'), 'utf8');
const lines = [...exampleLines('sh'), ...exampleLines('text')];

test('the documents have examples of both kinds', () => {
  expect(exampleLines('sh').length).toBeGreaterThanOrEqual(12);
  expect(lines.length).toBeGreaterThan(exampleLines('sh').length);
});

test.each(lines)('%s', (line) => {
  const [name, ...args] = argumentsOf(line);
  expect(commandOf(name!)).not.toBeNull();
  if (name !== 'convert') new Arguments(name as CommandName, args);
});

describe('the manual names every option of', () => {
  test.each(COMMANDS.map((command): [string, Command] => [command.name, command]))('%s', (_, { options }) => {
    for (const { name, short } of options) {
      expect(manual).toContain(`\`--${name}`);
      if (short) expect(manual).toContain(`\`-${short}\``);
    }
  });
});

test('README and help have every command', () => {
  const readme = readFileSync(join(root, 'command/README.md'), 'utf8');
  for (const { name } of COMMANDS) expect(readme).toMatch(new RegExp(`\\| \`${name}[ \`]`));
});
