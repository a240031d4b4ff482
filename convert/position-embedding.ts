/** Resizing of the ViT's position grid at export, as `interpolate(mode='bicubic', align_corners=False)` of PyTorch. */

/** Cubic convolution with a = −0.75, torch's constant. */
const a = -0.75;

function kernel(x: number): number {
  const t = Math.abs(x);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * a;
  return 0;
}

/** Four source positions and weights for each of `to` positions; the border is repeated, without antialiasing. */
function taps(from: number, to: number): { positions: number[]; weights: number[] }[] {
  return Array.from({ length: to }, (_, i) => {
    const centre = ((i + 0.5) * from) / to - 0.5;
    const left = Math.floor(centre);
    const positions = [-1, 0, 1, 2].map((d) => Math.max(0, Math.min(from - 1, left + d)));
    return { positions: positions, weights: [-1, 0, 1, 2].map((d) => kernel(centre - left - d)) };
  });
}

/**
 * @param grid [from, from, width], row-major
 * @returns [to, to, width]
 */
export function resizeGrid(grid: Float32Array, from: number, to: number, width: number): Float32Array {
  if (from === to) return grid;
  const axis = taps(from, to);
  const out = new Float32Array(to * to * width);
  for (const [y, row] of axis.entries()) {
    for (const [x, column] of axis.entries()) {
      for (let c = 0; c < width; c++) {
        let sum = 0;
        for (let i = 0; i < 4; i++) {
          for (let j = 0; j < 4; j++) {
            const at = (row.positions[i]! * from + column.positions[j]!) * width + c;
            sum += row.weights[i]! * column.weights[j]! * grid[at]!;
          }
        }
        out[(y * to + x) * width + c] = sum;
      }
    }
  }
  return out;
}
