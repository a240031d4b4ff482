/** The PNG of a comparison: both files, their values and the curve of each metric. Dark on white, whatever the theme. */
import { clock as time } from '../../../core/text/format.ts';
import { CARD_COLOURS, CARD_PAD, CARD_WIDTH, cardFonts, createCard } from '../../ui/png-card.ts';
import { kilobits } from './bit-rate.ts';
import type { CompareMessages } from './messages/en.ts';
import { METRICS, type MetricName, metricAxis, metricPath, metricValues } from './metric-plot.ts';
import type { ReportInput } from './report.ts';
import { summaryOf } from './state/measure.ts';

const CURVE = 150;
const GUTTER = 64;
const { ink: INK, ink2: INK_2, ink3: INK_3, line: LINE } = CARD_COLOURS;
const VIOLET = '#9c40c6';

type Context = OffscreenCanvasRenderingContext2D;

/** Text that is cut in its middle where it is too wide: the ends of file names tell them apart. */
export function cutMiddle(text: string, fits: (text: string) => boolean): string {
  if (fits(text)) return text;
  for (let length = text.length - 1; length > 2; length--) {
    const cut = `${text.slice(0, Math.ceil(length / 2))}…${text.slice(text.length - Math.floor(length / 2))}`;
    if (fits(cut)) return cut;
  }
  return '…';
}

/** Draws one side's name and facts; returns the height taken. */
function drawSide(
  context: Context,
  y: number,
  name: 'A' | 'B',
  input: ReportInput,
  t: CompareMessages,
  ui: string,
) {
  const { facts, scores } = name === 'A' ? input.a : input.b;
  context.fillStyle = name === 'A' ? INK : VIOLET;
  context.fillRect(CARD_PAD, y - 22, 30, 30);
  context.fillStyle = '#ffffff';
  context.font = `600 19px ${ui}`;
  context.textAlign = 'center';
  context.fillText(name, CARD_PAD + 15, y);
  context.textAlign = 'left';
  context.fillStyle = INK;
  context.font = `600 23px ${ui}`;
  const room = CARD_WIDTH - 2 * CARD_PAD - 46;
  context.fillText(
    cutMiddle(facts.name, (text) => context.measureText(text).width <= room),
    CARD_PAD + 46,
    y,
  );
  context.fillStyle = INK_2;
  context.font = `400 19px ${ui}`;
  const parts = [
    t.files.codec(facts.codecName, facts.bitDepth),
    t.files.bitRate(kilobits(facts)),
    `${facts.width} × ${facts.height}`,
    t.files.fps(Number(facts.fps.toFixed(3))),
    time(facts.duration),
  ];
  if (scores) parts.push(t.report.score(scores.mean.toFixed(2), input.model ?? ''));
  context.fillText(parts.join('   '), CARD_PAD + 46, y + 32);
}

function summaryValues(input: ReportInput, t: CompareMessages): (readonly [string, string])[] {
  const summary = summaryOf(input.measured);
  if (!summary) return [];
  const db = (value: number | null) =>
    value === null ? '–' : Number.isFinite(value) ? t.metrics.db(value.toFixed(2)) : t.metrics.identical;
  return [
    [t.metrics.rows.psnr, db(summary.meanPsnr ?? summary.psnrOfMeanMse)],
    [t.metrics.rows.psnrOfMeanMse, db(summary.psnrOfMeanMse)],
    [t.report.lowest, db(summary.minPsnr?.value ?? null)],
    [t.metrics.rows.ssim, summary.meanSsim?.toFixed(4) ?? '–'],
  ];
}

function drawSummary(
  context: Context,
  y: number,
  values: readonly (readonly [string, string])[],
  ui: string,
) {
  const column = (CARD_WIDTH - 2 * CARD_PAD) / values.length;
  for (const [i, [name, value]] of values.entries()) {
    context.fillStyle = INK;
    context.font = `300 44px ${ui}`;
    context.fillText(value, CARD_PAD + i * column, y);
    context.fillStyle = INK_3;
    context.font = `400 16px ${ui}`;
    context.fillText(name, CARD_PAD + i * column, y + 28);
  }
}

function drawCurve(
  context: Context,
  y: number,
  name: MetricName,
  input: ReportInput,
  t: CompareMessages,
  ui: string,
) {
  const values = metricValues(name, input.measured);
  const axis = metricAxis(name, values);
  const width = CARD_WIDTH - 2 * CARD_PAD - GUTTER;
  context.fillStyle = INK;
  context.font = `600 18px ${ui}`;
  context.fillText(t.metrics.names[name], CARD_PAD, y - 26);
  context.font = `400 15px ${ui}`;
  context.textAlign = 'right';
  for (const tick of axis.ticks) {
    const level = y + CURVE - ((tick - axis.low) / (axis.high - axis.low)) * CURVE;
    context.fillStyle = LINE;
    context.fillRect(CARD_PAD + GUTTER, level, width, 1);
    context.fillStyle = INK_3;
    context.fillText(tick.toFixed(axis.decimals), CARD_PAD + GUTTER - 12, level + 5);
  }
  context.textAlign = 'left';
  context.save();
  context.translate(CARD_PAD + GUTTER, y);
  context.strokeStyle = VIOLET;
  context.lineWidth = 1.75;
  context.lineJoin = 'round';
  context.stroke(new Path2D(metricPath(values, axis, width, CURVE)));
  context.restore();
}

/** @param lang language of the page */
export async function reportCard(input: ReportInput, t: CompareMessages, lang: string): Promise<Blob> {
  const { measured } = input;
  const curves = METRICS.filter((name) => name !== 'vmaf' || measured.vmaf !== null).filter(
    (name) => name === 'vmaf' || measured.done > 0,
  );
  const values = summaryValues(input, t);
  const above = 260 + (values.length > 0 ? 140 : 0);
  const height = above + curves.length * (CURVE + 84) + 60;
  const { context, toPng } = createCard(height);
  const { ui } = cardFonts(lang);
  drawSide(context, 80, 'A', input, t, ui);
  drawSide(context, 165, 'B', input, t, ui);
  drawSummary(context, 280, values, ui);
  for (const [i, name] of curves.entries()) drawCurve(context, above + i * (CURVE + 84), name, input, t, ui);
  context.fillStyle = INK_3;
  context.font = `400 15px ${ui}`;
  const { luma } = measured;
  const note = luma ? t.metrics.definition(`${luma.width} × ${luma.height}`, luma.bitDepth) : '';
  context.fillText(['VQAThinker', note].filter(Boolean).join(' · '), CARD_PAD, height - 28);
  return toPng();
}
