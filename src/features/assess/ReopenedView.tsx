/** A reopened result without its video: the stored thumbnails, and a button to choose the file. */

import type { Result } from '../../../core/files/result.ts';
import type { ShownFrame } from '../../assessment/assess-store.ts';
import { pickFiles } from '../../page/file-input.ts';
import { Bitmap } from '../../ui/Bitmap.tsx';
import { Button } from '../../ui/Button.tsx';
import { useLang } from '../../ui/messages/useMessages.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import './ReopenedView.css';
import { Corners } from './DropZone.tsx';

export interface ReopenedViewProps {
  readonly result: Result;
  readonly frames: readonly ShownFrame[];
  /** Line under the title: the check of a file in progress, or that it was another file. */
  readonly note: string | null;
}

export function ReopenedView({ result, frames, note }: ReopenedViewProps) {
  const t = useAssessMessages();
  const lang = useLang();
  const date = new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeStyle: 'short' }).format(
    new Date(result.createdAt),
  );
  const thumbnails = frames.filter((frame) => frame.thumbnail !== null);
  return (
    <div className="assess-player assess-reopened ui-on-player">
      <Corners />
      {thumbnails.length > 0 && (
        <div className="assess-reopened__pictures">
          {thumbnails.map((frame, k) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two positions may show the same frame
            <Bitmap key={k} bitmap={frame.thumbnail} className="assess-reopened__picture" />
          ))}
        </div>
      )}
      <p className="assess-reopened__title">{t.recent.dropToPlay(result.file.name)}</p>
      <p className="assess-reopened__lead">{note ?? t.assess.reopenedTitle(date)}</p>
      <Button look="primary" size="large" onClick={pickFiles}>
        {t.drop.choose}
      </Button>
    </div>
  );
}
