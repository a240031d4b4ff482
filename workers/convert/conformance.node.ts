/**
 * `node workers/convert/conformance.node.ts FOLDER [--dtype LIST]`: converts a conformance checkpoint and compares every
 * stage with the folder's tensors in onnxruntime on the processor, both dialects. One JSON line a stage:
 * {stage, name, cases, error, limit, ok}; exit 1 on a miss.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Checkpoint } from './checkpoint.ts';
import { GoldenTensors } from './conformance/golden.ts';
import { Runner, type Session, type SessionName, sessionNames } from './conformance/runner.ts';
import {
  checkProfile,
  compareDialects,
  limitsOf,
  type StageResult,
  type Transcript,
} from './conformance/stages.ts';
import { CheckpointFolder, PackageFolder } from './folder.node.ts';
import { type Dtype, folders, suffixes } from './forms.ts';
import type { VariantChoice } from './model.ts';
import { convertCheckpoint, variantsOf } from './package.ts';

// onnxruntime-node 1.30 reads no float16 output into a Float16Array ("not enough space: … got 0"), and falls back to
// plain bits where the runtime has none. It looks once, when the first tensor is made.
Reflect.deleteProperty(globalThis, 'Float16Array');

async function openRunner(
  folder: string,
  choice: VariantChoice,
  profile: Runner['profile'],
): Promise<Runner> {
  const sessions = {} as Record<SessionName, Session>;
  for (const name of sessionNames) {
    const path = join(folder, folders[choice.dialect], `${name}${suffixes[choice.dtype]}.onnx`);
    sessions[name] = (await InferenceSession.create(path, { logSeverityLevel: 3 })) as unknown as Session;
  }
  return new Runner(Tensor as never, sessions, { ...choice, profile });
}

/** @param report called with each result as it comes */
export async function conformance(
  folder: string,
  dtypes: readonly Dtype[],
  report: (result: StageResult) => void,
): Promise<boolean> {
  let ok = true;
  const note = (result: StageResult) => {
    ok &&= result.ok;
    report(result);
  };
  const files = new CheckpointFolder(folder);
  const { config } = await Checkpoint.open(files);
  const temporary = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    const recorded = await GoldenTensors.all(files);
    if (recorded.length === 0) throw new RangeError(`${folder} holds no *.safetensors with input.frames`);
    for (const golden of recorded) {
      const name = golden.name in config.profiles ? golden.name : config.defaultProfile;
      const out = join(temporary, name.replaceAll(/[^\w.@-]/g, '_'));
      const { profile } = await convertCheckpoint(files, new PackageFolder(out), {
        variants: variantsOf(dtypes),
        profile: name,
        graph: { tapped: true },
      });
      const transcripts = new Map<string, Transcript>();
      for (const choice of variantsOf(dtypes)) {
        const runner = await openRunner(out, choice, profile);
        const { results, transcript } = await checkProfile(runner, golden, limitsOf[choice.dtype]);
        await runner.release();
        for (const result of results) note(result);
        transcripts.set(`${choice.dialect} ${choice.dtype}`, transcript);
      }
      for (const dtype of dtypes) {
        const [a, b] = [transcripts.get(`webgpu ${dtype}`), transcripts.get(`wasm ${dtype}`)];
        if (a && b) for (const result of compareDialects(`${name} ${dtype}`, a, b)) note(result);
      }
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return ok;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { dtype: { type: 'string' }, browser: { type: 'boolean' } },
  });
  const dtypes = (values.dtype ?? 'fp32,fp16,q8,q4,q4f16').split(',') as Dtype[];
  const ok = await conformance(positionals[0] ?? '', dtypes, (result) =>
    process.stdout.write(`${JSON.stringify(result)}\n`),
  );
  process.exitCode = ok ? 0 : 1;
}
