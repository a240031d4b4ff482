import { expect, test } from 'vitest';
import { buildFor } from './runtime.ts';

test('a browser that cannot switch WebAssembly stacks gets the rewritten functions on WebGPU only', () => {
  expect(buildFor('wasm', false)).toBe('plain');
  expect(buildFor('webgpu', false)).toBe('asyncify');
  expect(buildFor('wasm', true)).toBe('jspi');
  expect(buildFor('webgpu', true)).toBe('jspi');
});
