import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { perturbModes } from '../../../../core/sampling/perturb.ts';
import {
  ANSWERS,
  type CompareLink,
  type CompareSettings,
  DEFAULTS,
  GAINS,
  LOOPS,
  linkQuery,
  parseLink,
  REWARD_MODES,
  VIEWS,
} from './settings.ts';

const fixed = (min: number, max: number, digits: number) =>
  fc.integer({ min: Math.ceil(min * 10 ** digits), max: max * 10 ** digits }).map((n) => n / 10 ** digits);
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });

const settings: fc.Arbitrary<CompareSettings> = fc.record({
  view: fc.constantFrom(...VIEWS),
  split: fixed(0, 1, 4),
  horizontal: fc.boolean(),
  opacity: fixed(0, 1, 3),
  gain: fc.constantFrom(...GAINS),
  luma: fc.boolean(),
  swapped: fc.boolean(),
  offset: fc.integer({ min: -500, max: 500 }),
  zoom: optional(fixed(0.25, 8, 4)),
  centre: fc.tuple(fixed(0, 1, 4), fixed(0, 1, 4)),
  loop: fc.constantFrom(...LOOPS),
  rate: fc.constantFrom(-2, -1, 0.25, 1, 4),
  mode: fc.constantFrom(...perturbModes),
  over: fc.constantFrom('sampled', 'video'),
  strength: optional(fc.integer({ min: 1, max: 9999 })),
  seed: fc.nat(),
  answers: fc.constantFrom(...ANSWERS),
  rewards: fc.constantFrom(...REWARD_MODES),
  mosA: optional(fixed(1, 5, 2)),
  mosB: optional(fixed(1, 5, 2)),
});
const file = fc.record({
  name: fc.string({ minLength: 1 }),
  sha256: fc.constantFrom('', 'a1'.repeat(32)),
});

describe('the link', () => {
  it('gives back what went in', () => {
    const link = fc.record({ settings, position: fc.nat(100_000), a: optional(file), b: optional(file) });
    fc.assert(
      fc.property(link, (given) => {
        // A fitted image has no centre.
        const expected: CompareLink =
          given.settings.zoom === null
            ? { ...given, settings: { ...given.settings, centre: DEFAULTS.centre } }
            : given;
        expect(parseLink(linkQuery(given))).toEqual(expected);
      }),
    );
  });
  it('is empty at the start', () => {
    const start = { settings: DEFAULTS, position: 0, a: null, b: null };
    expect(linkQuery(start)).toBe('');
    expect(parseLink('')).toEqual(start);
  });
  it('reads the keys of older links', () => {
    const { settings, position } = parseLink('damage=jitter&place=7');
    expect([settings.mode, position]).toEqual(['jitter', 7]);
    expect(parseLink('damage=jitter&perturbation=reverse').settings.mode).toBe('reverse');
    expect(linkQuery(parseLink('damage=jitter&place=7'))).toBe('perturbation=jitter&position=7');
  });
  it('takes nothing that is out of bounds', () => {
    const hostile =
      'view=x&split=7&opacity=-1&gain=3&offset=1.5&zoom=99&at=2,2&rate=0&perturbation=burn&s=0&seed=-1&k=1000&mos=9&position=-4&a=&ahash=zz&rewards=mine&split=';
    expect(parseLink(hostile)).toEqual({ settings: DEFAULTS, position: 0, a: null, b: null });
    expect(parseLink('a=x.mp4&ahash=javascript:alert(1)').a).toEqual({ name: 'x.mp4', sha256: '' });
  });
});
