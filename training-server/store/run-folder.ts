/** The folder of a run: paths, formats, reading and writing of its files. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CodedError } from '../../core/errors.ts';
import { renamedKeys } from '../../core/schema.ts';
import { type Recipe, recipeSchema } from '../../core/training/recipe.ts';
import { currentRecipe } from '../../core/training/recipe-resolve.ts';
import { readPlainly } from '../../core/training/recipe-text.ts';
import { type Run, runSchema } from '../../core/training/run.ts';
import { readJson, syncFolder, writeWhole } from './atomic.ts';

const values = z.record(z.string(), z.number().nullable());

/** State of the driver in a checkpoint, from which a resumed run repeats the same steps. */
export const driverStateSchema = z.strictObject({
  step: z.int(),
  /** Stage of the next step, and steps taken in it. */
  stage: z.int(),
  stageStep: z.int(),
  tokens: z.number(),
  guards: z.strictObject({ maxKl: z.int(), minEntropy: z.int(), maxEntropy: z.int() }),
  best: z.strictObject({ step: z.int(), value: z.number() }).nullable(),
  /** Valid bytes of each file. */
  streams: z.strictObject({
    metrics: z.int(),
    completions: z.int(),
    tensorboard: z.record(z.string(), z.int()),
  }),
  /** SHA-256 of the videos and labels of the stage, in order. */
  data: z.string(),
  latest: values,
  /** Last steps of the ended stages; the next stage begins with the model of the last of them. */
  stageEnds: z.array(z.int()),
});
export type DriverState = z.infer<typeof driverStateSchema>;

/** `checkpoint.json`; `figures`, the name of `metrics` in earlier versions, is read too. */
export const checkpointFileSchema = z.preprocess(
  renamedKeys(['figures', 'metrics']),
  z.strictObject({
    step: z.int(),
    createdAt: z.string(),
    bytes: z.number(),
    /** Held-out metrics at this step, and the reward. */
    metrics: values,
    state: driverStateSchema,
  }),
);
export type CheckpointFile = z.infer<typeof checkpointFileSchema>;

/** `metadata.json`: facts of a run that the API does not show. `memo.json` of earlier versions is read too. */
export const runMetadataSchema = z.preprocess(
  renamedKeys(['goesOn', 'autoResume']),
  z.strictObject({
    /** Multiplies every learning rate. */
    lrFactor: z.number().positive(),
    /** It was running when its server left, and goes on by itself. */
    autoResume: z.boolean(),
  }),
);
export type RunMetadata = z.infer<typeof runMetadataSchema>;

