/** Twelve real clips in all engines: the same answer where frame planes are given, nearly the same score elsewhere. */
import { expect, test } from '@playwright/test';
import { clip, hasModel, type Site, serveSite } from '../page/fixture.ts';
import { CHROMIUM, ENGINES } from './engines.ts';
import { CLIPS, CONVERTED_TOLERANCE, type EngineScores, isConverted, scoresOf } from './scores.ts';

test.skip(!hasModel || clip(CLIPS[0]) === null, 'no bundled model or no shared media');

let site: Site;
let reference: EngineScores;
test.beforeAll(async () => {
  test.setTimeout(240_000);
  site = await serveSite();
  const engine = CHROMIUM.find();
  test.skip(engine === null, 'Chromium is not installed');
  reference = await scoresOf(engine!, site.address);
});
test.afterAll(() => site?.close());

for (const { name, find } of ENGINES)
  test(`scores in ${name} are those of Chromium`, async () => {
    const engine = find();
    test.skip(engine === null, `${name} is not installed`);
    const { answers } = await scoresOf(engine!, site.address);
    for (const [i, clipName] of CLIPS.entries()) {
      const [answer, expected] = [answers[i]!, reference.answers[i]!];
      if (answer.score === null) expect(answer.error, clipName).toBe('media/codec');
      else if (expected.score === null) expect(expected.error, clipName).toBe('media/codec');
      else if (isConverted(answer))
        expect(Math.abs(answer.score - expected.score), clipName).toBeLessThanOrEqual(CONVERTED_TOLERANCE);
      else expect({ clipName, score: answer.score }).toEqual({ clipName, score: expected.score });
    }
  });
