/** The shell: header, the open place, help, and files from anywhere. */
import { Suspense, useState } from 'react';
import { useStore } from 'zustand';
import { build } from '../assessment/build.ts';
import { persist } from '../assessment/persisted.ts';
import { assess } from '../assessment/session.ts';
import { Button } from '../ui/Button.tsx';
import { LanguageProvider, useErrorText, useMessages } from '../ui/messages/useMessages.tsx';
import { Notice } from '../ui/Notice.tsx';
import './App.css';
import { Crash } from '../page/Crash.tsx';
import { chooseFiles } from '../page/intake.ts';
import type { Action } from '../page/keys.ts';
import { goTo, useRoute } from '../page/router.ts';
import { useSettings } from '../page/settings.ts';
import { type KeyHandler, useKeyListener, useKeys } from '../page/useKeys.ts';
import { useLeaveGuard } from '../page/useLeaveGuard.ts';
import { DropLayer } from './DropLayer.tsx';
import { Header, PlaceLinks } from './Header.tsx';
import { HelpDialog } from './HelpDialog.tsx';
import { PLACES, type Place } from './places.ts';
import { useModelChip } from './useModelChip.ts';

const GO = {
  assess: 'goAssess',
  compare: 'goCompare',
  batch: 'goBatch',
  models: 'goModels',
  training: 'goTraining',
} as const;

function goKeys(): Partial<Record<Action, KeyHandler>> {
  return Object.fromEntries(PLACES.map(({ id }) => [GO[id], () => goTo(id)]));
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
  const t = useMessages();
  const model = useModelChip();
  const route = useRoute();
  const [help, setHelp] = useState(false);
  const place: Place = PLACES.find(({ id }) => id === route.place) ?? PLACES[0];
  const Page = place.page();
  const [, redraw] = useState(0);
  useLeaveGuard(useStore(assess.store, ({ phase }) => phase === 'running'));
  useKeyListener(singleKeys);
  useKeys({
    open: chooseFiles,
    // The browser pastes; the listener is the paste event. Offered so that the help names it.
    paste: () => false,
    help: () => setHelp(true),
    ...goKeys(),
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
          document.getElementById('main')?.focus();
        }}
      >
        {t.app.skip}
      </a>
      <Header place={place.id} onHelp={() => setHelp(true)} model={model} />
      {!KEEPS && <NothingKept />}
      <Updated />
      <main id="main" className="app-main" tabIndex={-1}>
        <Crash key={place.id} onAgain={() => redraw((n) => n + 1)}>
          <Suspense fallback={null}>
            <Page />
          </Suspense>
        </Crash>
      </main>
      {PLACES.length > 1 && <PlaceLinks place={place.id} className="app-bottom" />}
      {help && <HelpDialog onClose={() => setHelp(false)} />}
      <DropLayer />
    </>
  );
}

/** Whether this window keeps anything; asked once, since it does not change while the page is open. */
const KEEPS = persist('storage', true);

function NothingKept() {
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

/** The server has another build. What is open goes on; only parts that were never loaded are gone. */
function Updated() {
  const t = useMessages();
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
