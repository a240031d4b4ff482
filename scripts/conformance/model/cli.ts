/**
 * `node scripts/conformance/model/cli.ts FOLDER [--dtype LIST] [--browser [--webgpu]]`: converts a conformance checkpoint and compares every
 * stage with the folder's tensors in onnxruntime on the processor, both targets. One JSON line a stage:
 * {stage, name, cases, error, limit, ok}; exit 1 on a miss.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Checkpoint } from '../../../convert/checkpoint.ts';
import { readText } from '../../../convert/files.ts';
import { CheckpointFolder, PackageFolder } from '../../../convert/folder.node.ts';
import type { GraphOptions } from '../../../convert/graph.ts';
import type { VariantChoice } from '../../../convert/model.ts';
import { convertCheckpoint, converter, variantsOf } from '../../../convert/package.ts';
import { Vqa2Checkpoint } from '../../../convert/vqa2/checkpoint.ts';
import { writeVqa2Graphs } from '../../../convert/vqa2/package.ts';
import { type Dtype, dtypeSuffixes, type Target, targetFolders } from '../../../convert/weight-formats.ts';
import { createSha256 } from '../../../core/files/sha256.ts';
import { isVqa2Config } from '../../../core/vqa2/config.ts';
import { GoldenTensors } from './golden.ts';
import { openSessions, Runner, type Session } from './runner.ts';
import { checkProfile, compareTargets, limitsOf, type StageResult, type Transcript } from './stages.ts';
import { compareVqa2Targets, Vqa2Conformance } from './vqa2.ts';

// onnxruntime-node 1.30 reads no float16 output into a Float16Array ("not enough space: … got 0"), and falls back to
// plain bits where the runtime has none. It looks once, when the first tensor is made.
Reflect.deleteProperty(globalThis, 'Float16Array');

async function openRunner(
  folder: string,
  choice: VariantChoice,
  files: readonly string[],
  profile?: Runner['profile'],
): Promise<Runner> {
  const sessions = await openSessions(files, choice, async (name) => {
    const path = join(folder, targetFolders[choice.target], `${name}${dtypeSuffixes[choice.dtype]}.onnx`);
    return (await InferenceSession.create(path, { logSeverityLevel: 3 })) as unknown as Session;
  });
  return new Runner(Tensor as never, sessions, { ...choice, ...(profile && { profile }) });
}

export interface ConformanceOptions {
  readonly dtypes: readonly Dtype[];
  /** Targets to run in Chromium as well: fp32 and q8 of these. */
  readonly browser?: readonly Target[];
  readonly graph?: GraphOptions;
}

/**
 * @param report called with each result as it comes
 * @returns true where every stage is within its limit
 */
export async function conformance(
  folder: string,
  { dtypes, browser = [], graph = {} }: ConformanceOptions,
  report: (result: StageResult) => void,
): Promise<boolean> {
  let ok = true;
  const note = (result: StageResult) => {
    ok &&= result.ok;
    report(result);
  };
  const files = new CheckpointFolder(folder);
  if (isVqa2Config(await jsonOf(files, 'config.json'))) {
    await vqa2Conformance(folder, { dtypes, browser, graph }, note);
    return ok;
  }
  const { config } = await Checkpoint.open(files);
  const recorded = await GoldenTensors.all(files);
  if (recorded.length === 0) throw new RangeError(`${folder} holds no *.safetensors with input.frames`);
  const temporary = await mkdtemp(join(tmpdir(), 'conformance-'));
  const chromium = browser.length > 0 ? await startBrowser(browser.includes('webgpu')) : null;
  try {
    for (const golden of recorded) {
      const name = golden.name in config.profiles ? golden.name : config.defaultProfile;
      const out = join(temporary, golden.name);
      const variants = variantsOf(dtypes);
      const manifest = await convertCheckpoint(files, new PackageFolder(out), {
        variants,
        profile: name,
        graph: { ...graph, tapped: true },
      });
      const { profile } = manifest;
      const transcripts = new Map<string, Transcript>();
      for (const choice of variants) {
        const paths = manifest.files.map(({ path }) => path);
        const runner = await openRunner(out, choice, paths, profile);
        const { results, transcript } = await checkProfile(runner, golden, limitsOf[choice.dtype]);
        await runner.release();
        for (const result of results) note(result);
        transcripts.set(`${choice.target} ${choice.dtype}`, transcript);
      }
      for (const dtype of dtypes) {
        const [a, b] = [transcripts.get(`webgpu ${dtype}`), transcripts.get(`wasm ${dtype}`)];
        if (a && b) for (const result of compareTargets(name, dtype, a, b)) note(result);
      }
      const chosen = variants.filter(
        ({ target, dtype }) => browser.includes(target) && (dtype === 'fp32' || dtype === 'q8'),
      );
      const seen =
        (await chromium?.check(folder, await files.list(), out, {
          golden: golden.name,
          profile,
          variants: chosen,
        })) ?? [];
      for (const result of seen) note(result);
    }
  } finally {
    await chromium?.close();
    await rm(temporary, { recursive: true, force: true });
  }
  return ok;
}

