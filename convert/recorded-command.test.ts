/** The command in a package names no folder of the machine that made it. */
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { recordedCommand } from './recorded-command.node.ts';

const home = resolve('/home/somebody/project');

test.each([
  [['.cache/model', 'out', '--dtype', 'q8'], 'convert .cache/model out --dtype q8'],
  [[join(home, 'model'), join(home, 'made', 'out')], `convert model ${join('made', 'out')}`],
  [[home, '/mnt/disk/out'], 'convert . out'],
  [['m', 'out', '--about=/home/somebody/about.json'], 'convert m out --about=about.json'],
  [['hf:owner/name@main', '../out'], 'convert hf:owner/name@main ../out'],
])('%j', (argv, command) => {
  expect(recordedCommand('convert', argv, home)).toBe(command);
});
