/** Words of the Models page in English. */
import type { NeedName } from '../../../../core/files/machine.ts';
import { bytes, bytesOf, count, plural, THIN } from '../../../../core/text/format.ts';
import { catalogueEn } from './catalogue.en.ts';
import { conversionEn } from './conversion.en.ts';

/** `1 min 10 s`, `40 s`: how long something still takes. */
function about(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))}${THIN}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 90) return `${minutes}${THIN}min ${Math.round((seconds % 60) / 10) * 10}${THIN}s`;
  return `${(minutes / 60).toFixed(1)}${THIN}h`;
}

export const modelsEn = {
  title: 'Models',
  storage: {
    title: 'Storage',
    used: (used: number, quota: number | null): string =>
      quota === null ? `${bytes(used)} used` : `${bytes(used)} used of ${bytes(quota)} this browser allows`,
    unknown: 'This browser does not report how much is used.',
    persistent: 'Kept until you delete it',
    volatile: 'The browser may clear it when the disk is full',
    other: (n: number): string => `results and page ${bytes(n)}`,
    reserved: (n: number): string => `reserved for downloads ${bytes(n)}`,
    bar: 'Storage used',
    model: (name: string, n: number): string => `${name} ${bytes(n)}`,
    clear: 'Delete all stored data',
    clearTitle: 'Delete everything this page keeps',
    clearBody: (models: number): string =>
      `${plural(models, 'model', 'models')}, recent results, a running batch and the settings of this page go. The page and the model that ships with it stay. This cannot be undone.`,
    clearDo: 'Delete everything',
    cleared: 'Everything that this page kept is deleted.',
  },
  add: 'Add by address',
  addLabel: 'Address of a model package or of a checkpoint',
  addHint: 'OWNER/NAME on Hugging Face, or https://…',
  addDo: 'Check address',
  looking: 'Looking',
  openFolder: 'Open a folder',
  dropHint: 'Drop a model folder, or a checkpoint folder to convert it, anywhere on this page.',
  ships: 'ships with the page · works offline',
  fromFolder: 'brought from a folder',
  from: (host: string): string => `from ${host}`,
  line: (parts: readonly string[]): string => parts.join(' · '),
  family: { vqathinker: 'VQAThinker', vqa2: 'VQA²' },
  dtype: {
    fp32: '32-bit',
    fp16: '16-bit',
    q8: '8-bit',
    q4: '4-bit',
    q4f16: '4-bit weights, 16-bit arithmetic',
  },
  inUse: 'In use',
  loading: 'Loading',
  use: 'Use',
  download: 'Download',
  otherMachine: 'Download for another machine',
  pause: 'Pause',
  resume: 'Resume',
  cancel: 'Cancel',
  repair: (n: number): string => `Repair ${bytes(n)}`,
  verify: 'Check the files',
  remove: (name: string): string => `Delete ${name}`,
  removed: (name: string): string => `${name} is deleted.`,
  undo: 'Undo',
  willRun: { wasm: 'Will run here, on the processor.', webgpu: 'Will run here, on the graphics adapter.' },
  mayRun: 'Likely to run here; the browser does not report enough to be sure.',
  wontRun: {
    adapter: 'Will not run here: it needs a graphics adapter with WebGPU.',
    'shader-f16': 'Will not run here: this graphics adapter has no 16-bit arithmetic.',
    buffer: (needs: number, here: number): string =>
      `Will not run here: it needs one buffer of ${bytes(needs)}, this graphics adapter allows ${bytes(here)}.`,
    'gpu-memory': (needs: number): string =>
      `Will not run here: ${bytes(needs)} of graphics memory could not be allocated. Other tabs and programs may hold it.`,
    streaming:
      'Will not run here: this browser cannot stream weights (WebAssembly JSPI). Chrome and Edge can from version 137 on.',
    memory: (needs: number, here: number): string =>
      `Will not run here: it needs ${bytes(needs)} of memory, this machine has ${bytes(here)}.`,
    storage: (needs: number, here: number): string =>
      `Does not fit: ${bytes(needs)} needed, ${bytes(here)} free for this page.`,
  },
  progress: (part: number, whole: number): string => {
    const shown = bytesOf(part, whole);
    return `${shown.part} of ${shown.whole}${THIN}${shown.unit}`;
  },
  speed: (perSecond: number): string => `${bytes(perSecond)}/s`,
  left: (seconds: number): string => `about ${about(seconds)} left`,
  checkedBytes: (n: number): string => `checked ${bytes(n)}`,
  arrived: 'arrived',
  filesDone: (n: number, all: number): string => `${n} of ${plural(all, 'file', 'files')}`,
  bar: (name: string): string => `Download of ${name}`,
  checkBar: (name: string): string => `Check of ${name}`,
  checking: 'Checking every file',
  copying: 'Copying and checking every file',
  restarted: {
    server: (file: string): string => `${file} starts again: its server cannot go on in the middle.`,
    checksum: (file: string): string => `${file} starts again: its checksum was wrong.`,
  },
  paused: {
    person: 'Paused. Nothing that arrived is lost.',
    network: (time: string): string =>
      `Paused: the network was lost at ${time}. It goes on by itself; nothing that arrived is lost.`,
    closed: 'Paused: the page was closed. Nothing that arrived is lost.',
  },
  corrupted: (files: readonly string[], all: number): string =>
    `${files.length} of ${plural(all, 'file', 'files')} does not match its checksum: \`${files[0] ?? ''}\`. It is not used until repaired.`,
  needs: {
    title: 'Will it run here?',
    needs: 'needs',
    here: 'here',
    names: {
      adapter: 'Graphics adapter',
      'shader-f16': '16-bit arithmetic',
      buffer: 'Largest buffer',
      'gpu-memory': 'Graphics memory',
      streaming: 'Streamed weights',
      memory: 'Memory of the page',
      storage: 'Storage',
    } satisfies Record<NeedName, string>,
    processor: 'Processor',
    anyProcessor: 'any, WebAssembly',
    webgpu: 'WebGPU',
    none: 'none',
    software: 'in software only',
    needed: 'needed',
    yes: 'yes',
    no: 'no',
    free: (n: number): string => `${bytes(n)} free`,
    atLeast: (n: number): string => `${bytes(n)} or more`,
    untold: 'browsers do not report this',
    allocated: 'allocated in a test',
    notAllocated: 'allocation failed',
    met: 'met',
    notMet: 'not met',
    unknown: 'not known',
    runs: 'Runs on this device.',
    may: 'Likely to run on this device. The first video will tell.',
  },
  metrics: {
    title: 'Metrics',
    name: 'metric',
    /** A metric's name as the manifest has it. */
    nameOf: (name: string): string => name,
    value: 'value',
    interval: '95 % interval',
    range: (low: string, high: string): string => `${low} to ${high}`,
    n: 'videos',
    all: (n: number): string => `Show all ${count(n)} metrics`,
    first: 'Show the first ones only',
    none: 'This package has not been evaluated.',
    note: 'As published by its maker; the model card has the command.',
  },
  facts: {
    title: 'Facts',
    scale: 'Scale',
    scaleHuman: (dataset: string, map: string): string => `human opinion scores of ${dataset}, ${map}`,
    scaleOfModel: (n: number): string =>
      `the model’s scale, against ${count(n)} held-out clips; no human opinion score`,
    scaleUnmeasured: 'not measured',
    scaleLevels: '0 to 100, the mean of five levels; not compared with human ratings here',
    role: 'Made for',
    roles: {
      scorer: 'scores of ordinary videos',
      streaming: 'scores of streamed videos',
      assistant: 'questions about a video, and scores',
    },
    protocol: 'Asked by',
    looks: 'Looks at',
    looksValue: (frames: number, size: number): string => `${frames} frames, ${size} × ${size}`,
    looksEverySecond: (size: number, frames: number): string =>
      `one frame a second, and motion in at most ${count(frames)} frames, ${size} × ${size}`,
    files: 'Files',
    filesValue: (n: number): string => `${n}, each with a checksum`,
    format: 'Format',
    licence: 'Licence',
    checkpoint: 'Checkpoint',
  },
  benchmark: 'Benchmark this machine',
  card: 'Full model card',
  cardTitle: (name: string): string => `Model card of ${name}`,
  cardMissing: 'The model card is not on this device yet.',
  fileList: 'File list',
  fileListTitle: (name: string): string => `Files of ${name}`,
  fileState: { missing: 'not here', partial: 'partly here', checked: 'checked', corrupt: 'damaged' },
  fileColumns: { file: 'File', size: 'Size', state: 'State' },
  catalogue: catalogueEn,
  conversion: conversionEn,
  made: (name: string): string => `${name} is converted and on this device.`,
  imported: (name: string, licence: string): string => `${name} is on this device. Its licence: ${licence}.`,
  noPackage:
    'This folder is neither a model package (manifest.json) nor a checkpoint (config.json with *.safetensors).',
  dismiss: 'Close',
  close: 'Close',
};

export type ModelsMessages = typeof modelsEn;
