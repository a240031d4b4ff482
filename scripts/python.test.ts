import { expect, test } from 'vitest';
import { pythonEnvironment } from './python.mjs';

test('children get what Python needs and no secret', () => {
  const secrets = [
    'VQA_TRAIN_TOKEN',
    'VQA_ENGINE_TOKEN',
    'VQA_CTRL_TOKEN',
    'HF_TOKEN',
    'AWS_SECRET_ACCESS_KEY',
  ];
  const before = { ...process.env };
  for (const name of [...secrets, 'CUDA_VISIBLE_DEVICES', 'VQA_SHARED', 'VQA_CACHE']) process.env[name] = 'x';
  try {
    const passed = Object.keys(pythonEnvironment());
    expect(passed).toEqual(
      expect.arrayContaining(['PATH', 'CUDA_VISIBLE_DEVICES', 'VQA_SHARED', 'VQA_CACHE']),
    );
    for (const name of secrets) expect(passed).not.toContain(name);
  } finally {
    process.env = before;
  }
});
