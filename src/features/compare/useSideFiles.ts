/** File input: a drop goes to the side under the pointer; otherwise the first file is A and a second one B. */
import { useEffect, useRef } from 'react';
import { isLogName } from '../../../core/files/vmaf-log.ts';
import { type FileReceiver, pickFiles } from '../../page/file-input.ts';
import { PendingLog } from './state/pending-log.ts';
import { compare, measurer } from './state/session.ts';
import type { SideName } from './state/store.ts';

/** Side of the next chosen file. */
let chosenFor: SideName | null = null;

/** Opens the file chooser for a side; must be called in a user gesture. */
export function chooseFor(side: SideName): void {
  chosenFor = side;
  pickFiles();
}

const VIDEO = /\.(mp4|m4v|mov|qt|webm|mkv|ts|m2ts|mts|avi|mpg|mpeg|wmv|flv|ogv|3gp)$/i;
const isVideo = (file: File) => file.type.startsWith('video/') || VIDEO.test(file.name);

export function useSideDrop(): FileReceiver {
  const under = useRef<SideName | null>(null);
  useEffect(() => {
    const noteSide = (event: DragEvent) => {
      const field = event.target instanceof Element ? event.target.closest('[data-side]') : null;
      under.current = (field?.getAttribute('data-side') as SideName | null) ?? null;
    };
    // Before the shell's listener, which passes the files on.
    addEventListener('drop', noteSide, { capture: true });
    return () => removeEventListener('drop', noteSide, { capture: true });
  }, []);
  return (files, source) => {
    const videos = files.filter(isVideo);
    const { a, b, opening } = compare.store.getState();
    const log = files.find(({ name }) => isLogName(name));
    // A log belongs to two videos: those that are open, or that come with it.
    if (log && (videos.length > 1 || b || (opening?.side === 'b' && a))) {
      pendingLog.offer(log, videos, compare.store.getState());
      if (videos.length === 0) return;
    }
    const taken = videos.length > 0 ? videos : files;
    const side = source === 'choose' ? chosenFor : source === 'drop' ? under.current : null;
    chosenFor = null;
    under.current = null;
    // A video dropped on side B while A is empty becomes A.
    if (taken.length === 1 && side && (side === 'a' || a)) compare.open(side, taken[0]!);
    else compare.take(taken);
  };
}

const pendingLog = new PendingLog((log) => void measurer.openLog(log));
compare.store.subscribe((state) => pendingLog.follow(state));

/** Opens a chooser for a log of libvmaf; must be called in a user gesture. */
export function chooseLog(): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = '.json,.csv,.xml';
  input.hidden = true;
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    input.remove();
    if (file) void measurer.openLog(file);
  });
  input.addEventListener('cancel', () => input.remove());
  document.body.append(input);
  input.click();
}

/** Opens the bundled sample clip. */
export async function takeSample(): Promise<void> {
  const response = await fetch(`${import.meta.env.BASE_URL}sample.mp4`);
  if (!response.ok) throw new Error(`sample.mp4: ${response.status}`);
  compare.open('a', new File([await response.blob()], 'sample.mp4', { type: 'video/mp4' }));
}
