/** Texts about a conversion in the page, in English. */
import { bytes, THIN } from '../../../../core/text/format.ts';
import type { OfferedDtype } from '../../../../workers/convert/api.ts';

const percentOf = (share: number) => `${Math.floor(share * 100)}${THIN}%`;

export const conversionEn = {
  offer: (name: string): string => `Convert ${name}`,
  from: (repository: string, commit: string, host: string): string =>
    `**${repository}** on ${host}, version \`${commit.slice(0, 8)}\`: read once over the network and converted on the way; the checkpoint is not stored.`,
  fromFolder: (name: string): string => `**${name}**, from a folder of this device, which stays as it is.`,
  sizes: (weights: number, stored: number, free: number | null): string =>
    free === null
      ? `${bytes(weights)} to read, ${bytes(stored)} of storage for the package.`
      : `${bytes(weights)} to read, ${bytes(stored)} of storage for the package, ${bytes(free)} free for this page.`,
  tooLittle: (missing: number): string =>
    `${bytes(missing)} of storage are missing. Delete a model, or free disk space.`,
  dtypes: 'Weight format',
  reasons: {
    q4f16: 'Smallest and fastest. The graphics adapter must have 16-bit arithmetic.',
    q4: 'As small. For a graphics adapter without 16-bit arithmetic.',
    q8: 'Larger, nearer to the original. For a graphics adapter.',
  } satisfies Record<OfferedDtype, string>,
  bothTargets: 'For a graphics adapter or the processor alone.',
  recommended: 'recommended here',
  convert: 'Convert',
  goOn: 'Go on',
  cancel: 'Cancel',
  locked: (repository: string, host: string): string =>
    `${host} gives ${repository} only to people who are signed in and have accepted its terms. A token stays in the memory of this page: it is sent to ${host} and never stored.`,
  token: 'Access token',
  tokenDo: 'Look again',
  hashing: (name: string, share: number): string => `Reading the checksum of ${name}, ${percentOf(share)}`,
  converting: (name: string, share: number): string => `Converting ${name}, ${percentOf(share)}`,
  speed: (perSecond: number): string => `${bytes(perSecond)}/s`,
  stop: 'Stop',
  unfinished: (name: string): string => `Conversion of ${name} is not finished`,
  unfinishedText: (stored: number, dtype: string): string =>
    `${bytes(stored)} are on this device · ${dtype}. It goes on where it stopped.`,
  chooseAgain: 'Choose the same folder again.',
  discard: (name: string): string => `Delete the unfinished ${name}`,
};

export type ConversionMessages = typeof conversionEn;
