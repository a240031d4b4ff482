/** Texts about the models of the catalogue, in English. */
import type { CatalogueId } from '../../../../core/files/model-catalogue.ts';
import { bytes, THIN } from '../../../../core/text/format.ts';

interface ModelTexts {
  /** After the number of parameters in the list. */
  readonly about: string;
  readonly what: string;
  /** Measurements, named as such, and what nobody has tried. */
  readonly tried: string;
  readonly licence: string;
}

const models: Readonly<Record<CatalogueId, ModelTexts>> = {
  'vqathinker-8b': {
    about: 'trained on human ratings · you bring the weights',
    what: 'InternVL3-8B with a SlowFast motion token, trained on human ratings by reinforcement learning (AAAI 2026). The weights belong to their authors and are not part of this page.',
    tried:
      'Nobody has run the released weights in this page on such a machine yet. Tried so far: random weights of this shape, loaded by a test program on a graphics adapter emulated in software. Measured there: opened in 44 s, **4.68 GB** in the graphics process, **1.65 GB** in the page’s process. This page still reads the whole package into memory, so it needs what the table says; those sizes are computed.',
    licence: 'Read it on the page of the release. The official code states none for the weights.',
  },
  tiny: {
    about: 'to try conversion and training · its scores mean nothing',
    what: 'A checkpoint of this repository for trying conversion and training within seconds. It learnt the form of an answer only: **its scores mean nothing**, and it may give none.',
    tried: 'The browser tests convert it in this page and run it on the processor. The sizes are computed.',
    licence: 'Apache-2.0',
  },
};

export const catalogueEn = {
  title: 'Models to bring',
  lead: 'Not on this device. You get the weights; they are converted here or in a terminal.',
  models,
  parameters: (n: number): string =>
    n >= 1e9
      ? `${(n / 1e9).toFixed(1)}${THIN}B parameters`
      : `${(n / 1e6).toFixed(n < 1e6 ? 2 : 1)}${THIN}M parameters`,
  sizes: (checkpoint: number, converted: number, dtype: string): string =>
    `${bytes(checkpoint)} to download, ${bytes(converted)} once converted · ${dtype}`,
  sizesHere: (checkpoint: number, converted: number, dtype: string): string =>
    `${bytes(checkpoint)} in the repository, ${bytes(converted)} once converted · ${dtype}`,
  how: 'How to get it',
  howFor: (name: string): string => `How to get it: ${name}`,
  howTo: (name: string): string => `How to get ${name}`,
  mayRun: 'Nothing that this browser reports speaks against it.',
  may: 'This device has every need that a browser reports. Those marked ? show only when it runs.',
  download: (n: number): string => `Download every file of the release, ${bytes(n)}:`,
  inRepository: (folder: string, n: number): string =>
    `The checkpoint is in this repository: \`${folder}\`, ${bytes(n)}.`,
  convert: (storage: number): string =>
    `Drop its folder on this page: it is converted here, which takes ${bytes(storage)} of free storage. Or run this where the project is:`,
  use: 'Press **Use** in the list above. A package made in a terminal comes into the list by **Open a folder**.',
  copy: 'Copy the command',
  copied: 'Copied',
  agreement: 'How well it agrees with people',
  dataset: 'data set',
  videos: 'videos',
  agreementNote: (source: string): string =>
    `${source}, for the released weights. The converted package has not been evaluated.`,
  tried: 'Tried so far',
  looks: 'Looks at',
  parametersName: 'Parameters',
  converted: 'Converted',
  checkpoint: 'Checkpoint',
  format: 'official layout',
  licence: 'Licence',
};

export type CatalogueMessages = typeof catalogueEn;
