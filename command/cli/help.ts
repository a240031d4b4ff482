/** Help of the whole and of each command, from the table of commands. */
import { COMMANDS, type Command, type Option } from './command-table.ts';

const WIDTH = 12;

const commandLine = ({ name, operands, summary }: Command): string => {
  const call = `  ${name} ${operands}`.trimEnd();
  return `${call.padEnd(30)}${summary}`;
};

/** The commands on one screen. */
export const HELP = `vqathinker: quality of videos, with reasons, on this machine

${COMMANDS.map(commandLine).join('\n')}

vqathinker COMMAND --help lists its options; --version prints the version.
exit status: 0 passed · 1 a limit was not held · 2 wrong call · 3 some files unreadable · 4 no model, device or decoder
`;

function optionLine({ name, short, value, help }: Option): string {
  const left = `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`;
  return `  ${left.padEnd(WIDTH + 12)}${help}`;
}

/** Call and options of a command. */
export function commandHelp({ name, operands, summary, options }: Command): string {
  const lines = [...options.map(optionLine), optionLine({ name: 'help', short: 'h', help: 'this list' })];
  const call = `vqathinker ${name} ${operands}`.trimEnd();
  return `${call}\n${summary}\n\n${lines.join('\n')}\n`;
}
