/** Above the list: an error, conversions that run or are unfinished, the last event, and a removal that can be undone. */
import { useStore } from 'zustand';
import type { UnfinishedConversion } from '../../../workers/packages/api.ts';
import type { RunningConversion } from '../../assessment/model/conversion.ts';
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
  readonly onMade: (id: string) => void;
}

export function ListNotices({ notice, onDismiss, removed, onMade }: ListNoticesProps) {
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
      {converting.running && <ConversionBar running={converting.running} />}
      {!converting.running &&
        converting.unfinished.map((one) => <Unfinished key={one.id} unfinished={one} onMade={onMade} />)}
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

function ConversionBar({ running }: { readonly running: RunningConversion }) {
  const t = useModelsMessages();
  const c = t.conversion;
  const { name, stage, share, speed, left } = running;
  const pace = speed === null ? [] : [c.speed(speed)];
  const remaining = left !== null && left > 3 && stage === 'write' ? [t.left(left)] : [];
  return (
    <div className="models-list__said">
      <ProgressBar
        label={c.offer(name)}
        title={stage === 'hash' ? c.hashing(name, share) : c.converting(name, share)}
        detail={t.line([...pace, ...remaining])}
        segments={[{ id: 'convert', label: c.offer(name), share: 1, state: 'running', fraction: share }]}
        action={<Button onClick={conversion.stop}>{c.stop}</Button>}
      />
    </div>
  );
}

function Unfinished(props: {
  readonly unfinished: UnfinishedConversion;
  readonly onMade: (id: string) => void;
}) {
  const { unfinished, onMade } = props;
  const t = useModelsMessages();
  const c = t.conversion;
  const { id, name, dtype, bytes, address } = unfinished;
  const goOn = () => void conversion.resume(unfinished).then((made) => made !== null && onMade(made));
  return (
    <div className="models-list__said">
      <Notice
        icon="pause"
        actions={
          <>
            {address && <Button onClick={goOn}>{c.goOn}</Button>}
            <IconButton icon="trash" label={c.discard(name)} onClick={() => void conversion.discard(id)} />
          </>
        }
      >
        <strong>{c.unfinished(name)}</strong> {c.unfinishedText(bytes, t.dtype[dtype])}{' '}
        {!address && c.chooseAgain}
      </Notice>
    </div>
  );
}
