/** Arguments of any command, read strictly against its table: what is unknown or wrong is named, and nothing is guessed. */
import { parseArgs } from 'node:util';
import { type CommandName, commandOf } from './command-table.ts';

/** A wrong call: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Values = Readonly<Record<string, string | boolean | undefined>>;

export class Arguments {
  readonly operands: readonly string[];
  readonly #values: Values;
  readonly #command: CommandName;

  /** @throws UsageError for an option that the command does not have, or a value that is none of its choices */
  constructor(command: CommandName, args: readonly string[]) {
    const { options } = commandOf(command)!;
    const accepted = options.map(({ name, short, value }) => {
      const type = value === undefined ? 'boolean' : 'string';
      return [name, { type, ...(short && { short }) }] as const;
    });
    try {
      const { values, positionals } = parseArgs({
        args: [...args],
        options: Object.fromEntries(accepted),
        allowPositionals: true,
        strict: true,
      });
      this.#values = values as Values;
      this.operands = positionals;
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
    this.#command = command;
    for (const { name, choices } of options) {
      const given = this.text(name);
      if (choices && given !== null && !choices.includes(given))
        throw new UsageError(`--${name} takes ${choices.join(', ')}, not “${given}”.`);
    }
  }

  /** Value of an option; null where it was not given. */
  text(name: string): string | null {
    const value = this.#values[name];
    return typeof value === 'string' ? value : null;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** @throws UsageError for what is no number within the limits */
  number(
    name: string,
    {
      least,
      most = Number.POSITIVE_INFINITY,
      whole = false,
    }: { least: number; most?: number; whole?: boolean },
  ): number | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = Number(text);
    const valid = text.trim() !== '' && Number.isFinite(value) && value >= least && value <= most;
    if (valid && (!whole || Number.isInteger(value))) return value;
    const limits = Number.isFinite(most) ? `from ${least} to ${most}` : `of at least ${least}`;
    throw new UsageError(`--${name} takes a ${whole ? 'whole ' : ''}number ${limits}, not “${text}”.`);
  }

  /** Operands of a command that takes none. @throws UsageError */
  none(): void {
    if (this.operands.length > 0) throw new UsageError(`${this.#command} takes no “${this.operands[0]}”.`);
  }
}
