/** `.878`: a correlation as papers print it; `–` where it is not defined. */
export function plainFigure(value: number, digits = 3): string {
  return Number.isFinite(value)
    ? value
        .toFixed(digits)
        .replace(/^(-?)0\./, '$1.')
        .replace('-', '−')
    : '–';
}
