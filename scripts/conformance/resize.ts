/** Conformance of pixels: golden pictures of Pillow and the official transform's float tensors, equal to the bit. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { imagenetMean, imagenetStd } from '../../core/sampling/profiles.ts';
import { resizeRgb } from '../../workers/media/resize.ts';
import { normalisationTable, normalise } from '../../workers/model/pixels.ts';
import { readPng } from './png.ts';
import type { ConformanceReport } from './rules/report.ts';

interface ResizeIndex {
  readonly normalised_table?: readonly (readonly number[])[];
  readonly images: readonly {
    readonly input: string;
    readonly output: string;
    readonly output_size: readonly [width: number, height: number];
    readonly output_sha256_rgb: string;
    readonly normalised_sha256_float32_le_chw?: string;
  }[];
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/**
 * @param folder like `golden/rules/resize`, with its `index.json`
 */
export function checkResize(folder: string): ConformanceReport {
  const index = JSON.parse(readFileSync(resolve(folder, 'index.json'), 'utf8')) as ResizeIndex;
  const table = normalisationTable({ mean: imagenetMean, std: imagenetStd });
  const failures: string[] = [];
  let largestError = 0;
  for (const golden of index.images) {
    const [width, height] = golden.output_size;
    const source = readPng(readFileSync(resolve(folder, golden.input)));
    const expected = readPng(readFileSync(resolve(folder, golden.output)));
    const actual = resizeRgb(source.data, source.width, source.height, width, height);
    const error = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.data[i]!)), 0);
    largestError = Math.max(largestError, error);
    if (sha256(actual) !== golden.output_sha256_rgb) failures.push(`${golden.input}: off by ${error} of 255`);
    const wanted = golden.normalised_sha256_float32_le_chw;
    if (wanted === undefined || width !== height) continue;
    const floats = normalise([actual], width, table);
    if (sha256(new Uint8Array(floats.buffer)) !== wanted) failures.push(`${golden.input}: other floats`);
  }
  for (const [channel, row] of (index.normalised_table ?? []).entries()) {
    const value = row.findIndex((wanted, i) => table[channel]?.[i] !== Math.fround(wanted));
    if (value >= 0) failures.push(`normalised_table: channel ${channel}, value ${value}`);
  }
  return { name: 'resize', cases: index.images.length, failures, largestError, limit: 0 };
}
