/** On the Training page the privacy chip gives way to this one: which server the page talks to, and what of it is seen. */
import { useStore } from 'zustand';
import { isOnThisMachine, serverLink, shownAddress } from '../features/training/state/link.ts';
import { Icon } from '../ui/Icon.tsx';
import { Popover } from '../ui/Popover.tsx';
import { useShellMessages } from './messages/useShellMessages.ts';
import { PrivacyChip, PrivacyPanel } from './PrivacyPanel.tsx';

export function ServerChip() {
  const t = useShellMessages();
  const { address, state } = useStore(serverLink);
  // As long as it talks to nobody, nothing has changed.
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
