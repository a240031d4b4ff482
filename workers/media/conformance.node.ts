/** Conformance of the resize: golden pictures of Pillow, equal to the byte. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConformanceReport } from '../../src/core/conformance/report.ts';
import { readPng } from './png.node.ts';
import { resizeRgb } from './resize.ts';

interface ResizeIndex {
  readonly images: readonly {
    readonly input: string;
    readonly output: string;
    readonly input_size: readonly [number, number];
    readonly output_size: readonly [number, number];
    readonly output_sha256_rgb: string;
  }[];
}

/**
 * @param folder `golden/rules/resize`, with its `index.json`
 */
export function checkResize(folder: string): ConformanceReport {
  const index = JSON.parse(readFileSync(resolve(folder, 'index.json'), 'utf8')) as ResizeIndex;
  const failures: string[] = [];
  let largestError = 0;
  for (const golden of index.images) {
    const [toWidth, toHeight] = golden.output_size;
    const source = readPng(resolve(folder, golden.input));
    const expected = readPng(resolve(folder, golden.output));
    const actual = resizeRgb(source.rgb, source.width, source.height, toWidth, toHeight);
    const error = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.rgb[i]!)), 0);
    largestError = Math.max(largestError, error);
    const hash = createHash('sha256').update(actual).digest('hex');
    if (hash !== golden.output_sha256_rgb) failures.push(`${golden.input}: off by ${error} of 255`);
  }
  return { name: 'resize', cases: index.images.length, failures, largestError, limit: 0 };
}
