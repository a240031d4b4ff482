/** The shell: header, the open page, help dialog, and files dropped anywhere. */
import { Suspense, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { build } from '../assessment/build.ts';
import { persist } from '../assessment/persisted.ts';
import { assess } from '../assessment/session.ts';
import { Button } from '../ui/Button.tsx';
import { LanguageProvider, useErrorText } from '../ui/messages/useMessages.tsx';
import { Notice } from '../ui/Notice.tsx';
import { useShellMessages } from './messages/useShellMessages.ts';
import './App.css';
import type { Offers } from '../page/actions.ts';
import { Crash } from '../page/Crash.tsx';
import { pickFiles } from '../page/file-input.ts';
import { goTo, useAddress } from '../page/router.ts';
import { useSettings } from '../page/settings.ts';
import { useActions, useKeyListener } from '../page/useActions.ts';
import { useLeaveGuard } from '../page/useLeaveGuard.ts';
import { DropLayer } from './DropLayer.tsx';
import { Header, RouteLinks } from './Header.tsx';
import { HelpDialog } from './HelpDialog.tsx';
import { ROUTES, type Route } from './routes.ts';
import { useModelChip } from './useModelChip.ts';

const GO = {
  assess: 'goAssess',
  compare: 'goCompare',
  batch: 'goBatch',
  models: 'goModels',
  training: 'goTraining',
} as const;

function navigation(): Offers {
  return Object.fromEntries(ROUTES.map(({ id }) => [GO[id], () => goTo(id)]));
}

export function App() {
  const settings = useSettings();
  return (
    <LanguageProvider lang={settings.lang}>
      <Shell singleKeys={settings.singleKeys} />
    </LanguageProvider>
  );
}

function Shell({ singleKeys }: { readonly singleKeys: boolean }) {
  const t = useShellMessages();
  const model = useModelChip();
  const address = useAddress();
  const [help, setHelp] = useState(false);
  const route: Route = ROUTES.find(({ id }) => id === address.route) ?? ROUTES[0];
  const Page = route.page();
  const [, redraw] = useState(0);
  const main = useRef<HTMLElement>(null);
  useLeaveGuard(useStore(assess.store, ({ phase }) => phase === 'running'));
  useKeyListener(singleKeys);
  useActions({
    open: () => pickFiles(),
    // The browser fires the paste event, to which DropLayer listens.
    paste: 'browser',
    help: () => setHelp(true),
    ...navigation(),
  });
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: it goes to a part of the page; the click only spares the route */}
      <a
        className="app-skip"
        href="#main"
        onClick={(event) => {
          // The hash is the route; the focus moves without it.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t.routes.skip}
      </a>
      <Header route={route.id} onHelp={() => setHelp(true)} model={model} />
      {!HAS_STORAGE && <StorageNotice />}
      <Updated />
      <main id="main" ref={main} className="app-main" tabIndex={-1}>
        <Crash key={route.id} onAgain={() => redraw((n) => n + 1)}>
          <Suspense fallback={null}>
            <Page />
          </Suspense>
        </Crash>
      </main>
      {ROUTES.length > 1 && <RouteLinks route={route.id} className="app-bottom" />}
      {help && <HelpDialog onClose={() => setHelp(false)} />}
      <DropLayer />
    </>
  );
}

/** True when this window can store data; constant while the page is open. */
const HAS_STORAGE = persist('storage', true);

function StorageNotice() {
  const { title, body } = useErrorText(NO_STORAGE);
  return (
    <div className="app-notice" role="status">
      <Notice>
        <strong>{title}</strong> {body}
      </Notice>
    </div>
  );
}

const NO_STORAGE = { code: 'app/storage', params: {} };

/** Notice that the server has another build: loaded parts work on, others can no longer be loaded. */
function Updated() {
  const t = useShellMessages();
  const updated = useStore(build, (state) => state.updated);
  const { title, body } = useErrorText(UPDATED);
  if (!updated) return null;
  return (
    <div className="app-notice" role="status">
      <Notice actions={<Button onClick={() => location.reload()}>{t.actions.reload}</Button>}>
        <strong>{title}</strong> {body}
      </Notice>
    </div>
  );
}

const UPDATED = { code: 'app/updated', params: {} };
