import { expect, test } from 'vitest';
import { checkpointFiles, kindOfFolder } from './folder-kind.ts';

const files = (...paths: string[]) =>
  paths.map((path) => ({ path, file: new File(['x'], path.split('/').at(-1)!) }));

test.each([
  ['package', ['p/manifest.json', 'p/onnx/a.onnx']],
  ['checkpoint', ['c/config.json', 'c/model.safetensors']],
  ['checkpoint', ['model-00001-of-00002.safetensors']],
  ['checkpoint', ['adapter_config.json', 'adapter_model.bin']],
  ['checkpoint', ['config.json', 'pytorch_model.bin']],
  ['checkpoint', ['config.json', 'tokenizer_config.json']],
  ['checkpoint', ['model-q4.gguf']],
  ['other', ['a.mp4', 'scores.csv', 'config.json']],
  ['other', ['a.mp4', 'notes.bin']],
])('%s: %j', (kind, paths) => {
  expect(kindOfFolder(files(...paths))).toBe(kind);
});

test('files of subfolders do not stand in for those of the checkpoint', () => {
  const paths = ['m/config.json', 'm/model.safetensors', 'm/old/config.json', 'm/.git/config', 'm/README.md'];
  expect(checkpointFiles(files(...paths)).map(({ path }) => path)).toEqual([
    'm/config.json',
    'm/model.safetensors',
    'm/README.md',
  ]);
  expect(checkpointFiles(files('top/m/config.json', 'top/m/a.bin', 'top/b.txt'))).toHaveLength(2);
});
