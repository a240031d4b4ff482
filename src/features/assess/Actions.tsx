/** The row of buttons under a result: what can be taken away from it, and the way to the next one. */
import { useState } from 'react';
import { Button } from '../../ui/Button.tsx';
import { Menu, type MenuItem } from '../../ui/Menu.tsx';
import { useMessages } from '../../ui/messages/useMessages.tsx';

/** Answers that are asked for to see how sure the model is. */
export const TIMES = 8;

export interface ActionsProps {
  /** Null until there is something to take away: the file's checksum comes a moment after the score. */
  readonly exports: readonly MenuItem[] | null;
  readonly onCopy: (() => Promise<void>) | null;
  readonly onResume: (() => void) | null;
  readonly onAgain: (() => void) | null;
  /** Asks for several answers; null without a video. */
  readonly onTimes: (() => void) | null;
  /** Takes the video to the Compare page; null without one. */
  readonly onCompare: (() => void) | null;
  /** How many videos wait. */
  readonly waiting: number;
  /** The stage has the one primary button of the view. */
  readonly quiet: boolean;
  readonly onNext: () => void;
}

export function Actions(props: ActionsProps) {
  const { exports, onCopy, onResume: onGoOn, onAgain, onTimes, onCompare, waiting, quiet, onNext } = props;
  const t = useMessages();
  const [copied, setCopied] = useState(false);
  return (
    <>
      {onGoOn && (
        <Button look="primary" onClick={onGoOn}>
          {t.actions.goOn}
        </Button>
      )}
      {onAgain && <Button onClick={onAgain}>{t.actions.tryAgain}</Button>}
      {onCompare && (
        <Button look={onGoOn || quiet ? 'plain' : 'primary'} icon="split" kbd="D" onClick={onCompare}>
          {t.actions.compare}
        </Button>
      )}
      {onTimes && <Button onClick={onTimes}>{t.actions.assessTimes(TIMES)}</Button>}
      <span className="assess-actions__space" />
      {onCopy && (
        <Button
          icon={copied ? 'check' : 'copy'}
          aria-keyshortcuts="C"
          onClick={() => void onCopy().then(() => setCopied(true))}
        >
          {copied ? t.assess.copiedText : t.actions.copyText}
        </Button>
      )}
      {exports && (
        <Menu
          label={t.actions.export}
          items={exports}
          up
          button={(props) => (
            <Button {...props} id="assess-export" icon="download" iconAfter="chevronDown">
              {t.actions.export}
            </Button>
          )}
        />
      )}
      <Button look={onGoOn || quiet || onCompare ? 'plain' : 'primary'} kbd="N" onClick={onNext}>
        {waiting > 0 ? t.assess.queueStart : t.actions.next}
      </Button>
    </>
  );
}
