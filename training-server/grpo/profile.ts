/** The profile that a recipe trains with: a built-in one, or one of the checkpoint's config. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import { readProfile } from '../../core/sampling/profile-schema.ts';
import { builtInProfiles, type Profile } from '../../core/sampling/profiles.ts';

/**
 * @param name null = the checkpoint's default, `train6@448` where it has none
 * @throws CodedError `train/recipe` for a name that neither has, `train/checkpoint` where config.json cannot be read
 */
export async function trainingProfile(checkpoint: string, name: string | null): Promise<Profile> {
  const config = await readConfig(checkpoint);
  const named = isObject(config.profiles) ? config.profiles : {};
  const wanted = name ?? (typeof config.default_profile === 'string' ? config.default_profile : 'train6@448');
  if (Object.hasOwn(named, wanted))
    return readProfile(named[wanted], 'train/checkpoint', `profiles.${wanted}`);
  const builtIn: Readonly<Record<string, Profile>> = builtInProfiles;
  if (Object.hasOwn(builtIn, wanted)) return builtIn[wanted]!;
  const names = [...Object.keys(named), ...Object.keys(builtIn)].join(', ');
  throw new CodedError('train/recipe', {
    field: 'model.profile',
    problem: `must be one of ${names}, is ${wanted}`,
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function readConfig(checkpoint: string): Promise<Record<string, unknown>> {
  const file = join(checkpoint, 'config.json');
  try {
    const config: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (isObject(config)) return config;
    throw new TypeError('it is no object');
  } catch (cause) {
    const problem = `config.json cannot be read in ${checkpoint}: ${(cause as Error).message}`;
    throw new CodedError('train/checkpoint', { problem }, problem, { cause });
  }
}
