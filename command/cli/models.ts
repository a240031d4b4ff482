/** `vqathinker models`: the bundled model, packages in folders, and models to bring. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import { modelCatalogue } from '../../core/files/model-catalogue.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { bytes } from '../../core/text/format.ts';
import { bundledModel } from '../node/platform.ts';
import { errorData, type ModelFacts } from '../node/rows.ts';
import { Arguments, UsageError } from './arguments.ts';
import { printable } from './formats.ts';
import { manifestOf } from './model-choice.ts';
import { STATUS } from './status.ts';

interface PackageRow extends ModelFacts {
  /** As `--model` takes it. */
  readonly model: string;
  readonly bytes: number;
  readonly scale: { readonly kind: string; readonly range: readonly [number, number] };
  /** False where no variant runs on the processor: the page's WebGPU is needed. */
  readonly runsHere: boolean;
  readonly licence: string;
}

interface FaultyRow {
  readonly model: string;
  readonly error: string;
}

/** Folders with a manifest: the folder itself, else those in it. */
function packagesIn(folder: string): string[] {
  if (!existsSync(folder)) throw new UsageError(`There is no folder ${folder}.`);
  const isPackage = (path: string) => existsSync(join(path, 'manifest.json'));
  if (isPackage(folder)) return [folder];
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter(isPackage);
}

async function packageRow(model: string, folder: string): Promise<PackageRow | FaultyRow> {
  try {
    const { manifest, facts } = await manifestOf(folder);
    const { scale, files, variants, licence } = manifest;
    return {
      model,
      ...facts,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      scale: { kind: scale.kind, range: scale.range },
      runsHere: variants.some(({ target }) => target === 'wasm'),
      licence,
    };
  } catch (error) {
    return { model, error: errorMessage(CodedError.fromData(errorData(error))) };
  }
}

const toBring = () =>
  modelCatalogue
    .filter(({ release }) => release !== null)
    .map(({ id, name, weights, release, checkpointBytes }) => ({
      id,
      name,
      weights,
      release,
      checkpoint_bytes: checkpointBytes,
    }));

const WEIGHTS = {
  released: 'trained weights',
  repository: 'in the repository',
  none: 'base model, untrained',
};

function packageText(row: PackageRow | FaultyRow): string {
  const model = printable(row.model);
  if ('error' in row) return `${model}\n      ${printable(row.error)}`;
  const runs = row.runsHere ? 'runs here' : 'needs WebGPU: open it on the page';
  const [low, high] = row.scale.range;
  return `${model}\n      ${row.name}, ${bytes(row.bytes)}, scale ${low}–${high} (${row.scale.kind}), ${row.licence}; ${runs}`;
}

/**
 * @returns the exit status: 3 where a folder holds a package that cannot be read
 * @throws UsageError
 */
export async function models(args: readonly string[]): Promise<number> {
  const given = new Arguments('models', args);
  const folders = given.operands.flatMap(packagesIn);
  const packages = [
    await packageRow('small', bundledModel),
    ...(await Promise.all(folders.map((folder) => packageRow(folder, folder)))),
  ];
  const format = given.text('format') ?? (process.stdout.isTTY === true ? 'text' : 'json');
  const bring = toBring();
  if (format === 'json') process.stdout.write(`${JSON.stringify({ packages, to_bring: bring }, null, 2)}\n`);
  else {
    const lines = bring.map(
      ({ name, weights, release, checkpoint_bytes: size }) =>
        `${name}\n      ${WEIGHTS[weights]}, ${bytes(size)}: vqathinker convert ${release} OUT`,
    );
    process.stdout.write(`${packages.map(packageText).join('\n')}\n\nto bring:\n${lines.join('\n')}\n`);
  }
  return packages.some((row) => 'error' in row) ? STATUS.unreadable : STATUS.passed;
}
