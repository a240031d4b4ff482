/** One package of the list: what it is, its size, one action, one bar. */
import { useStore } from 'zustand';
import { bytes } from '../../../core/text/format.ts';
import { packages, selectPackage } from '../../assessment/model/packages-session.ts';
import type { PackageRow } from '../../assessment/model/packages-store.ts';
import { BUNDLED } from '../../assessment/model/preferred-package.ts';
import { models } from '../../assessment/session.ts';
import { Button, IconButton } from '../../ui/Button.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { useErrorText } from '../../ui/messages/useMessages.tsx';
import { Rich } from '../../ui/Rich.tsx';
import { ByteBar } from './ByteBar.tsx';
import './ModelRow.css';
import { useModelsMessages } from './messages/useModelsMessages.ts';
import { about, type RowView, rowView, verdictLine } from './row-view.ts';

export interface ModelRowProps {
  readonly row: PackageRow;
  readonly selected: boolean;
  readonly onSelect: () => void;
  readonly onRemove: () => void;
}

/** State of a row, from the machine and the model in use. */
export function useRowView(row: PackageRow): RowView {
  const machine = useStore(packages.store, (state) => state.machine);
  const loaded = useStore(models.store, (state) => state.loaded ?? state.vqa2);
  const loading = useStore(models.store, (state) => state.phase === 'loading');
  return rowView(row, machine, { manifestSha256: loaded?.manifestSha256 ?? null, loading });
}

export function ModelRow({ row, selected, onSelect, onRemove }: ModelRowProps) {
  const t = useModelsMessages();
  const view = useRowView(row);
  return (
    <li className={`models-row${selected ? ' models-row--selected' : ''}`}>
      <div className="models-row__line">
        <button type="button" className="models-row__open" aria-pressed={selected} onClick={onSelect}>
          <span className="models-row__name">{row.manifest.name}</span>
          <span className="models-row__about">{about(row, view.verdict, t)}</span>
        </button>
        <span className="models-row__size">{bytes(view.bytes)}</span>
        <span className="models-row__actions">
          <Actions row={row} view={view} onRemove={onRemove} />
        </span>
      </div>
      <Below row={row} view={view} />
      {row.error && <Fault row={row} />}
    </li>
  );
}

function Actions({
  row,
  view,
  onRemove,
}: Pick<ModelRowProps, 'row' | 'onRemove'> & { readonly view: RowView }) {
  const t = useModelsMessages();
  const { id } = row;
  const trash = id !== BUNDLED && (
    <IconButton icon="trash" label={t.remove(row.manifest.name)} onClick={onRemove} />
  );
  switch (view.state) {
    case 'in-use':
    case 'loading':
      return (
        <>
          <span className="models-row__used">
            <Icon name="check" />
            {view.state === 'loading' ? t.loading : t.inUse}
          </span>
          {trash}
        </>
      );
    case 'ready':
      return (
        <>
          <Button onClick={() => void selectPackage(models, id)}>{t.use}</Button>
          {trash}
        </>
      );
    case 'absent':
      return (
        <>
          <Button icon="download" onClick={() => void packages.download(id)}>
            {t.download}
          </Button>
          {trash}
        </>
      );
    case 'wont-run':
      return (
        <>
          <Button icon="download" onClick={() => void packages.download(id, true)}>
            {t.otherMachine}
          </Button>
          {trash}
        </>
      );
    case 'downloading':
      return (
        <>
          <Button icon="pause" onClick={() => packages.pause(id)}>
            {t.pause}
          </Button>
          <Button onClick={onRemove}>{t.cancel}</Button>
        </>
      );
    case 'checking':
      return <Button onClick={() => packages.pause(id)}>{t.cancel}</Button>;
    case 'paused':
      return (
        <>
          {row.address && <Button onClick={() => void packages.download(id)}>{t.resume}</Button>}
          {trash}
        </>
      );
    case 'corrupt':
      return (
        <>
          {row.address && (
            <Button icon="retry" onClick={() => void packages.download(id)}>
              {t.repair(view.repairBytes)}
            </Button>
          )}
          {trash}
        </>
      );
  }
}

