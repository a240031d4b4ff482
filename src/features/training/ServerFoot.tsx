/** Address of the server, state of the connection, and disconnecting. */
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { Button } from '../../ui/Button.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import { serverLink, shownAddress } from './state/link.ts';
import { training } from './state/session.ts';

/** Seconds since a moment, counted while the component stands. */
function useSeconds(since: number | null): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (since === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [since]);
  return since === null ? 0 : Math.max(0, Math.round((now - since) / 1000));
}

export function ServerFoot() {
  const t = useTrainingMessages();
  const { address } = useStore(serverLink);
  const lost = useStore(training.store, (state) => state.lost);
  const seconds = useSeconds(lost?.lastContactAt ?? null);
  return (
    <div className="training-server">
      <div className="training-server__line">
        <Icon name="plug" />
        <span className="training-server__address">{shownAddress(address)}</span>
        <Menu
          up
          label={t.server.menu}
          items={[
            { id: 'leave', label: t.server.leave, onSelect: () => training.leave(false) },
            { id: 'forget', label: t.server.forget, onSelect: () => training.leave(true) },
          ]}
          button={(props) => (
            <button type="button" className="ui-iconbutton" {...props} aria-label={t.server.menu}>
              <Icon name="menu" />
            </button>
          )}
        />
      </div>
      {/* Said once when it happens, not each second. */}
      <p className="ui-sr" role="status">
        {lost ? t.server.lost : ''}
      </p>
      {lost ? (
        <div className="training-server__lost">
          <p>
            <strong>{t.server.lost}</strong>, {t.server.lastContact(seconds)}
          </p>
          <Button onClick={training.retry}>{t.server.tryNow}</Button>
        </div>
      ) : (
        <p className="training-server__state">{t.server.live}</p>
      )}
    </div>
  );
}
