import { describe, expect, it } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { type ComparedFacts, lumaTable, planComparison, waitingFrames } from './plan.ts';

const facts = (width: number, height: number, more: Partial<ComparedFacts> = {}): ComparedFacts => ({
  width,
  height,
  bitDepth: 8,
  colour: { matrix: 'bt709', range: 'limited', source: 'bitstream', transfer: 'sdr' },
  ...more,
});

describe('planComparison', () => {
  it('takes equal sides as they are', () => {
    expect(planComparison(facts(800, 640), facts(800, 640))).toEqual({
      width: 800,
      height: 640,
      bitDepth: 8,
      peak: 255,
      range: 'limited',
      resized: null,
      mixedMatrices: false,
    });
  });

  it('enlarges the smaller side and goes to the greater depth', () => {
    const small = facts(1280, 720, { bitDepth: 10 });
    expect(planComparison(facts(1920, 1080), small)).toMatchObject({ width: 1920, resized: 'b', peak: 1023 });
    expect(planComparison(small, facts(1920, 1080))).toMatchObject({ height: 1080, resized: 'a' });
  });

  it('takes 848 × 480 for 16:9, and refuses another shape with both sizes', () => {
    expect(planComparison(facts(1920, 1080), facts(848, 480)).resized).toBe('b');
    expect(() => planComparison(facts(800, 640), facts(960, 540))).toThrow(
      expect.objectContaining({ code: 'compare/aspect', params: { a: '800 × 640', b: '960 × 540' } }),
    );
    expect(() => planComparison(facts(1080, 1920), facts(1920, 1080))).toThrow(CodedError);
  });
});

describe('waitingFrames', () => {
  it('bounds the memory of both sides', () => {
    const both = (side: ComparedFacts) => waitingFrames([side, side]);
    expect(both(facts(1920, 1080))).toBe(8);
    expect(both(facts(3840, 2160))).toBe(5);
    expect(both(facts(3840, 2160, { bitDepth: 10 }))).toBe(2);
    expect(both(facts(7680, 4320, { bitDepth: 10 }))).toBe(2);
  });
});

describe('lumaTable', () => {
  it('is null between equal scales', () => {
    expect(lumaTable({ bitDepth: 8, range: 'full' }, { bitDepth: 8, range: 'full' })).toBeNull();
  });

  it('multiplies limited samples by four for two more bits', () => {
    const table = lumaTable({ bitDepth: 8, range: 'limited' }, { bitDepth: 10, range: 'limited' })!;
    expect([table[16], table[100], table[235], table[255]]).toEqual([64, 400, 940, 1020]);
  });

  it('brings black and white of the full range to those of the limited one, and back', () => {
    const table = lumaTable({ bitDepth: 8, range: 'full' }, { bitDepth: 8, range: 'limited' })!;
    expect([table[0], table[255]]).toEqual([16, 235]);
    const back = lumaTable({ bitDepth: 8, range: 'limited' }, { bitDepth: 8, range: 'full' })!;
    expect([back[0], back[16], back[235], back[255]]).toEqual([0, 0, 255, 255]);
  });
});
