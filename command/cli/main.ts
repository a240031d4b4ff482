/** The command `vqathinker`. */
import '../node/older-node.ts';
import { runConvert } from '../../convert/command.node.ts';
import { CodedError } from '../../core/errors.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { bundledModel } from '../node/platform.ts';
import { Arguments, UsageError } from './arguments.ts';
import { calibrate } from './calibrate.ts';
import { type CommandName, commandOf } from './command-table.ts';
import { compare } from './compare.ts';
import { completion } from './completion.ts';
import { doctor } from './doctor.ts';
import { commandHelp, HELP } from './help.ts';
import { ladder } from './ladder.ts';
import { mcp } from './mcp.ts';
import { merge } from './merge.ts';
import { manifestOf } from './model-choice.ts';
import { models } from './models.ts';
import { scoreArguments } from './options.ts';
import { PlatformError } from './pool.ts';
import { runProcess } from './process.ts';
import { score } from './score.ts';
import { serve } from './serve.ts';
import { STATUS } from './status.ts';

const module = import.meta.filename;

async function runScore(args: readonly string[]): Promise<number> {
  const parsed = scoreArguments(args);
  const modelFacts = async () => (await manifestOf(parsed.model)).facts;
  return score(parsed, { module, modelFacts, signal: stopSignal() });
}

/** Statuses of a command that a signal ended, as shells give them. */
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;
let interrupted: number | null = null;

/** Aborts when the command is interrupted. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => {
      interrupted = INTERRUPTED[name];
      controller.abort(new Error(name));
    });
  return controller.signal;
}

const RUN: Readonly<Record<CommandName, (args: readonly string[]) => number | Promise<number>>> = {
  score: runScore,
  compare: (args) => compare(args, stopSignal()),
  ladder: (args) => ladder(args, stopSignal()),
  calibrate: (args) => calibrate(args, { module, signal: stopSignal() }),
  merge: (args) => merge(new Arguments('merge', args).operands),
  models,
  convert: (args) => runConvert(args, 'vqathinker convert'),
  serve: (args) => serve(args, stopSignal()),
  mcp: (args) => mcp(args, stopSignal()),
  doctor: (args) => {
    new Arguments('doctor', args).none();
    return doctor(bundledModel);
  },
  completion,
};

/** @returns the exit status */
async function run([name, ...rest]: readonly string[]): Promise<number> {
  if (name === '--version') {
    process.stdout.write(`${import.meta.env.APP_VERSION}\n`);
    return STATUS.passed;
  }
  if (name === undefined || ['help', '-h', '--help'].includes(name)) {
    process.stdout.write(HELP);
    return name === undefined ? STATUS.usage : STATUS.passed;
  }
  const command = commandOf(name);
  if (!command) throw new UsageError(`There is no command ${name}.`);
  // The converter prints its own options.
  if (name !== 'convert' && (rest.includes('--help') || rest.includes('-h'))) {
    process.stdout.write(commandHelp(command));
    return STATUS.passed;
  }
  return RUN[command.name as CommandName](rest);
}

function report(error: unknown): number {
  if (interrupted !== null) return interrupted;
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\nvqathinker --help lists the commands and options.\n`);
    return STATUS.usage;
  }
  const coded = error instanceof PlatformError ? CodedError.fromData(error.data) : error;
  const message =
    coded instanceof CodedError
      ? errorMessage(coded)
      : coded instanceof Error
        ? coded.message
        : String(coded);
  process.stderr.write(`${message}\n`);
  if (!(coded instanceof CodedError))
    return coded instanceof DOMException ? STATUS.platform : STATUS.unreadable;
  if (coded.code.startsWith('calibration/')) return STATUS.usage;
  return /^(media|compare)\//.test(coded.code) ? STATUS.unreadable : STATUS.platform;
}

const args = process.argv.slice(2);
if (args[0] === '--process') await runProcess(args[1] ?? '');
else {
  const status = await run(args).catch(report);
  // The decoder's and the runtime's threads would keep the process alive; what was written is sent first.
  process.stdout.write('', () => process.exit(status));
}
