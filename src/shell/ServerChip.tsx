/** Replaces the privacy chip on the Training page: address of the training server and the list of requests. */
import { useStore } from 'zustand';
import { isOnThisMachine, serverLink, shownAddress } from '../features/training/state/link.ts';
import { Icon } from '../ui/Icon.tsx';
import { Popover } from '../ui/Popover.tsx';
import { useShellMessages } from './messages/useShellMessages.ts';
import { PrivacyChip, PrivacyPanel } from './PrivacyPanel.tsx';

export function ServerChip() {
  const t = useShellMessages();
  const { address, state } = useStore(serverLink);
  // Without a server the privacy statement holds unchanged.
  if (state === 'none' || address === '') return <PrivacyChip />;
  const here = isOnThisMachine(address);
  const name = here ? t.server.here : t.server.there(shownAddress(address));
  return (
    <Popover
      label={t.server.title}
      button={(props) => (
        <button type="button" className="app-chip" {...props}>
          <Icon name="plug" />
          <span className="app-chip__long">{name}</span>
          <span className="app-chip__short">{t.server.short}</span>
        </button>
      )}
    >
      {() => <PrivacyPanel title={t.server.title} body={t.server.body(shownAddress(address), here)} />}
    </Popover>
  );
}