async function jsonOf(files: CheckpointFolder, name: string): Promise<unknown> {
  const file = (await files.list()).find((each) => each.name === name);
  return file === undefined ? null : JSON.parse(await readText(files, file));
}

/** The same for a checkpoint of VQA², which has protocols in place of profiles. */
async function vqa2Conformance(
  folder: string,
  { dtypes, browser = [], graph = {} }: ConformanceOptions,
  note: (result: StageResult) => void,
): Promise<void> {
  const files = new CheckpointFolder(folder);
  const checkpoint = await Vqa2Checkpoint.open(files);
  const [profiles, config] = [await jsonOf(files, 'profiles.json'), await jsonOf(files, 'config.json')];
  const { image_grid_pinpoints: canvases = [] } = config as { image_grid_pinpoints?: [number, number][] };
  const facts = { profiles, canvases };
  const temporary = await mkdtemp(join(tmpdir(), 'conformance-'));
  const chromium = browser.length > 0 ? await startBrowser(browser.includes('webgpu')) : null;
  try {
    const sink = new PackageFolder(join(temporary, 'package'));
    await sink.begin('conformance');
    const variants = variantsOf(dtypes);
    const paths: string[] = [];
    for (const choice of variants) {
      const { files: written } = await writeVqa2Graphs(checkpoint, sink, choice, {
        producer: converter,
        digest: createSha256,
        graph: { ...graph, tapped: true },
      });
      paths.push(...written.map(({ path }) => path));
    }
    await sink.commit();
    const out = join(temporary, 'package');
    const compared = new Map<string, Vqa2Conformance>();
    for (const choice of variants) {
      const runner = await openRunner(out, choice, paths);
      const comparison = new Vqa2Conformance(runner, files, checkpoint.config, facts);
      for (const result of await comparison.results()) note(result);
      await runner.release();
      compared.set(`${choice.target} ${choice.dtype}`, comparison);
    }
    for (const dtype of dtypes) {
      const [a, b] = [compared.get(`webgpu ${dtype}`), compared.get(`wasm ${dtype}`)];
      if (a && b) note(compareVqa2Targets(dtype, a, b));
    }
    const chosen = variants.filter(
      ({ target, dtype }) => browser.includes(target) && (dtype === 'fp32' || dtype === 'q8'),
    );
    const request = { variants: chosen, vqa2: { config: checkpoint.config, ...facts }, golden: '' };
    for (const result of (await chromium?.check(folder, await files.list(), out, request)) ?? [])
      note(result);
  } finally {
    await chromium?.close();
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Loaded on demand: the check in Node needs neither Playwright nor Vite. */
async function startBrowser(webgpu: boolean) {
  const { BrowserConformance } = await import('./browser.ts');
  return BrowserConformance.start(webgpu);
}

if (import.meta.main) {
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { dtype: { type: 'string' }, browser: flag, webgpu: flag },
  });
  const [folder] = positionals;
  if (folder === undefined) {
    process.stderr.write(
      'Usage: node scripts/conformance/model/cli.ts FOLDER [--dtype LIST] [--browser [--webgpu]]\n',
    );
    process.exitCode = 2;
  } else {
    const dtypes = (values.dtype ?? 'fp32,fp16,q8,q4,q4f16').split(',') as Dtype[];
    const browser: Target[] = values.browser ? ['wasm', ...(values.webgpu ? (['webgpu'] as const) : [])] : [];
    const ok = await conformance(folder, { dtypes, browser }, (result) =>
      process.stdout.write(`${JSON.stringify(result)}\n`),
    );
    process.exitCode = ok ? 0 : 1;
  }
}
