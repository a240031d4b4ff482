/** The shell: header, the open place, help, and files from anywhere. */
import { Component, type ReactNode, Suspense, useState } from 'react';
import { CodedError } from '../core/errors.ts';
import { persist } from '../state/persisted.ts';
import { ErrorCard } from '../ui/ErrorCard.tsx';
import { Notice } from '../ui/Notice.tsx';
import { useErrorText, useWords, WordsProvider } from '../ui/words/useWords.tsx';
import './App.css';
import { DropLayer } from './DropLayer.tsx';
import { Header, PlaceLinks } from './Header.tsx';
import { HelpDialog } from './HelpDialog.tsx';
import { chooseFiles } from './intake.ts';
import type { Action } from './keys.ts';
import { PLACES, type Place } from './places.ts';
import { goTo, useRoute } from './router.ts';
import { useSettings } from './settings.ts';
import { type KeyHandler, useKeyListener, useKeys } from './useKeys.ts';
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
    <WordsProvider lang={settings.lang}>
      <Shell singleKeys={settings.singleKeys} />
    </WordsProvider>
  );
}

function Shell({ singleKeys }: { readonly singleKeys: boolean }) {
  const w = useWords();
  const model = useModelChip();
  const route = useRoute();
  const [help, setHelp] = useState(false);
  const place: Place = PLACES.find(({ id }) => id === route.place) ?? PLACES[0];
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
        {w.app.skip}
      </a>
      <Header place={place.id} onHelp={() => setHelp(true)} model={model} />
      {!KEEPS && <NothingKept />}
      <main id="main" className="app-main" tabIndex={-1}>
        <Crash key={place.id}>
          <Suspense fallback={null}>
            <place.Page />
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

/** An error of the page itself: said in the place where it happened, with details to copy. */
class Crash extends Component<{ readonly children: ReactNode }, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    const { error } = this.state;
    return error ? <CrashCard error={error} /> : this.props.children;
  }
}

function CrashCard({ error }: { readonly error: Error }) {
  const w = useWords();
  const coded =
    error instanceof CodedError ? error : new CodedError('app/unexpected', { detail: error.message });
  return (
    <div className="app-crash">
      <ErrorCard
        error={coded.toData()}
        actions={[{ label: w.actions.reload, onClick: () => location.reload() }]}
        details={[error.stack ?? '', navigator.userAgent]}
      />
    </div>
  );
}
