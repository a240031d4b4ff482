/** The statement that nothing leaves the device, and its evidence: the browser's list of requests. */

import { bytes, clock } from '../../core/text/format.ts';
import { Icon } from '../ui/Icon.tsx';
import { Popover } from '../ui/Popover.tsx';
import { useShellMessages } from './messages/useShellMessages.ts';
import './PrivacyPanel.css';
import { type RequestEntry, useRequests } from '../page/requests.ts';

export function PrivacyChip() {
  const t = useShellMessages();
  return (
    <Popover
      label={t.privacy.title}
      button={(props) => (
        <button type="button" className="app-chip" {...props}>
          <Icon name="lock" />
          <span className="app-chip__long">{t.privacy.chip}</span>
          <span className="app-chip__short">{t.privacy.chipShort}</span>
        </button>
      )}
    >
      {() => <PrivacyPanel />}
    </Popover>
  );
}

/** @param title and body texts above the list; by default that nothing is uploaded */
export function PrivacyPanel(props: { readonly title?: string; readonly body?: string }) {
  const t = useShellMessages();
  const { entries, dropped } = useRequests();
  const sameSite = entries.filter((entry) => entry.sameOrigin).length;
  return (
    <div className="app-privacy">
      <h2 className="app-privacy__title">{props.title ?? t.privacy.title}</h2>
      <p>{props.body ?? t.privacy.body}</p>
      <p className="app-privacy__sum">{t.privacy.summary(sameSite, entries.length - sameSite)}</p>
      {entries.length === 0 ? <p>{t.privacy.none}</p> : <RequestTable entries={entries} />}
      {dropped > 0 && <p>{t.privacy.dropped(dropped)}</p>}
      <h3 className="app-privacy__check">{t.privacy.check}</h3>
      <ol className="app-privacy__steps">
        {t.privacy.checkSteps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </div>
  );
}

function RequestTable({ entries }: { readonly entries: readonly RequestEntry[] }) {
  const t = useShellMessages();
  const { columns } = t.privacy;
  const size = ({ bytes: n }: RequestEntry) =>
    n === null ? t.privacy.hidden : n === 0 ? t.privacy.cached : bytes(n);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by key
    <section className="app-privacy__list" tabIndex={0} aria-label={t.privacy.title}>
      <table className="app-privacy__table">
        <thead>
          <tr>
            <th scope="col">{columns.address}</th>
            <th scope="col">{columns.kind}</th>
            <th scope="col">{columns.size}</th>
            <th scope="col">{columns.time}</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the list only grows at its end
            <tr key={i}>
              <td>{entry.address}</td>
              <td>{entry.by === 'worker' ? t.privacy.worker : t.privacy.page}</td>
              <td>{size(entry)}</td>
              <td>{clock(entry.at, 1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
