/** Download rate of a package of usual size, against a fetch that stores nothing. */
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { median, root, scratch, scratchFile } from './browser.ts';
import type { BenchMetric } from './media.ts';
import type { PackagesHarness } from './packages-harness.ts';

declare global {
  interface Window {
    packages: PackagesHarness;
  }
}

const RUNS = 3;
const FILES = 4;
const MEGABYTES = 32;

/** Bytes that no compression makes less of, the same in every run. */
function noise(name: string): string {
  return scratchFile(name, [name, String(MEGABYTES)], (path) => {
    const file = openSync(path, 'w');
    let block = createHash('sha512').update(name).digest();
    for (let written = 0; written < MEGABYTES << 20; ) {
      const blocks = Array.from({ length: 1 << 10 }, () => {
        block = createHash('sha512').update(block).digest();
        return block;
      });
      written += writeSync(file, Buffer.concat(blocks));
    }
    closeSync(file);
  });
}

/** The package that ships with four large files in place of its own, in the folder that the bench serves. */
function makePackage(): string[] {
  const folder = join(scratch, 'dist', 'large-package');
  mkdirSync(folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, 'public', 'models', 'small', 'manifest.json'), 'utf8'));
  const paths = Array.from({ length: FILES }, (_, i) => `onnx/noise_${i}.onnx_data`);
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  for (const path of paths) {
    const bytes = readFileSync(noise(path.replace('/', '-')));
    writeFileSync(join(folder, path), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    manifest.files.push({ path, bytes: bytes.length, sha256 });
  }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return paths;
}

export async function benchPackages(page: Page, address: string): Promise<BenchMetric[]> {
  const paths = makePackage();
  const base = `${address.replace(/\/$/, '')}/large-package/`;
  await page.goto(`${address.replace(/\/$/, '')}/e2e/bench/packages.html`);
  await page.waitForFunction(() => 'packages' in window);
  const [plain, download, verify]: [number[], number[], number[]] = [[], [], []];
  for (let run = 0; run < RUNS; run++) {
    plain.push(await page.evaluate(([b, p]) => window.packages.fetch(b, p), [base, paths] as const));
    const timings = await page.evaluate(([b, p]) => window.packages.keep(b, p), [base, paths] as const);
    download.push(timings.download);
    verify.push(timings.verify);
  }
  const total = FILES * MEGABYTES * 1.048576;
  const rate = (seconds: readonly number[]) => `${(total / median(seconds)).toFixed(0)} MB/s`;
  const what = `A package of ${FILES} × ${MEGABYTES} MiB from this machine`;
  return [
    { what: `${what}: fetched, hashed, stored`, value: rate(download), bar: '' },
    { what: `${what}: fetched and forgotten`, value: rate(plain), bar: '' },
    {
      what: `${what}: time against a fetch alone`,
      value: `${(median(download) / median(plain)).toFixed(1)} ×`,
      bar: '',
    },
    { what: `${what}: read again and checked`, value: rate(verify), bar: '' },
  ];
}
