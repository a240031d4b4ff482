/** The commands and their options: the one table behind parsing, help, completion and the documentation's check. */

export interface Option {
  readonly name: string;
  readonly short?: string;
  /** Name of its value in the help; absent for a switch. */
  readonly value?: string;
  /** The values that there are. */
  readonly choices?: readonly string[];
  /** Completed by names of files. */
  readonly file?: true;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** Operands as the help shows them. */
  readonly operands: string;
  readonly summary: string;
  readonly options: readonly Option[];
}

export const FORMATS = ['text', 'json', 'jsonl', 'csv', 'junit'] as const;
export type Format = (typeof FORMATS)[number];

export const DEVICES = ['auto', 'cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof DEVICES)[number];

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const model: Option = {
  name: 'model',
  short: 'm',
  value: 'M',
  file: true,
  help: 'small (default), a package folder or an address',
};
const device: Option = {
  name: 'device',
  value: 'D',
  choices: DEVICES,
  help: 'auto (default) or cpu; webgpu and cuda are not built in',
};
const output: Option = {
  name: 'output',
  short: 'o',
  value: 'FILE',
  file: true,
  help: 'instead of standard output',
};
const quiet: Option = { name: 'quiet', short: 'q', help: 'no progress on standard error' };
const recursive: Option = { name: 'recursive', short: 'r', help: 'folders with the folders in them' };
const jobs: Option = {
  name: 'jobs',
  short: 'j',
  value: 'N',
  help: 'files at a time; default: one for each core',
};
const formatOf = (...choices: readonly string[]): Option => ({
  name: 'format',
  short: 'f',
  value: 'F',
  choices,
  help: `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}; text on a terminal`,
});

export const COMMANDS = [
  {
    name: 'score',
    operands: 'PATH…',
    summary: 'files, folders, patterns, a list (.txt) or - (names on standard input)',
    options: [
      formatOf(...FORMATS),
      output,
      { name: 'resume', help: 'keeps the whole lines of FILE (jsonl) and scores the rest' },
      jobs,
      recursive,
      model,
      device,
      { name: 'every', value: 'S', help: 'scores of parts of S seconds too' },
      { name: 'people', help: 'estimate of people’s score too, of a package that has it as a separate part' },
      { name: 'strict', help: 'refuses HDR, whose score has no measured meaning' },
      {
        name: 'calibration',
        value: 'FILE',
        file: true,
        help: 'scores on your own scale too (see calibrate)',
      },
      { name: 'worst', value: 'N', help: 'only the N lowest scores, lowest first' },
      { name: 'shard', value: 'I/N', help: 'every N-th file of the list, from the I-th' },
      { name: 'min', value: 'X', help: 'a lower score fails' },
      { name: 'max-drop', value: 'X', help: 'a score more than X below its reference’s fails' },
      { name: 'reference', value: 'DIR', file: true, help: 'folder with files of the same names' },
      { name: 'text', help: 'with the generated text (the default)' },
      { name: 'no-text', help: 'without it' },
      quiet,
      { name: 'dry-run', help: 'lists the files' },
    ],
  },
  {
    name: 'compare',
    operands: 'A B',
    summary: 'both scores, PSNR and SSIM of each frame, verdict with interval',
    options: [
      formatOf('text', 'json'),
      { name: 'answers', short: 'k', value: 'N', help: 'answers a side, for the interval of the difference' },
      {
        name: 'vmaf-log',
        value: 'FILE',
        file: true,
        help: 'VMAF of each frame beside, from a log of libvmaf',
      },
      model,
      device,
    ],
  },
  {
    name: 'ladder',
    operands: 'SOURCE RENDITION…',
    summary: 'rate against score, PSNR and SSIM, and where more rate stops to pay',
    options: [
      formatOf('text', 'json', 'csv'),
      output,
      { name: 'svg', value: 'FILE', file: true, help: 'the curve as a picture' },
      model,
      device,
      quiet,
    ],
  },
  {
    name: 'calibrate',
    operands: 'TABLE [PATH…]',
    summary: 'own human scores to a map from the model’s scores, with held-out error',
    options: [
      { name: 'scores', value: 'FILE', file: true, help: 'output (jsonl) of score, instead of PATH…' },
      { name: 'column', value: 'C', help: 'name or number of the column of human scores' },
      { ...output, help: 'the calibration; default calibration.json' },
      recursive,
      jobs,
      model,
      device,
      quiet,
    ],
  },
  {
    name: 'merge',
    operands: 'FILE…',
    summary: 'joins the outputs (jsonl) of several shards',
    options: [],
  },
  {
    name: 'models',
    operands: '[DIR…]',
    summary: 'the bundled model, packages in DIR, and models to bring',
    options: [formatOf('text', 'json')],
  },
  {
    name: 'convert',
    operands: 'CHECKPOINT OUT',
    summary: 'a checkpoint (folder or hf:OWNER/NAME) to a package',
    options: [],
  },
  {
    name: 'serve',
    operands: '',
    summary: 'the page, on this machine only',
    options: [{ name: 'port', short: 'p', value: 'N', help: 'default 4173, or the next free one' }],
  },
  {
    name: 'mcp',
    operands: '',
    summary: 'a Model Context Protocol server on standard input and output',
    options: [
      { name: 'root', value: 'DIR', file: true, help: 'files outside DIR are refused' },
      model,
      device,
    ],
  },
  {
    name: 'doctor',
    operands: '',
    summary: 'checks decoder and model on a clip whose score is known',
    options: [],
  },
  {
    name: 'completion',
    operands: 'SHELL',
    summary: `prints completion for ${SHELLS.join(', ')}`,
    options: [],
  },
] as const satisfies readonly Command[];

export type CommandName = (typeof COMMANDS)[number]['name'];

/** The command of a name; null where there is none. */
export const commandOf = (name: string): Command | null =>
  COMMANDS.find((each) => each.name === name) ?? null;
