import { THIN } from '../../../core/text/format.ts';

/** `3.05 s` */
export const s = (seconds: number, decimals = 2): string => `${seconds.toFixed(decimals)}${THIN}s`;
