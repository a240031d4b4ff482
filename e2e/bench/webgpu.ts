/**
 * `npm run bench:webgpu -- PACKAGE [--dtype q4f16]`: the benchmark of the page's Models, in Node, on the system's graphics
 * adapter through Dawn. Needs the npm package `webgpu` (`npm install --no-save webgpu`, or its folder in VQA_DAWN); another
 * Vulkan driver by VK_ICD_FILENAMES. Prints a Markdown table. Without PACKAGE only the adapter's rates.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { AdapterRates, PackageSpeeds } from '../../core/stats/benchmark.ts';
import { installDawn, openOnDawn } from '../../scripts/conformance/device/dawn.ts';
import { captionOf, tableText, textRows } from '../../src/features/models/benchmark/rows.ts';
import { benchmarkEn } from '../../src/features/models/messages/benchmark.en.ts';
import { measureAdapter } from '../../workers/model/adapter-rates.ts';
import type { Dtype } from '../../workers/model/api.ts';
import { probeAdapter } from '../../workers/model/backend.ts';
import { benchmarkPackage } from '../../workers/model/benchmark.ts';
import { canSuspend } from '../../workers/model/runtime.ts';
import { runSelfTest } from '../../workers/model/self-test.ts';

/** Tokens of a prompt's text, which needs no tokenizer here. */
const TEXT_TOKENS = 120;

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

function dawnModule(): string {
  const { VQA_DAWN } = process.env;
  if (VQA_DAWN) {
    const module = join(VQA_DAWN, 'index.js');
    return existsSync(module) ? module : fail(`VQA_DAWN: no ${module}`);
  }
  try {
    return createRequire(import.meta.url).resolve('webgpu');
  } catch {
    return fail('WebGPU in Node needs the package "webgpu": npm install --no-save webgpu');
  }
}

async function measurePackage(folder: string, dtype: Dtype | undefined, signal: AbortSignal) {
  const opened = await openOnDawn(folder, await probeAdapter(), dtype);
  const { network, variant, device, files } = opened;
  const tested = variant.selfTest && (await runSelfTest(network.decoder, variant.selfTest));
  if (tested?.passed === false) fail(`${variant.dtype}: this adapter computes it wrongly.`);
  const { manifest } = files;
  const { frames, tokensPerFrame } = manifest.profile;
  const promptTokens = frames * tokensPerFrame + 1 + TEXT_TOKENS;
  const subject = { network, device, manifest, variant, promptTokens, loadSeconds: opened.seconds };
  return benchmarkPackage(subject, signal, (stage) => console.error(benchmarkEn.steps[stage]));
}

function print(rates: AdapterRates, speeds: PackageSpeeds | null): void {
  const caption = captionOf(rates, speeds, (name) => name, benchmarkEn);
  console.log(tableText(caption, textRows(rates, speeds, benchmarkEn), benchmarkEn));
}

const { values, positionals } = parseArgs({
  options: { dtype: { type: 'string' } },
  allowPositionals: true,
});
const [folder] = positionals;
if (!canSuspend())
  fail('This Node cannot suspend WebAssembly (JSPI): use the pinned one, npm run bench:webgpu.');
if (folder !== undefined && !existsSync(join(folder, 'manifest.json')))
  fail(`${folder} is no model package: it has no manifest.json`);
const { signal } = new AbortController();
const gpu = await installDawn(dawnModule());
console.error(benchmarkEn.steps.adapter);
const rates = await measureAdapter(gpu, signal);
if (folder === undefined || rates.adapter === '') print(rates, null);
else {
  console.error(benchmarkEn.steps.load);
  print(rates, await measurePackage(folder, values.dtype as Dtype | undefined, signal));
}
process.exit(0);
