/** A result without its video: its frames as they were kept, and the wish for the file. */

import type { Result } from '../../../core/files/result.ts';
import type { ShownFrame } from '../../assessment/assess-store.ts';
import { chooseFiles } from '../../page/intake.ts';
import { Bitmap } from '../../ui/Bitmap.tsx';
import { Button } from '../../ui/Button.tsx';
import { useLang, useMessages } from '../../ui/messages/useMessages.tsx';
import './ReopenedStage.css';
import { Corners } from './Viewfinder.tsx';

export interface ReopenedStageProps {
  readonly result: Result;
  readonly frames: readonly ShownFrame[];
  /** Said under the title: what is being checked, or that the file was another one. */
  readonly note: string | null;
}

export function ReopenedStage({ result, frames, note }: ReopenedStageProps) {
  const t = useMessages();
  const lang = useLang();
  const date = new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeStyle: 'short' }).format(
    new Date(result.createdAt),
  );
  const pictures = frames.filter((frame) => frame.thumbnail !== null);
  return (
    <div className="assess-stage assess-reopened ui-on-stage">
      <Corners />
      {pictures.length > 0 && (
        <div className="assess-reopened__pictures">
          {pictures.map((frame, k) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two places may show the same frame
            <Bitmap key={k} bitmap={frame.thumbnail} className="assess-reopened__picture" />
          ))}
        </div>
      )}
      <p className="assess-reopened__title">{t.recent.dropToPlay(result.file.name)}</p>
      <p className="assess-reopened__lead">{note ?? t.assess.reopenedTitle(date)}</p>
      <Button look="primary" size="large" onClick={chooseFiles}>
        {t.drop.choose}
      </Button>
    </div>
  );
}
