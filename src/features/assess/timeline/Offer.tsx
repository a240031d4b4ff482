/** Notice about a long clip with the button that opens its quality timeline, which is loaded then. */
import { Suspense, useState } from 'react';
import type { StoredTimeline } from '../../../assessment/timeline/store.ts';
import { Crash } from '../../../page/Crash.tsx';
import { lazyPart } from '../../../page/lazy-part.ts';
import { Button } from '../../../ui/Button.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useAssessMessages } from '../messages/useAssessMessages.ts';
import type { Player } from '../player.ts';

const panel = lazyPart(() => import('./TimelinePanel.tsx'));

/** Open or closed timeline of a file or of a reopened result; survives a visit to another page. */
const turned = new WeakMap<File | StoredTimeline, boolean>();

export interface OfferProps {
  /** Notice that one score says little about this clip. */
  readonly notice: string;
  readonly file: File | null;
  /** Null while the video cannot be played or the whole clip is assessed. */
  readonly player: Player | null;
  /** Timeline of a reopened result: shown at once, with or without its video. */
  readonly stored: StoredTimeline | null;
}

export function Offer({ notice, file, player, stored }: OfferProps) {
  const t = useAssessMessages();
  const [, redraw] = useState(0);
  const of = stored ?? file;
  const open = of !== null && (turned.get(of) ?? stored !== null);
  const turn = (on: boolean) => {
    if (of) turned.set(of, on);
    redraw((n) => n + 1);
  };
  if (open && (player || stored)) {
    const TimelinePanel = panel();
    return (
      <Crash onAgain={() => redraw((n) => n + 1)}>
        <Suspense fallback={<Notice>{notice}</Notice>}>
          <TimelinePanel file={file} player={player} stored={stored} onClose={() => turn(false)} />
        </Suspense>
      </Crash>
    );
  }
  return (
    <Notice
      actions={
        (player || stored) && (
          <Button icon="chart" onClick={() => turn(true)}>
            {t.assess.overTime}
          </Button>
        )
      }
    >
      {notice}
    </Notice>
  );
}
