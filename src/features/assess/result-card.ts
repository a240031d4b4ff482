/** The PNG export: one frame, the score on its ruler, the reasoning. Always dark on white, whatever the theme. */
import { viewAnswer } from '../../../core/answer/answer-stream.ts';
import { bands, offRuler, rulerPosition } from '../../../core/answer/grades.ts';
import type { Result } from '../../../core/files/result.ts';
import { CARD_COLOURS, CARD_PAD, CARD_WIDTH, cardFonts, createCard } from '../../ui/png-card.ts';
import { scaleSentence, writtenScore } from './export-text.ts';
import type { AssessMessages } from './messages/useAssessMessages.ts';
import { langOf } from './run-view.ts';

const { ink: INK, ink2: INK_2, ink3: INK_3, line: LINE } = CARD_COLOURS;
const EDGE = '#848484';
/** The light theme's bands (tokens.css). */
const BANDS = ['#7d0f2c', '#b9461a', '#a4872b', '#1a8fa6', '#2c39a6'] as const;

const voiceLine = { en: 34, zh: 40 } as const;

/** Lines of a text within a width: at spaces, and between Han characters. */
export function wrapText(text: string, width: number, measure: (text: string) => number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split(/\n+/)) {
    let line = '';
    for (const piece of paragraph.match(/\p{Script=Han}[，。；：、！？]?|[^\s\p{Script=Han}]+\s*|\s+/gu) ??
      []) {
      if (line !== '' && measure((line + piece).trimEnd()) > width) {
        lines.push(line.trimEnd());
        line = piece.trimStart();
      } else line += piece;
    }
    if (line.trim() !== '') lines.push(line.trimEnd());
  }
  return lines;
}

function drawRuler(
  context: OffscreenCanvasRenderingContext2D,
  y: number,
  result: Result,
  t: AssessMessages,
  ui: string,
) {
  const left = CARD_PAD;
  const width = CARD_WIDTH - 2 * CARD_PAD;
  const x = (score: number) => left + rulerPosition(score) * width;
  for (let tenth = 10; tenth <= 50; tenth++) {
    const height = tenth % 10 === 0 ? 20 : tenth % 5 === 0 ? 13 : 8;
    context.fillStyle = tenth % 10 === 0 ? INK : EDGE;
    context.fillRect(x(tenth / 10) - 0.75, y - height, 1.5, height);
  }
  for (const { grade, from, to } of bands) {
    const lit = result.band === grade;
    context.fillStyle = lit ? (BANDS[grade - 1] as string) : LINE;
    context.fillRect(x(from) + 1, y + 4, x(to) - x(from) - 2, 8);
    context.fillStyle = lit ? INK : INK_3;
    context.font = `${lit ? 600 : 400} 17px ${ui}`;
    context.textAlign = grade === 1 ? 'left' : grade === 5 ? 'right' : 'center';
    context.fillText(`${grade} ${t.grades.names[grade - 1]}`, x(grade), y + 38);
  }
  context.textAlign = 'left';
  if (result.score === null) return;
  const at = x(result.score);
  const off = offRuler(result.score);
  context.fillStyle = INK;
  context.beginPath();
  if (off === null) {
    context.moveTo(at - 9, y - 40);
    context.lineTo(at + 9, y - 40);
    context.lineTo(at, y - 24);
  } else {
    const tip = off === 'below' ? at - 18 : at + 18;
    context.moveTo(tip, y - 26);
    context.lineTo(at, y - 36);
    context.lineTo(at, y - 16);
  }
  context.fill();
  if (off === null) context.fillRect(at - 1.5, y - 26, 3, 38);
}

/**
 * @param image the frame to show, in its display aspect; null for none
 * @param why sentence that replaces a missing score
 */
export async function resultCard(
  result: Result,
  image: (CanvasImageSource & { readonly width: number; readonly height: number }) | null,
  t: AssessMessages,
  pageLang: string,
  why: string,
): Promise<Blob> {
  const text = viewAnswer(result.answers[0]?.text ?? '').thinking.trim();
  const lang = langOf(text);
  const { ui, num } = cardFonts(pageLang);
  const { voice } = cardFonts(lang);
  const measuring = new OffscreenCanvas(1, 1).getContext('2d');
  if (!measuring) throw new Error('no canvas');
  measuring.font = `22px ${voice}`;
  const lines = wrapText(text, CARD_WIDTH - 2 * CARD_PAD, (s) => measuring.measureText(s).width);
  const imageHeight = image ? Math.min(620, Math.round((CARD_WIDTH * image.height) / image.width)) : 0;
  const lineHeight = voiceLine[lang];
  const height = imageHeight + 350 + lines.length * lineHeight + 80;

  const { context, toPng } = createCard(height);
  context.textBaseline = 'alphabetic';
  if (image) {
    context.fillStyle = '#161616';
    context.fillRect(0, 0, CARD_WIDTH, imageHeight);
    const width = Math.min(CARD_WIDTH, (imageHeight * image.width) / image.height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, (CARD_WIDTH - width) / 2, 0, width, imageHeight);
  }

  let y = imageHeight + 112;
  context.fillStyle = INK;
  const score = result.score === null ? '–' : writtenScore(result);
  context.font = `300 92px ${num}`;
  context.fillText(score, CARD_PAD - 4, y);
  const beside = CARD_PAD + context.measureText(score).width + 28;
  context.font = `600 34px ${ui}`;
  const grade = result.band === undefined ? t.answers.noScore : (t.grades.names[result.band - 1] ?? '');
  if (result.band !== undefined) {
    for (let n = 1; n <= 5; n++) {
      const bar = 8 + 6 * (n - 1);
      context.fillStyle = n <= result.band ? (BANDS[result.band - 1] as string) : LINE;
      context.fillRect(beside + (n - 1) * 8, y - 32 - bar + 1, 6, bar);
    }
  }
  context.fillStyle = INK;
  context.fillText(grade, beside + (result.band === undefined ? 0 : 54), y - 32);
  context.fillStyle = INK_2;
  context.font = `400 21px ${ui}`;
  context.fillText(result.band === undefined ? why : (t.grades.sentences[result.band - 1] ?? ''), beside, y);
  y += 92;
  drawRuler(context, y, result, t, ui);
  y += 82;
  context.fillStyle = INK_2;
  context.font = `400 19px ${ui}`;
  context.fillText(scaleSentence(result, t) || t.score.noPopulation, CARD_PAD, y);
  y += 50;
  context.fillStyle = INK;
  context.font = `400 22px ${voice}`;
  for (const line of lines) {
    context.fillText(line, CARD_PAD, y);
    y += lineHeight;
  }
  context.fillStyle = INK_3;
  context.font = `400 16px ${ui}`;
  const { file, model } = result;
  context.fillText(
    t.units.facts([file.name, `${file.width} × ${file.height}`, model.name, t.app.name]),
    CARD_PAD,
    height - 36,
  );
  return toPng();
}