/** The bar with its figures, or the one line that says how the package stands. */
function Below({ row, view }: { readonly row: PackageRow; readonly view: RowView }) {
  const t = useModelsMessages();
  const { work, stored, manifest } = row;
  if (work.kind === 'downloading' || work.kind === 'checking' || work.kind === 'copying') {
    const { progress, speed } = work;
    const total = progress?.totalBytes ?? view.bytes;
    const arrived = progress?.arrivedBytes ?? stored?.arrivedBytes ?? 0;
    const text = t.progress(arrived, total);
    const left = speed && speed > 0 && arrived < total ? (total - arrived) / speed : null;
    const { restarted } = progress ?? {};
    return (
      <div className="models-row__below">
        <ByteBar
          label={work.kind === 'downloading' ? t.bar(manifest.name) : t.checkBar(manifest.name)}
          text={text}
          total={total}
          checked={progress?.checkedBytes ?? 0}
          arrived={arrived}
          files={stored?.files.map((file) => file.bytes) ?? []}
        />
        <p className="models-row__figures">
          <strong>
            {work.kind === 'downloading' ? text : work.kind === 'copying' ? t.copying : t.checking}
          </strong>
          {work.kind === 'downloading' && speed !== null && <span>{t.speed(speed)}</span>}
          {work.kind === 'downloading' && left !== null && left > 3 && <span>{t.left(left)}</span>}
          {progress && (
            <span className="models-row__legend">
              <i className="models-row__solid" /> {t.checkedBytes(progress.checkedBytes)}
              <i className="models-row__hatched" /> {t.arrived}{' '}
              <span>{t.filesDone(progress.checkedFiles, progress.files)}</span>
            </span>
          )}
        </p>
        {restarted && <p className="models-row__note">{t.restarted[restarted.why](restarted.path)}</p>}
      </div>
    );
  }
  if (work.kind === 'paused' && stored) {
    const time = new Date(work.since).toTimeString().slice(0, 5);
    const text = t.progress(stored.arrivedBytes, stored.totalBytes);
    return (
      <div className="models-row__below">
        <ByteBar
          label={t.bar(manifest.name)}
          text={text}
          total={stored.totalBytes}
          checked={stored.files.reduce((sum, file) => sum + (file.state === 'checked' ? file.bytes : 0), 0)}
          arrived={stored.arrivedBytes}
          files={stored.files.map((file) => file.bytes)}
        />
        <p className="models-row__figures">
          <strong>{text}</strong>
          <span>{work.reason === 'network' ? t.paused.network(time) : t.paused[work.reason]}</span>
        </p>
      </div>
    );
  }
  if (view.state === 'corrupt') {
    return (
      <p className="models-row__verdict">
        <Icon name="alert" />
        <span>
          <Rich
            text={t.corrupted(
              view.corrupted.map((path) => path.split('/').at(-1) ?? path),
              stored?.files.length ?? 0,
            )}
          />
        </span>
      </p>
    );
  }
  if ((view.state === 'absent' || view.state === 'wont-run') && view.verdict) {
    return (
      <p className="models-row__verdict">
        <Icon name={view.verdict.runs === false ? 'alert' : 'check'} />
        <span>{verdictLine(view.verdict, t)}</span>
      </p>
    );
  }
  return null;
}

function Fault({ row }: { readonly row: PackageRow }) {
  const { title, body } = useErrorText(row.error as NonNullable<PackageRow['error']>);
  return (
    <p className="models-row__verdict" role="alert">
      <Icon name="alert" />
      <span>
        <strong>{title}</strong> <Rich text={body ?? ''} />
      </span>
    </p>
  );
}
