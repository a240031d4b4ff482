/** The row of buttons under a result: take it away, assess again, go on to the next video. */
import { useRef, useState } from 'react';
import { ActionButton } from '../../page/ActionButton.tsx';
import { useActions } from '../../page/useActions.ts';
import { Button } from '../../ui/Button.tsx';
import { Menu, type MenuItem } from '../../ui/Menu.tsx';
import { useNarrow } from '../../ui/useMedia.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';

/** Answers that are sampled to measure the spread of the score. */
export const TIMES = 8;

export interface ActionsProps {
  /** Null until the checksum of the file is there, a moment after the score. */
  readonly exports: readonly MenuItem[] | null;
  readonly onCopy: (() => Promise<void>) | null;
  readonly onResume?: (() => void) | null;
  readonly onAgain?: (() => void) | null;
  /** Asks for several answers; null without a video. */
  readonly onTimes?: (() => void) | null;
  /** Opens the quality timeline; null for a short clip. */
  readonly onTimeline?: (() => void) | null;
  /** There is a video to take to the Compare page. */
  readonly canCompare: boolean;
  /** Videos that wait. */
  readonly waiting: number;
  /** The player's area has the one primary button of the page. */
  readonly quiet?: boolean;
}

export function Actions(props: ActionsProps) {
  const {
    exports,
    onCopy,
    onResume,
    onAgain,
    onTimes,
    onTimeline,
    canCompare,
    waiting,
    quiet = false,
  } = props;
  const t = useAssessMessages();
  const narrow = useNarrow();
  const [copied, setCopied] = useState(false);
  // One primary button: on a phone the next clip, else the comparison, where there is a video to compare.
  const primary = onResume || quiet ? null : canCompare && !narrow ? 'compare' : 'next';
  const look = (id: typeof primary) => (id === primary ? 'primary' : 'plain');
  const exportButton = useRef<HTMLButtonElement>(null);
  useActions({
    copy: onCopy && (() => void onCopy().then(() => setCopied(true))),
    export: exports && (() => exportButton.current?.click()),
  });
  return (
    <>
      {onResume && (
        <Button look="primary" onClick={onResume}>
          {t.actions.goOn}
        </Button>
      )}
      {onAgain && <Button onClick={onAgain}>{t.actions.tryAgain}</Button>}
      {canCompare && (
        <ActionButton action="compare" look={look('compare')} icon="split">
          {narrow ? t.actions.compareShort : t.actions.compare}
        </ActionButton>
      )}
      {onTimes && <Button onClick={onTimes}>{t.actions.assessTimes(TIMES)}</Button>}
      {onTimeline && (
        <Button icon="chart" onClick={onTimeline}>
          {t.assess.overTime}
        </Button>
      )}
      <span className="assess-actions__space" />
      {onCopy && (
        <ActionButton action="copy" showKey={false} icon={copied ? 'check' : 'copy'}>
          {copied ? t.assess.copiedText : t.actions.copyText}
        </ActionButton>
      )}
      {exports && (
        <Menu
          label={t.actions.export}
          items={exports}
          up
          button={(button) => (
            <Button {...button} ref={exportButton} icon="download" iconAfter="chevronDown">
              {t.actions.export}
            </Button>
          )}
        />
      )}
      <ActionButton action="next" look={look('next')}>
        {waiting > 0 ? t.assess.queueStart : t.actions.next}
      </ActionButton>
    </>
  );
}
