/** Validation of a recipe's checkpoint by its headers, before an engine is started. */
import { access, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Checkpoint } from '../../convert/checkpoint.ts';
import { CheckpointFolder } from '../../convert/folder.node.ts';
import { CodedError } from '../../core/errors.ts';
import { errorText } from '../../core/text/error-messages.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type { Roots } from '../data/api.ts';
import { trainingProfile } from '../grpo/profile.ts';

/** Files of a tokenizer, one of which must exist: this project's, or the vocabulary of the released base models. */
const TOKENIZERS = ['tokenizer.json', 'vocab.json'];

/**
 * Checks that every tensor of config.json exists with its shape, and a tokenizer and the profile.
 *
 * @throws CodedError `train/path`, `train/missing-path` {field}; `train/checkpoint` {problem}, also for a link; `train/recipe` for a
 *   profile that it does not have
 */
export async function checkCheckpoint({ model }: Recipe, roots: Roots): Promise<void> {
  const folder = await roots.resolve(model.checkpoint, 'model.checkpoint');
  await checkLinks(folder, roots);
  await trainingProfile(folder, model.profile);
  await Checkpoint.open(new CheckpointFolder(folder)).catch((cause: unknown) => {
    if (!(cause instanceof CodedError)) throw cause;
    throw unusable(problemOf(cause), cause);
  });
  const present = await Promise.all(
    TOKENIZERS.map((name) =>
      access(join(folder, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (!present.includes(true)) throw unusable(`it has no tokenizer (${TOKENIZERS.join(' or ')})`);
}

/** Every file of the folder must lie in a root: a link would carry what it leads to into the run's own checkpoints. */
async function checkLinks(folder: string, roots: Roots): Promise<void> {
  for (const name of await readdir(folder)) {
    const real = await realpath(join(folder, name)).catch(() => null);
    if (real === null) throw unusable(`${name} is a link to nothing`);
    if (!roots.holds(real)) throw unusable(`${name} is a link out of the allowed folders (--root)`);
  }
}

const unusable = (problem: string, cause?: unknown) =>
  new CodedError('train/checkpoint', { problem }, problem, cause === undefined ? undefined : { cause });

/** An error of the checkpoint reader as one line. */
function problemOf({ code, params, message }: CodedError): string {
  if (code === 'convert/config') return `${params.field} ${params.problem}`;
  if (code === 'convert/tensor') {
    const others = Number(params.missing) - 1;
    return `${params.name} is missing${others > 0 ? `, and ${others} more tensors` : ''}`;
  }
  return errorText('en', code, params)?.title.replace(/\.$/, '') ?? message;
}
