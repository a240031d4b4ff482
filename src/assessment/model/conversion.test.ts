import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../core/errors.ts';
import { createConversion, storageFor, variantsFor } from './conversion.ts';

describe('a conversion', () => {
  it('tells its folder and its share, and is idle again when the package is there', async () => {
    const seen: unknown[] = [];
    const conversion = createConversion(async (_name, _files, onProgress) => {
      onProgress(0.257);
      seen.push(conversion.store.getState());
      return 'id';
    });
    expect(await conversion.start('tiny', [])).toBe('id');
    expect(seen).toEqual([{ name: 'tiny', percent: 25, error: null }]);
    expect(conversion.store.getState()).toEqual({ name: null, percent: 0, error: null });
  });

  it('keeps a fault for the reader, and forgets it with the next one', async () => {
    const fault = new CodedError('convert/header', {
      file: 'model.safetensors',
      problem: 'the file ends early',
    });
    let fails = true;
    const conversion = createConversion(async () => {
      if (fails) throw fault;
      return 'id';
    });
    expect(await conversion.start('tiny', [])).toBeNull();
    expect(conversion.store.getState().error).toMatchObject({ code: 'convert/header' });
    fails = false;
    await conversion.start('tiny', []);
    expect(conversion.store.getState().error).toBeNull();
  });

  it('runs one at a time, and a stop is no fault', async () => {
    let begun = 0;
    const conversion = createConversion(
      (_name, _files, _onProgress, signal) =>
        new Promise((_done, fail) => {
          begun += 1;
          signal.addEventListener('abort', () => fail(signal.reason));
        }),
    );
    const first = conversion.start('one', []);
    expect(await conversion.start('two', [])).toBeNull();
    expect(begun).toBe(1);
    expect(conversion.store.getState().name).toBe('one');
    conversion.stop();
    expect(await first).toBeNull();
    expect(conversion.store.getState()).toEqual({ name: null, percent: 0, error: null });
  });
});

describe('variants of a conversion in this page', () => {
  it('are 8 bits for both targets, and 4 bits where no WebAssembly memory holds the model', () => {
    expect(variantsFor(1e6)).toEqual([
      { target: 'webgpu', dtype: 'q8' },
      { target: 'wasm', dtype: 'q8' },
    ]);
    // The 1B folds to 3.75 GB of float32; the 8B would take 35 GB of storage in 8 bits.
    expect(variantsFor(1_949_731_664)).toEqual([{ target: 'webgpu', dtype: 'q4f16' }]);
    // The 8B's package has 5.33 GB, and is there twice until it is stored.
    expect(storageFor(15_998_386_608) / 2).toBeGreaterThan(5.331e9);
    expect(storageFor(15_998_386_608) / 2).toBeLessThan(5.34e9);
    // The tiny checkpoint of the repository: 1.27 MB of graphs.
    expect(storageFor(1_182_688) / 2).toBeGreaterThan(1_270_100);
    expect(variantsFor(15_998_386_608)).toEqual([{ target: 'webgpu', dtype: 'q4f16' }]);
  });
});
