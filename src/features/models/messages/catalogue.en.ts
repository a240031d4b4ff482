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
  /** Machine and time of a training run; for models without weights. */
  readonly training?: string;
}

const models: Readonly<Record<CatalogueId, ModelTexts>> = {
  tiny: {
    about: 'to try conversion and training · its scores mean nothing',
    what: 'A checkpoint of this repository for trying conversion and training within seconds. It learnt the form of an answer only: **its scores mean nothing**, and it may give none.',
    tried: 'The browser tests convert it in this page and run it on the processor. The sizes are computed.',
    licence: 'Apache-2.0',
  },
  'vqathinker-1b': {
    about: 'no trained weights exist yet · to be trained',
    what: 'The same architecture at an eighth of the size: InternVL3-1B with a SlowFast motion token. **Nobody has published trained weights of it**; the recipe here has not been run.',
    tried:
      'Random weights of this shape, converted and loaded by a test program. Nothing is known of the scores of a trained one.',
    licence: 'Of the base model; read it on its page.',
    training:
      'One GPU of 24 GB takes 14 hours for three epochs of LSVQ by estimate (docs/scaling.md, RTX 4090).',
  },
  'vqathinker-2b': {
    about: 'no trained weights exist yet · to be trained',
    what: 'The same architecture at a quarter of the size: InternVL3-2B with a SlowFast motion token. **Nobody has published trained weights of it**; the recipe here has not been run.',
    tried: 'The sizes are computed. Nothing is known of the scores of a trained one.',
    licence: 'Of the base model; read it on its page.',
    training: 'One GPU of 48 GB takes 13 hours for three epochs of LSVQ by estimate (docs/scaling.md, L40S).',
  },
  'vqathinker-8b': {
    about: 'trained on human ratings · converted from its authors’ weights',
    what: 'InternVL3-8B with a SlowFast motion token, trained on human ratings by reinforcement learning (AAAI 2026). The weights belong to their authors and are not part of this page.',
    tried:
      'Nobody has run the released weights in this page on such a machine yet. Tried so far: random weights of this shape, loaded by a test program on a graphics adapter emulated in software. Measured there: opened in 44 s, **4.68 GB** in the graphics process, **1.65 GB** in the page’s process. The sizes in the table are computed.',
    licence: 'Read it on the page of the release. The official code states none for the weights.',
  },
};

export const catalogueEn = {
  title: 'Models to bring',
  lead: 'Not on this device, smallest first. Weights are converted here or in a terminal.',
  models,
  parameters: (n: number): string =>
    n >= 1e9
      ? `${(n / 1e9).toFixed(1)}${THIN}B parameters`
      : `${(n / 1e6).toFixed(n < 1e6 ? 2 : 1)}${THIN}M parameters`,
  sizes: {
    released: (checkpoint: number, converted: number, dtype: string): string =>
      `${bytes(checkpoint)} to read, ${bytes(converted)} once converted · ${dtype}`,
    repository: (checkpoint: number, converted: number, dtype: string): string =>
      `${bytes(checkpoint)} in the repository, ${bytes(converted)} once converted · ${dtype}`,
    none: (checkpoint: number, converted: number, dtype: string): string =>
      `${bytes(checkpoint)} once trained, ${bytes(converted)} once converted · ${dtype}`,
  },
  how: 'How to get it',
  howFor: (name: string): string => `How to get it: ${name}`,
  howTo: (name: string): string => `How to get ${name}`,
  mayRun: 'Nothing that this browser reports speaks against it.',
  may: 'This device has every need that a browser reports. Those marked ? show only when it runs.',
  released: 'Read its terms on the page of the release:',
  inRepository: (folder: string, n: number): string =>
    `The checkpoint is in this repository: \`${folder}\`, ${bytes(n)}.`,
  convert: (storage: number): string =>
    `Drop its folder on this page: it is converted here, which takes ${bytes(storage)} of free storage. Or run this where the project is:`,
  convertRead: (weights: number, storage: number): string =>
    `Convert it here: ${bytes(weights)} are read over the network, once, and ${bytes(storage)} are stored. It may stop and go on.`,
  base: 'Get the base model and SlowFast’s Kinetics weights, and join them:',
  train: (machine: string): string =>
    `Train it on LSVQ. ${machine} The run saves checkpoints in the official layout:`,
  convertTrained:
    'Drop the checkpoint’s folder on this page: it is converted here. Or run this where the project is:',
  convertHere: 'Look at it here',
  orTerminal: 'Or run this where the project is:',
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
