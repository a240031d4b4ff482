/** Above the list: an error, the conversion that is running, the last event, and a removal that can be undone. */
import { useStore } from 'zustand';
import { conversion, packages } from '../../assessment/model/packages-session.ts';
import { Button, IconButton } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { ProgressBar } from '../../ui/ProgressBar.tsx';
import { useModelsMessages } from './messages/useModelsMessages.ts';

export interface Removed {
  readonly id: string;
  readonly name: string;
  readonly undo: () => void;
}

export interface ListNoticesProps {
  readonly notice: string | null;
  readonly onDismiss: () => void;
  readonly removed: Removed | null;
}

export function ListNotices({ notice, onDismiss, removed }: ListNoticesProps) {
  const t = useModelsMessages();
  const error = useStore(packages.store, (state) => state.error);
  const converting = useStore(conversion.store);
  const fault = converting.error ?? error;
  return (
    <>
      {fault && (
        <div className="models-list__said">
          <ErrorCard error={fault} />
        </div>
      )}
      {converting.name !== null && <ConversionBar name={converting.name} percent={converting.percent} />}
      {notice && (
        <div className="models-list__said" role="status">
          <Notice actions={<IconButton icon="close" label={t.dismiss} onClick={onDismiss} />}>
            {notice}
          </Notice>
        </div>
      )}
      {removed && (
        <p className="models-list__removed" role="status">
          <span>{t.removed(removed.name)}</span>
          <Button icon="undo" onClick={removed.undo}>
            {t.undo}
          </Button>
        </p>
      )}
    </>
  );
}

function ConversionBar({ name, percent }: { readonly name: string; readonly percent: number }) {
  const t = useModelsMessages();
  const label = t.convertBar(name);
  return (
    <div className="models-list__said">
      <ProgressBar
        label={label}
        title={t.converting(name, percent)}
        segments={[{ id: 'convert', label, share: 1, state: 'running', fraction: percent / 100 }]}
        action={<Button onClick={conversion.stop}>{t.cancel}</Button>}
      />
    </div>
  );
}
