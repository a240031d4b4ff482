/** The conformance run: finds what a folder holds and puts each file through every stage that knows it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { contentsOf } from './folder.ts';
import { type Line, lineOf, miss, print } from './line.ts';
import { checkPreprocess, type Oracle, type PreprocessFile } from './preprocess.ts';
import { checkResize } from './resize.ts';
import type { ConformanceReport } from './rules/report.ts';
import { ruleChecks } from './rules/rules.ts';
import { runTool } from './tool.ts';

const root = join(import.meta.dirname, '..', '..');
const torch = join(root, 'training-server', 'torch');
const python = [join(root, '.venv', 'bin', 'python'), join(root, '.venv', 'Scripts', 'python.exe')].find(
  existsSync,
);

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { browser: { type: 'boolean', default: false }, verbose: { type: 'boolean', default: false } },
});
if (positionals.length !== 1 || !existsSync(positionals[0]!) || !statSync(positionals[0]!).isDirectory()) {
  console.error(
    `npm run conformance -- FOLDER [--browser] [--verbose]\nNo folder ${positionals[0] ?? 'given'}.`,
  );
  process.exit(2);
}
const folder = resolve(positionals[0]!);
const contents = contentsOf(folder);
const nameOf = (path: string) => relative(folder, path) || basename(folder);
const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** A check that throws has met a file of another shape: a miss that says where. */
async function attempt(
  stage: string,
  path: string,
  check: () => ConformanceReport | Promise<ConformanceReport>,
): Promise<Line> {
  try {
    return lineOf(stage, await check(), nameOf(path));
  } catch (error) {
    return miss(stage, nameOf(path), `not readable as this kind of file: ${(error as Error).message}`);
  }
}

/** The clips and decord where both are here; else why not. */
function pixelOracle(): Oracle | string {
  if (contents.media === null) return 'no folder media/ with the clips';
  if (!python || spawnSync(python, ['-c', 'import decord'], { stdio: 'ignore' }).status !== 0)
    return 'decord, the oracle, is not installed';
  return { media: contents.media, python };
}

function preprocessLine(path: string): Promise<Line> {
  const oracle = pixelOracle();
  if (typeof oracle === 'string') skipped.push(`${nameOf(path)}, pixels: ${oracle}`);
  return attempt('preprocess', path, () => {
    const file = readJson(path) as PreprocessFile;
    const { report, absent } = checkPreprocess(file, typeof oracle === 'string' ? null : oracle);
    for (const clip of absent) skipped.push(`${nameOf(path)}, pixels of ${clip}: no such clip`);
    return report;
  });
}

function torchLines(stage: string, subject: string, args: readonly string[]): Promise<Line[]> {
  if (!python) return Promise.resolve([miss(stage, subject, 'no Python environment in .venv')]);
  if (!existsSync(join(torch, 'modules', 'conformance.py')))
    return Promise.resolve([miss(stage, subject, 'no training-server/torch/modules/conformance.py')]);
  const command = ['-m', 'modules.conformance', ...args];
  return runTool({ stage, subject, command: python, args: command, cwd: torch }, options.verbose);
}

function onnxLines(checkpoint: string): Promise<Line[]> {
  const { vision_config: vision } = readJson(join(checkpoint, 'config.json')) as {
    vision_config?: { model_type?: string };
  };
  if (vision?.model_type === 'qwen2_5_vl') {
    skipped.push(`${nameOf(checkpoint)}, onnxruntime: the converter does not take Qwen2.5-VL`);
    return Promise.resolve([]);
  }
  const tool = join(import.meta.dirname, 'model', 'cli.ts');
  const subject = nameOf(checkpoint);
  if (!existsSync(tool))
    return Promise.resolve([miss('onnxruntime', subject, 'no scripts/conformance/model/cli.ts')]);
  const args = [tool, checkpoint, ...(options.browser ? ['--browser'] : [])];
  return runTool(
    { stage: 'onnxruntime', subject, command: process.execPath, args, cwd: root },
    options.verbose,
  );
}

const lines: Line[] = [];
const tell = (...more: readonly Line[]) => {
  lines.push(...more);
  more.forEach(print);
};
const skipped: string[] = [];

for (const path of contents.rules)
  tell(await attempt('rules', path, () => ruleChecks[basename(path)]!(readJson(path))));
const { resize } = contents;
if (resize) tell(await attempt('resize', resize, () => checkResize(dirname(resize))));
if (contents.preprocess) tell(await preprocessLine(contents.preprocess));
for (const path of contents.rules.filter((name) => basename(name) === 'grpo_loss.json'))
  tell(...(await torchLines('engine', nameOf(path), ['--grpo-loss', path])));
for (const checkpoint of contents.checkpoints) {
  tell(...(await torchLines('torch', nameOf(checkpoint), [checkpoint])));
  tell(...(await onnxLines(checkpoint)));
}

for (const name of skipped) console.log(`skipped   ${name}`);
for (const name of contents.missing) console.log(`absent    ${name}`);
for (const name of contents.extra) console.log(`extra     ${name} (no check reads it)`);
const missed = lines.filter((line) => !line.ok).length;
if (lines.length === 0) console.log('MISS  nothing in this folder could be checked');
console.log(`${lines.length - missed} passed, ${missed} failed, ${skipped.length} skipped`);
process.exit(missed > 0 || lines.length === 0 ? 1 : 0);
