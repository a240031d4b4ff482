/** HIGRADE (Kundu et al., TIP 2017): MSCN statistics of the gradient magnitude at two scales. */
import { cross, normalised, sobel, withShifted } from './filters.ts';
import { fitGaussian } from './moments.ts';
import { emptyPlane, type Plane } from './plane.ts';
import { half } from './resize.ts';

export function gradientMagnitude(plane: Plane): Plane {
  const [across, down] = sobel(plane, 'nearest');
  for (let i = 0; i < across.data.length; i++) {
    const x = across.data[i]!;
    const y = down.data[i]!;
    across.data[i] = Math.sqrt(x * x + y * y);
  }
  return across;
}

/** L + L moved by (1, 1) − L moved by (0, 1) − L moved by (1, 0), cyclic. */
function corners({ width, height, data }: Plane): Plane {
  const out = emptyPlane(width, height);
  for (let y = 0; y < height; y++) {
    const [row, above] = [y * width, ((y + height - 1) % height) * width];
    for (let x = 0; x < width; x++) {
      const left = x > 0 ? x - 1 : width - 1;
      out.data[row + x] = data[row + x]! + data[above + left]! - data[row + left]! - data[above + x]!;
    }
  }
  return out;
}

function logarithms({ width, height, data }: Plane): Plane {
  const out = emptyPlane(width, height);
  for (let i = 0; i < data.length; i++) out.data[i] = Math.log(Math.abs(data[i]!) + 0.1);
  return out;
}

const minus = (a: number, b: number) => a - b;

export function higrade(luma: Plane) {
  const gradient = gradientMagnitude(luma);
  const fine = normalised(gradient).mscn;
  const coarse = normalised(half(gradient)).mscn;
  const log = logarithms(fine);
  const corner = fitGaussian(corners(log));
  return {
    hi1_std: fitGaussian(fine).std,
    hi1_logdd_std: corner.std,
    hi1_logdd_shape: corner.shape,
    hi1_logx_shape: fitGaussian(cross(log)).shape,
    hi2_std: fitGaussian(coarse).std,
    hi2_d1_shape: fitGaussian(withShifted(coarse, [1, 1], minus)).shape,
    hi2_d2_shape: fitGaussian(withShifted(coarse, [-1, 1], minus)).shape,
    hi2_x_std: fitGaussian(cross(coarse)).std,
  };
}
