/** The command `vqathinker`. */
import './older-node.ts';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import { readManifest } from '../../core/files/manifest.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { bundledModel } from '../node/platform.ts';
import type { ModelFacts } from '../node/rows.ts';
import { compare } from './compare.ts';
import { doctor } from './doctor.ts';
import { HELP, SCORE_HELP } from './help.ts';
import { merge } from './merge.ts';
import { scoreArguments, UsageError } from './options.ts';
import { PlatformError } from './pool.ts';
import { runProcess } from './process.ts';
import { score } from './score.ts';
import { STATUS } from './status.ts';

const modelAt = (name: string) => (name === 'small' ? bundledModel : name);

/** Name and checksum of a package's manifest. @throws CodedError `model/manifest`, `model/network` */
async function modelFacts(at: string): Promise<ModelFacts> {
  const bytes = /^https?:/.test(at)
    ? new Uint8Array(
        await (await fetch(new URL('manifest.json', at.endsWith('/') ? at : `${at}/`))).arrayBuffer(),
      )
    : manifestBytes(at);
  const { name } = readManifest(JSON.parse(new TextDecoder().decode(bytes)));
  return { name, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function manifestBytes(folder: string): Uint8Array {
  const path = join(folder, 'manifest.json');
  if (!existsSync(path))
    throw new CodedError('model/manifest', { field: path, problem: 'is not in the folder' });
  return readFileSync(path);
}

async function runScore(args: readonly string[]): Promise<number> {
  const parsed = scoreArguments(args);
  const model = modelAt(parsed.model);
  return score(parsed, {
    module: import.meta.filename,
    model,
    modelFacts: () => modelFacts(model),
    signal: stopSignal(),
  });
}

/** Aborts when the command is interrupted. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => controller.abort(new Error(name)));
  return controller.signal;
}

/** @returns the exit status */
async function run([command, ...rest]: readonly string[]): Promise<number> {
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(command === 'score' ? SCORE_HELP : HELP);
    return STATUS.passed;
  }
  switch (command) {
    case 'score':
      return runScore(rest);
    case 'compare':
      return compare(rest, stopSignal());
    case 'merge':
      return merge(rest);
    case 'doctor':
      return doctor(bundledModel);
    case '--version':
      process.stdout.write(`${import.meta.env.APP_VERSION}\n`);
      return STATUS.passed;
    case undefined:
    case 'help':
    case '-h':
    case '--help':
      process.stdout.write(HELP);
      return command === undefined ? STATUS.usage : STATUS.passed;
    default:
      throw new UsageError(`There is no command ${command}.`);
  }
}

function report(error: unknown): number {
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
  const ofFile =
    coded instanceof CodedError ? /^(media|compare)\//.test(coded.code) : !(coded instanceof DOMException);
  return ofFile ? STATUS.unreadable : STATUS.platform;
}

const args = process.argv.slice(2);
if (args[0] === '--process') await runProcess(args[1] ?? '');
else {
  const status = await run(args).catch(report);
  // The decoder's and the runtime's threads would keep the process alive; what was written is sent first.
  process.stdout.write('', () => process.exit(status));
}
