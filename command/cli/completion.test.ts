import { spawnSync } from 'node:child_process';
import { describe, expect, test, vi } from 'vitest';
import { UsageError } from './arguments.ts';
import { COMMANDS, type Command, SHELLS } from './command-table.ts';
import { completion } from './completion.ts';
import { commandHelp, HELP } from './help.ts';

function script(shell: string): string {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    expect(completion([shell])).toBe(0);
  } finally {
    write.mockRestore();
  }
  return text;
}

const has = (program: string) => spawnSync(program, ['--version']).error === undefined;

/** Offers of bash after these arguments. */
function offered(...given: string[]): string[] {
  const line = ['vqathinker', ...given].map((word) => `'${word}'`).join(' ');
  const { stdout, stderr } = spawnSync(
    'bash',
    [
      '-c',
      `${script('bash')}\nCOMP_WORDS=(${line}) COMP_CWORD=${given.length}\n_vqathinker\nprintf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

describe('completion', () => {
  test.skipIf(!has('bash'))('bash offers commands, options and their values', () => {
    expect(offered('')).toEqual([...COMMANDS.map(({ name }) => name), '--help', '--version']);
    expect(offered('sc')).toEqual(['score']);
    expect(offered('score', '--max')).toEqual(['--max-drop']);
    expect(offered('score', '-f', 'j')).toEqual(['json', 'jsonl', 'junit']);
    expect(offered('completion', '')).toEqual([...SHELLS]);
    // Names of files are bash's own.
    expect(offered('score', 'clip')).toEqual(['']);
  });

  test.each(['zsh', 'fish'])('%s reads its script (skipped without it)', (shell) => {
    const text = script(shell);
    for (const { name, options } of COMMANDS as readonly Command[]) {
      expect(text).toContain(name);
      for (const option of options) expect(text).toContain(option.name);
    }
    if (!has(shell)) return;
    expect(spawnSync(shell, ['-n'], { input: text, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  test('other shells are refused', () => {
    expect(() => completion(['tcsh'])).toThrow(UsageError);
    expect(() => completion([])).toThrow(UsageError);
  });
});

test('every help fits a screen of 80 columns and 24 lines, the longest command one of 30', () => {
  for (const text of [HELP, ...COMMANDS.map(commandHelp)]) {
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(text.startsWith('vqathinker score') ? 30 : 24);
    for (const line of lines) expect([line, line.length <= 120]).toEqual([line, true]);
  }
});
