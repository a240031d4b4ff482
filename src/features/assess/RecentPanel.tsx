/** Earlier results, stored on this device. */
import { type Band, BandGlyph } from '../../ui/BandGlyph.tsx';
import { Button, IconButton } from '../../ui/Button.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import './RecentPanel.css';

export interface RecentItem {
  readonly id: string;
  readonly name: string;
  /** One line of facts: `640 × 272 · 10 s · 2 min ago`. */
  readonly facts: string;
  /** Address of the thumbnail (`blob:` or `data:`). */
  readonly thumbnail?: string | undefined;
  /** The score as shown and its grade; null when there was none. */
  readonly score: {
    readonly text: string;
    readonly band: Band;
    /** Of 100, from a model of level scores: the grades' words are not its own. */
    readonly levels?: boolean;
  } | null;
  /** The one that is open now. */
  readonly current?: boolean;
}

export interface RecentPanelProps {
  readonly items: readonly RecentItem[];
  /** The result just deleted, while the deletion can be undone. */
  readonly removed?: { readonly name: string; readonly onUndo: () => void } | undefined;
  readonly onOpen: (id: string) => void;
  readonly onRemove: (id: string) => void;
}

export function RecentPanel({ items, removed, onOpen, onRemove }: RecentPanelProps) {
  const t = useAssessMessages();
  return (
    <Panel title={t.recent.title} note={t.recent.note} flush grow>
      {removed && (
        <p className="assess-recent__removed" role="status">
          <span>{t.recent.removed(removed.name)}</span>
          <Button icon="undo" onClick={removed.onUndo}>
            {t.recent.undo}
          </Button>
        </p>
      )}
      {items.length === 0 ? (
        <p className="assess-recent__empty">{t.recent.empty}</p>
      ) : (
        <ul className="assess-recent__list">
          {items.map((item) => (
            <Row key={item.id} item={item} onOpen={onOpen} onRemove={onRemove} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Row(props: Pick<RecentPanelProps, 'onOpen' | 'onRemove'> & { readonly item: RecentItem }) {
  const { item, onOpen, onRemove } = props;
  const t = useAssessMessages();
  return (
    <li className="assess-recent__row">
      <button
        type="button"
        className="assess-recent__open"
        aria-current={item.current || undefined}
        onClick={() => onOpen(item.id)}
      >
        <span className="assess-recent__picture">
          {item.thumbnail && <img src={item.thumbnail} alt="" width="72" height="40" />}
        </span>
        <span className="assess-recent__words">
          <span className="assess-recent__name">{item.name}</span>
          <span className="assess-recent__facts">{item.facts}</span>
        </span>
        {item.score ? (
          <>
            <BandGlyph band={item.score.band} />
            <span className="ui-sr">
              {item.score.levels ? t.recent.of100 : t.grades.names[item.score.band - 1]}
            </span>
            <span className="assess-recent__score">{item.score.text}</span>
          </>
        ) : (
          <span className="assess-recent__facts">{t.recent.noScore}</span>
        )}
      </button>
      <span className="assess-recent__remove">
        <IconButton icon="trash" label={t.recent.remove(item.name)} onClick={() => onRemove(item.id)} />
      </span>
    </li>
  );
}
