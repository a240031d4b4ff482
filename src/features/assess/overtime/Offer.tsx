/** What is said of a long clip, and the way to its quality over time. The curve itself is loaded when it is asked for. */
import { lazy, Suspense, useState } from 'react';
import { Button } from '../../../ui/Button.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useWords } from '../../../ui/words/useWords.tsx';
import type { Player } from '../player.ts';

const OvertimePanel = lazy(() => import('./OvertimePanel.tsx'));

/** Files whose curve is open: it is there again after a visit to another page. */
const opened = new WeakSet<File>();

export interface OfferProps {
  /** What one score of this clip leaves out. */
  readonly notice: string;
  readonly file: File | null;
  /** Null while it cannot be played, or while the whole is assessed. */
  readonly player: Player | null;
}

export function Offer({ notice, file, player }: OfferProps) {
  const w = useWords();
  const [, redraw] = useState(0);
  const open = file !== null && opened.has(file);
  const turn = (on: boolean) => {
    if (!file) return;
    if (on) opened.add(file);
    else opened.delete(file);
    redraw((n) => n + 1);
  };
  if (open && player)
    return (
      <Suspense fallback={<Notice>{notice}</Notice>}>
        <OvertimePanel file={file} player={player} onClose={() => turn(false)} />
      </Suspense>
    );
  return (
    <Notice
      actions={
        player && (
          <Button icon="chart" onClick={() => turn(true)}>
            {w.assess.overTime}
          </Button>
        )
      }
    >
      {notice}
    </Notice>
  );
}
