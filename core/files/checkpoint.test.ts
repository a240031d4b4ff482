import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CodedError } from '../errors.ts';
import { featureColumns } from '../sampling/human-features.ts';
import { readConformanceProfiles } from '../sampling/profile-schema.ts';
import { builtInProfiles, poolSpace } from '../sampling/profiles.ts';
import { statisticRows } from '../sampling/statistics.ts';
import {
  motionVectorLength,
  profileNamed,
  readCheckpointConfig,
  withConformanceProfiles,
} from './checkpoint.ts';

const tiny = `${process.env.VQA_SHARED ?? '../shared'}/golden/tiny`;
const json = (name: string): unknown => JSON.parse(readFileSync(`${tiny}/${name}`, 'utf8'));

function field(value: unknown): unknown {
  try {
    readCheckpointConfig(value);
  } catch (error) {
    expect((error as CodedError).code).toBe('convert/config');
    return (error as CodedError).params.field;
  }
  return expect.unreachable();
}

describe('checkpoint config', () => {
  test('nothing said: the released 8B', () => {
    const read = readCheckpointConfig({});
    expect(read.text).toMatchObject({
      hidden_size: 3584,
      head_dim: 128,
      num_hidden_layers: 28,
      vocab_size: 151674,
    });
    expect(read.vision).toMatchObject({ hidden_size: 1024, num_hidden_layers: 24, image_size: 448 });
    expect(motionVectorLength(read.motion)).toBe(2304);
    expect(read.profiles).toEqual(builtInProfiles);
    expect(profileNamed(read).name).toBe('test12@560');
    expect(read.ignored).toEqual([]);
  });

  test('other keys of Hugging Face are listed, not refused', () => {
    const read = readCheckpointConfig({
      torch_dtype: 'bfloat16',
      llm_config: { top_k: 50, vocab_size: 2050 },
    });
    expect(read.ignored).toEqual(['torch_dtype', 'llm_config.top_k']);
    expect(read.text.vocab_size).toBe(2050);
  });

  test('a single profile needs no default, a known statistic lengthens the pooled vector', () => {
    const custom = { ...builtInProfiles['train6@448'], name: 'custom' };
    expect(profileNamed(readCheckpointConfig({ profiles: { custom } })).name).toBe('custom');
    const statistics = statisticRows.slice(0, 3).map((row) => row.name);
    expect(motionVectorLength(readCheckpointConfig({ motion_config: { statistics } }).motion)).toBe(2307);
  });

  test('rope theta under its newer name', () => {
    const read = readCheckpointConfig({ llm_config: { rope_parameters: { rope_theta: 10000 } } });
    expect(read.text.rope_theta).toBe(10000);
  });

  test.each([
    ['llm_config', 'num_hidden_layers'],
    ['llm_config', 'vocab_size'],
    ['llm_config', 'hidden_size'],
    ['llm_config', 'head_dim'],
    ['vision_config', 'num_hidden_layers'],
    ['vision_config', 'image_size'],
    ['motion_config', 'stem_slow'],
    ['motion_config', 'expansion'],
  ])('%s.%s of a billion is refused before anything is allocated', (section, key) => {
    expect(field({ [section]: { [key]: 1e9 } })).toBe(`${section}.${key}`);
  });

  test('a depth of a billion is refused', () => {
    expect(field({ motion_config: { depths: [3, 4, 1e9, 3] } })).toMatch(/^motion_config\.depths\b.*2/);
  });

  test('what this architecture does not compute is refused', () => {
    expect(field({ vision_config: { qk_normalization: true } })).toBe('vision_config.qk_normalization');
    expect(field({ ps_version: 'v1' })).toBe('ps_version');
    expect(field({ select_layer: -4 })).toBe('select_layer');
    expect(field({ llm_config: { use_sliding_window: true } })).toBe('llm_config.use_sliding_window');
    expect(field({ motion_config: { stem: 3 } })).toBe('motion_config.stem');
    expect(field({ motion_config: { statistics: ['a', 'a'] } })).toBe('motion_config.statistics');
    expect(field({ motion_config: { depths: [] } })).toBe('motion_config.depths');
    const twoFrames = statisticRows.find((row) => row.map === 'pair')!.name;
    expect(field({ vision_config: { statistics: [twoFrames] } })).toBe('vision_config.statistics');
    expect(field({ motion_config: { statistics: ['no such statistic'] } })).toBe('motion_config.statistics');
    const columns = { quality_features: [...featureColumns] };
    expect(field({ motion_config: columns })).toBe('motion_config.quality_hidden');
    expect(field({ motion_config: { quality_features: ['avg_si'], quality_hidden: 8 } })).toBe(
      'motion_config.quality_features',
    );
    expect(
      readCheckpointConfig({ motion_config: { ...columns, quality_hidden: 8 } }).motion.quality_outputs,
    ).toBe(1);
    expect(field({ llm_config: { rope_scaling: { type: 'yarn', factor: 4 } } })).toBe(
      'llm_config.rope_scaling.type',
    );
    expect(field({ default_profile: 'none' })).toBe('default_profile');
    const custom = { ...builtInProfiles['test12@560'], name: 'custom', tokensPerFrame: 100 };
    expect(field({ profiles: { custom }, default_profile: 'custom' })).toBe('profiles.custom.tokensPerFrame');
  });
});

describe.skipIf(!existsSync(tiny))('conformance checkpoint', () => {
  test('config.json and profiles.json are read', () => {
    const given = readConformanceProfiles(json('profiles.json'));
    const read = withConformanceProfiles(readCheckpointConfig(json('config.json')), given);
    expect(motionVectorLength(read.motion)).toBe(288);
    expect(read.text).toMatchObject({
      hidden_size: 112,
      head_dim: 8,
      num_key_value_heads: 2,
      vocab_size: 400,
    });
    const test12 = profileNamed(read, 'test12');
    expect(test12).toMatchObject({
      frames: 12,
      size: 280,
      tokensPerFrame: 100,
      slowIndices: [0, 5, 11],
      prompt: 'official-test',
      tokenIds: { imageStart: 392, imageEnd: 393, context: 394 },
    });
    expect(test12.poolTime).toEqual(builtInProfiles['test12@560'].poolTime);
    expect(test12.poolSpace).toEqual(poolSpace(280));
    expect(profileNamed(read, 'train6').prompt).toBe('official-train');
    expect(read.ignored).toContain('llm_config.top_k');
  });
});
