import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import table from '../training/distortions.json' with { type: 'json' };
import { distortionTerms } from './distortion-terms.ts';
import { distortionLabel, distortionsOf, findDistortions } from './lexicon.ts';

/** `+id` found, `-id` ruled out, in the order of the text. */
const says = (text: string) => findDistortions(text).map((m) => (m.says === 'found' ? '+' : '-') + m.id);

const cases: [string, string[]][] = [
  ['There is no visible blur, noise or flicker.', ['-blur', '-noise', '-flicker']],
  ['No shaking, but heavy compression artifacts.', ['-shake', '+compression']],
  ['Free of noise and slight blur appears in frame 6.', ['-noise', '+blur']],
  ['Not only blurry but also noisy.', ['+blur', '+noise']],
  ['It is not free of noise.', ['+noise']],
  ['Noise is not visible.', ['-noise']],
  ["The clip isn't blurry; motion blur is strong.", ['-blur', '+motion-blur']],
  ['A noise-free picture with low contrast', ['-noise', '+contrast']],
  ['no blur, slight noise', ['-blur', '+noise']],
  ['No blur is visible and noise is strong.', ['-blur', '+noise']],
  ['Lack of sharpness and dull colors', ['+blur', '+colour']],
  ['It is not sharp and noisy', ['+blur', '+noise']],
  ['The image is not stable and blur occurs', ['+blur']],
  ["There's no banding, the shaking is mild", ['-banding', '+shake']],
  ['without freezing or dropped frames, although ghosting occurs', ['-freeze', '-drop', '+ghosting']],
  ['Colors are faded. Frames freeze.', ['+colour', '+freeze']],
  ['Blocking is barely noticeable', ['-compression']],
  ['does not suffer from blur, noise, or banding', ['-blur', '-noise', '-banding']],
  ['the video lacks noise, however it stutters', ['-noise', '+drop']],
  ['good contrast, natural colours, high resolution', []],
  [
    'overexposed sky, underexposed ground, jagged edges, ringing',
    ['+over', '+under', '+aliasing', '+ringing'],
  ],
  ['out of focus and low resolution', ['+focus', '+lowres']],
  ['画面没有明显模糊、噪声和闪烁，但有轻微抖动。', ['-blur', '-noise', '-flicker', '+shake']],
  ['噪声不明显，画面不清晰', ['-noise', '+blur']],
  ['无卡顿，存在过曝', ['-drop', '+over']],
  ['没有模糊但噪点严重', ['-blur', '+noise']],
  ['I cannot overlook strong blur.', ['+blur']],
  ['I find neither blur nor banding.', ['-blur', '-banding']],
  ['no noise and no banding', ['-noise', '-banding']],
  ['运动模糊明显，对比度不足', ['+motion-blur', '+contrast']],
  ['Heavy packet loss leaves stuck blocks.', ['+corruption', '+corruption']],
  [
    'No corrupted frames, no transmission errors; smeared edges',
    ['-corruption', '-corruption', '+motion-blur'],
  ],
  ['Smeared blocks appear, the rest is free of blocking.', ['+corruption', '-compression']],
  ['Frames are out of order, no frame is frozen.', ['+disorder', '-freeze']],
  ['Shuffled frames, but the focus holds', ['+disorder']],
  ['There is no frame disorder and no over-sharpening.', ['-disorder', '-ringing']],
  ['Frame order errors later on; frame drops are not visible', ['+disorder', '-drop']],
  ['Comb artefacts on edges, halos around them', ['+interlacing', '+ringing']],
  ['The camera is in order.', []],
  ['没有花屏，但帧序错乱明显，边缘有振铃', ['-corruption', '+disorder', '+ringing']],
];

describe('distortions in a text', () => {
  test.each(cases)('%s', (text, expected) => {
    expect(says(text)).toEqual(expected);
  });

  test('spans hold the words', () => {
    const text = 'Heavy motion blur here.';
    expect(findDistortions(text).map((m) => text.slice(m.start, m.end))).toEqual(['motion blur']);
  });

  test('found wins over ruled out; each once', () => {
    const marks = findDistortions('No blur at first. Blur later, and noise, and noise. No banding.');
    expect(distortionsOf(marks)).toEqual({ named: ['blur', 'noise'], ruledOut: ['banding'] });
  });

  test('those of the training data are all there, with labels', () => {
    const ids = distortionTerms.map((t) => t.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id } of table.distortions) {
      expect(ids).toContain(id);
      for (const language of ['en', 'zh'] as const) expect(distortionLabel(id, language)).not.toBe(id);
    }
  });

  test('every Chinese term is found as its own id', () => {
    for (const term of distortionTerms) {
      for (const word of term.zh)
        expect(
          findDistortions(`画面${word}`).map((m) => m.id),
          word,
        ).toEqual([term.id]);
    }
  });
});

const sentences = new URL('../../training-server/torch/small/text/', import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, sentences), 'utf8'));

describe.skipIf(!existsSync(sentences))('the sentences of the small model', () => {
  test('every name of a distortion is found, as itself and once', () => {
    for (const [id, { names }] of Object.entries<{ names: string[] }>(read('distortions'))) {
      for (const name of names) {
        expect(
          findDistortions(`I clearly see strong ${name} in the first half.`).map((m) => m.id),
          name,
        ).toEqual([id]);
      }
    }
  });

  test('every phrase for a distortion that is present, and for one that is absent', () => {
    const { first, further } = read('sentences');
    for (const frame of [...first.weak, ...first.strong, ...further]) {
      expect(says(frame.replace('{distortion}', 'slight flicker')), frame).toEqual(['+flicker']);
    }
    for (const frame of read('fine').absences) {
      expect(says(frame.replace('{a}', 'flicker').replace('{b}', 'noise')), frame).toEqual([
        '-flicker',
        '-noise',
      ]);
    }
  });

  test('no other sentence names a distortion, an effect at most its own', () => {
    for (const [id, { effects }] of Object.entries<{ effects: string[] }>(read('distortions')))
      for (const text of effects)
        expect(
          says(text).filter((mark) => mark !== `+${id}`),
          text,
        ).toEqual([]);
    const fine = read('fine').clauses.map((c: { text: string }) => c.text);
    const { high, low } = read('sentences').clean;
    for (const text of [...fine, ...high, ...low]) {
      expect(says(text), text).toEqual([]);
    }
  });
});

describe('while the text is written', () => {
  const sentence = fc.constantFrom(
    ...cases.map(([text]) => text),
    'The camera moves',
    'blur',
    'no',
    'and noise',
    '3.5',
    '，',
    '。',
  );
  test('a mark once given stays as it is', () => {
    fc.assert(
      fc.property(fc.array(sentence, { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.join(' ');
        const whole = findDistortions(text);
        for (let end = 0; end <= text.length; end += 3) {
          const marks = findDistortions(text.slice(0, end), false);
          expect(marks).toEqual(whole.slice(0, marks.length));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('marks do come before the end', () => {
    expect(findDistortions('Heavy noise, and', false).map((m) => m.id)).toEqual(['noise']);
    expect(findDistortions('Heavy nois', false)).toEqual([]);
    expect(findDistortions('Heavy noise', false)).toEqual([]);
  });
});
