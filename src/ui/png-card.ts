/** Canvas, colours and fonts of pictures that are exported as PNG: dark on white, whatever the theme. */

/** Units of layout; the canvas has `SCALE` pixels for each. */
export const CARD_WIDTH = 1200;
export const CARD_PAD = 56;
const SCALE = 2;

/** Those of the light theme (tokens.css). */
export const CARD_COLOURS = {
  ink: '#171717',
  ink2: '#494949',
  ink3: '#666666',
  line: '#dadada',
  paper: '#ffffff',
} as const;

export interface Card {
  readonly context: OffscreenCanvasRenderingContext2D;
  toPng(): Promise<Blob>;
}

/** A white card of a height in units of layout. @throws Error without a canvas */
export function createCard(height: number): Card {
  const canvas = new OffscreenCanvas(CARD_WIDTH * SCALE, height * SCALE);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no canvas');
  context.scale(SCALE, SCALE);
  context.fillStyle = CARD_COLOURS.paper;
  context.fillRect(0, 0, CARD_WIDTH, height);
  return { context, toPng: () => canvas.convertToBlob({ type: 'image/png' }) };
}

/** Families of the page's three voices in a language. */
export function cardFonts(lang: string): {
  readonly ui: string;
  readonly voice: string;
  readonly num: string;
} {
  const probe = document.createElement('span');
  probe.lang = lang;
  document.body.append(probe);
  const style = getComputedStyle(probe);
  const families = {
    ui: style.getPropertyValue('--ui') || 'sans-serif',
    voice: style.getPropertyValue('--voice') || 'serif',
    num: style.getPropertyValue('--num') || 'sans-serif',
  };
  probe.remove();
  return families;
}
