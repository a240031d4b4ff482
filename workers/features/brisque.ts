/** BRISQUE (Mittal et al., TIP 2012): products of neighbouring MSCN coefficients. */
import type { Luma } from './luma.ts';
import { fitProducts } from './moments.ts';

export function brisque({ maps, halfMaps }: Luma) {
  return {
    br1_v_lvar: fitProducts(maps.mscn, [1, 0]).left,
    br2_h_lvar: fitProducts(halfMaps.mscn, [0, 1]).left,
    br2_d_shape: fitProducts(halfMaps.mscn, [1, 1]).shape,
  };
}
