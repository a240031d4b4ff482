/** Foot of the table: its order, the search field, and the keys of the rows. */
import { useRef } from 'react';
import { useActions } from '../../page/useActions.ts';
import { Kbd } from '../../ui/Kbd.tsx';
import './TableFoot.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import type { TableView } from './rows.ts';

export function TableFoot(props: { readonly view: TableView; readonly onView: (view: TableView) => void }) {
  const { view, onView } = props;
  const t = useBatchMessages();
  const find = useRef<HTMLInputElement>(null);
  useActions({ find: () => find.current?.focus() });
  return (
    <footer className="batch-foot">
      <span className="batch-foot__order">{t.sortedBy[view.sort.by]}</span>
      <span className="batch-foot__keys">
        <Kbd>J</Kbd> <Kbd>K</Kbd> {t.keys.move}
      </span>
      <span className="batch-foot__keys">
        <Kbd>{t.keys.enter}</Kbd> {t.keys.open}
      </span>
      <label className="batch-foot__find">
        <Kbd>/</Kbd>
        <input
          ref={find}
          className="ui-field"
          type="search"
          aria-label={t.find}
          placeholder={t.find}
          value={view.find}
          onChange={(event) => onView({ ...view, find: event.target.value })}
        />
      </label>
    </footer>
  );
}
