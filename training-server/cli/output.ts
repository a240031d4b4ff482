/**
 * Lines on the terminal. Control characters of paths, names and log lines are shown escaped: a terminal obeys them, and a
 * line feed would add a line that looks like one of the program's own.
 */

/** Control characters, line separators, and marks that turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export const printable = (text: string): string =>
  text.replace(CONTROL, (c) => `\\u{${c.charCodeAt(0).toString(16)}}`);

/** One line. */
export const say = (line: string): void => void process.stdout.write(`${printable(line)}\n`);

/** One line on the error stream. */
export const warn = (line: string): void => void process.stderr.write(`${printable(line)}\n`);

/** A text of the program's own with its line feeds. */
export const sayText = (text: string): void => text.split('\n').forEach(say);

/** The stack of an error of the program, line by line. */
export const warnError = (error: unknown): void =>
  String((error as Error)?.stack ?? error)
    .split('\n')
    .forEach(warn);

/** A run folder that was left out. */
export const warnUnreadable = (name: string, problem: string): void =>
  warn(`Run ${name} is left out, its folder cannot be read: ${problem}`);