export class RunFolder {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }

  readonly file = (...names: string[]): string => join(this.path, ...names);
  readonly checkpoint = (step: number): string => this.file('checkpoints', `step-${step}`);
  readonly state = (step: number): string => join(this.checkpoint(step), 'state');
  readonly model = (step: number): string => join(this.checkpoint(step), 'model');

  /** Creates the folder; recipe.json is written last, so that what a crash leaves is no run. @throws where it exists */
  async make(recipe: Recipe, run: Run, metadata: RunMetadata): Promise<void> {
    // Answers, labels and logs of a run are its owner's; `chmod` of the folder shares it.
    await mkdir(this.path, { mode: 0o700 });
    try {
      await mkdir(this.file('checkpoints'));
      await this.writeMetadata(metadata);
      await this.writeRun(run);
      await writeWhole(this.file('recipe.json'), `${JSON.stringify(recipe, null, 2)}\n`);
    } catch (error) {
      await rm(this.path, { recursive: true, force: true });
      throw error;
    }
  }

  /** Deletes temporary files of a crash. */
  async tidy(): Promise<void> {
    for (const name of await readdir(this.path))
      if (name.endsWith('.partial')) await rm(this.file(name), { recursive: true, force: true });
  }

  async readRecipe(): Promise<Recipe> {
    return readPlainly(recipeSchema, currentRecipe(await readJson(this.file('recipe.json'))));
  }

  async readRun(): Promise<Run> {
    return runSchema.parse(await readJson(this.file('run.json')));
  }

  async writeRun(run: Run): Promise<void> {
    await writeWhole(this.file('run.json'), `${JSON.stringify(run)}\n`);
  }

  /** Defaults where the file cannot be read: one broken folder must not keep the other runs from resuming. */
  async readMetadata(): Promise<RunMetadata> {
    for (const name of ['metadata.json', 'memo.json']) {
      const value = await readJson(this.file(name)).catch(() => null);
      const metadata = runMetadataSchema.safeParse(value).data;
      if (metadata !== undefined) return metadata;
    }
    return { lrFactor: 1, autoResume: false };
  }

  async writeMetadata(metadata: RunMetadata): Promise<void> {
    await writeWhole(
      this.file('metadata.json'),
      `${JSON.stringify(metadata)}
`,
    );
    await rm(this.file('memo.json'), { force: true });
  }

  /** Complete checkpoints, earliest first. */
  async checkpoints(): Promise<CheckpointFile[]> {
    const names = await readdir(this.file('checkpoints')).catch(() => []);
    const files = names
      .filter((name) => /^step-\d+$/.test(name))
      .map((name) => readJson(this.file('checkpoints', name, 'checkpoint.json')).catch(() => null));
    const read = (await Promise.all(files)).flatMap((file) => {
      const parsed = checkpointFileSchema.safeParse(file);
      return parsed.success ? [parsed.data] : [];
    });
    return read.sort((a, b) => a.step - b.step);
  }

  /** The checkpoint that last.json names, else the latest complete one; null where there is none. */
  async last(): Promise<CheckpointFile | null> {
    const pointer = await readJson(this.file('checkpoints', 'last.json')).catch(() => null);
    const named = z.strictObject({ step: z.int() }).safeParse(pointer);
    const whole = await this.checkpoints();
    return whole.find(({ step }) => step === named.data?.step) ?? whole.at(-1) ?? null;
  }

  async readCheckpoint(step: number): Promise<CheckpointFile> {
    const parsed = checkpointFileSchema.safeParse(
      await readJson(join(this.checkpoint(step), 'checkpoint.json')),
    );
    if (parsed.success) return parsed.data;
    const problem = `there is no whole checkpoint of step ${step}`;
    throw new CodedError('train/checkpoint', { step, problem }, problem);
  }

  /** Creates an empty temporary folder, which `commitCheckpoint` renames to the checkpoint's own. */
  async beginCheckpoint(step: number): Promise<string> {
    const partial = `${this.checkpoint(step)}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    return partial;
  }

  /** Renames the temporary folder and points last.json to the checkpoint. */
  async commitCheckpoint(file: CheckpointFile): Promise<void> {
    const { step } = file;
    const partial = `${this.checkpoint(step)}.partial`;
    await writeWhole(join(partial, 'checkpoint.json'), `${JSON.stringify(file)}\n`);
    await rm(this.checkpoint(step), { recursive: true, force: true });
    await rename(partial, this.checkpoint(step));
    await syncFolder(this.file('checkpoints'));
    await this.setLast(step);
  }

  async setLast(step: number): Promise<void> {
    await writeWhole(this.file('checkpoints', 'last.json'), `${JSON.stringify({ step })}\n`);
  }

  /** Deletes the checkpoints of other steps, and temporary folders of a crash. */
  async deleteOtherCheckpoints(steps: ReadonlySet<number>): Promise<void> {
    for (const name of await readdir(this.file('checkpoints')).catch(() => [])) {
      const step = /^step-(\d+)$/.exec(name)?.[1];
      const dead = step === undefined ? name.endsWith('.partial') : !steps.has(Number(step));
      if (dead) await rm(this.file('checkpoints', name), { recursive: true, force: true });
    }
  }
}

/** Size of all files in a folder and below. */
export async function bytesOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
