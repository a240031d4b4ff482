/**
 * Takes files dropped anywhere on the page. While files are over the window it shows their MIME type; browsers give the
 * names only on the drop.
 */
import { useEffect, useState } from 'react';
import type { ShellMessages } from './messages/useShellMessages.ts';
import { useShellMessages } from './messages/useShellMessages.ts';
import './DropLayer.css';
import { droppedItems, openDroppedFolder } from '../page/dropped-folder.ts';
import { offerFiles } from '../page/file-input.ts';
import { useAddress } from '../page/router.ts';

/** Files over the window, as far as the browser reports them. */
interface Over {
  readonly count: number;
  /** MIME type of the first, `''` when it is not reported. */
  readonly type: string;
}

function filesOver(event: DragEvent): Over | null {
  const transfer = event.dataTransfer;
  if (!transfer?.types.includes('Files')) return null;
  const files = [...transfer.items].filter((item) => item.kind === 'file');
  return { count: files.length, type: files[0]?.type ?? '' };
}

/** Short names of the kinds that the page takes; a kind of its own name would say nothing to most people. */
const KINDS: Readonly<Record<string, string>> = {
  'video/mp4': 'MP4',
  'video/quicktime': 'MOV',
  'video/webm': 'WebM',
  'video/x-matroska': 'MKV',
  'video/mp2t': 'MPEG-TS',
  'application/json': 'JSON',
  'text/csv': 'CSV',
};

/** Files over the window in words: their number, or the kind of the only one. */
export function overText({ count, type }: Over, { drop }: ShellMessages): string {
  const kind = KINDS[type];
  if (count > 1) return drop.several(count);
  return kind === undefined ? drop.unnamed : drop.ofKind(kind);
}

/** Effect of a drop on the open page. */
function invitation(route: string, { drop }: ShellMessages): string {
  if (route === 'compare') return drop.toCompare;
  if (route === 'batch') return drop.toBatch;
  return route === 'models' ? drop.toModels : drop.anywhere;
}

export function DropLayer() {
  const t = useShellMessages();
  const { route } = useAddress();
  const [over, setOver] = useState<Over | null>(null);

  useEffect(() => {
    // Every child that is entered or left fires events too; at depth 0 the window itself is left.
    let depth = 0;
    const enter = (event: DragEvent) => {
      const files = filesOver(event);
      if (!files) return;
      depth += 1;
      setOver(files);
    };
    const move = (event: DragEvent) => {
      if (!filesOver(event)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
    };
    const leave = (event: DragEvent) => {
      if (!filesOver(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(null);
    };
    const drop = (event: DragEvent) => {
      depth = 0;
      setOver(null);
      if (!filesOver(event)) return;
      event.preventDefault();
      const { folders, files } = droppedItems(event);
      for (const folder of folders) void openDroppedFolder(folder);
      offerFiles(files, 'drop');
    };
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      offerFiles(files, 'paste');
    };
    addEventListener('dragenter', enter);
    addEventListener('dragover', move);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    addEventListener('paste', paste);
    return () => {
      removeEventListener('dragenter', enter);
      removeEventListener('dragover', move);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
      removeEventListener('paste', paste);
    };
  }, []);

  // The drop zone moves its corner marks inwards while something is over the window.
  useEffect(() => {
    document.documentElement.toggleAttribute('data-dragging', over !== null);
  }, [over]);

  if (!over) return null;
  return (
    <div className="app-drop" aria-hidden="true">
      <p className="app-drop__words">
        <strong>{invitation(route, t)}</strong>
        <span>{overText(over, t)}</span>
      </p>
    </div>
  );
}
