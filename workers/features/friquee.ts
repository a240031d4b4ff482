/** FRIQUEE (Ghadiyaram, Bovik, JoV 2017): luma, and of the chroma map the features of windowed deviations. */
import { chromaMap, type YcbcrPlanes } from './colour.ts';
import { bandOf, normalised } from './filters.ts';
import type { Luma } from './luma.ts';
import { fitProducts, momentsOf } from './moments.ts';
import { meanOf } from './plane.ts';
import { half } from './resize.ts';

export function friqueeLuma({ maps, halfMaps }: Luma) {
  const across = fitProducts(maps.mscn, [0, 1]);
  const band = normalised(bandOf(maps.sigma));
  const bandMoments = momentsOf(band.mscn);
  return {
    fl_h_skew: across.skew,
    fl_sigma1: meanOf(maps.sigma),
    fl_h_shape: across.shape,
    fl_sigma2: meanOf(halfMaps.sigma),
    fl_n2_skew: momentsOf(halfMaps.mscn).skew,
    fl_dog_std: bandMoments.rms,
    fl_dog_kurt: bandMoments.kurtosis,
    fl_dogs_kurt: momentsOf(normalised(band.sigma).mscn).kurtosis,
  };
}

export function friqueeChroma(planes: YcbcrPlanes) {
  const chroma = chromaMap(planes);
  const reduced = momentsOf(normalised(half(chroma)).sigma);
  return {
    fc_sigma_skew: momentsOf(normalised(chroma).sigma).skew,
    fc2_sigma_kurt: reduced.kurtosis,
    fc2_sigma: reduced.mean,
  };
}
