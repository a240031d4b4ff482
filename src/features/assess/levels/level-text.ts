/** A level score as text: score, levels, file, model, time, prompt; a line each. */
import type { Result } from '../../../../core/files/result.ts';
import type { Lang } from '../../../../core/text/lang.ts';
import { MESSAGES } from '../../../ui/messages/useMessages.tsx';
import { probabilityText, resultView } from './level-view.ts';
import { LEVEL_MESSAGES } from './messages/useLevelMessages.ts';

export function levelResultText(result: Result, lang: Lang): string {
  const t = LEVEL_MESSAGES[lang];
  const { units } = MESSAGES[lang];
  const view = resultView(result);
  if (!view) return '';
  const { file, model } = result;
  const seconds = Object.values(result.timings).reduce((sum, value) => sum + value, 0);
  const levels = view.rows.map(
    ({ band, probability }) => `${t.names[band - 1]} ${probabilityText(probability)}`,
  );
  return [
    t.textHead(view.score, t.names[view.band - 1]!),
    `${t.textLevels}: ${units.list(levels)}`,
    `${t.protocol}: ${view.protocol}`,
    `${t.textFile}: ${file.name}, ${file.width} × ${file.height}, ${units.frames(file.frames)}`,
    `${t.textModel}: ${model.name}, ${model.dtype}, ${model.backend}`,
    `${t.read}: ${t.readValue(view.keyFrames, view.dense.count, view.dense.step)}`,
    `${t.textTime}: ${units.seconds(seconds)}`,
    `${t.textPrompt}: ${JSON.stringify(view.prompt)}`,
  ].join('\n');
}
