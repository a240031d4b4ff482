/**
 * Every state of the shared parts on one page, for looking at: `npm run dev`, then `/e2e/gallery/?theme=dark&lang=zh`.
 * Not part of the build.
 */
import '../../src/ui/fonts.css';
import '../../src/ui/tokens.css';
import '../../src/ui/base.css';
import '../../src/shell/App.css';
import { type ReactNode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { GradesPanel } from '../../src/features/assess/GradesPanel.tsx';
import { useAssessMessages } from '../../src/features/assess/messages/useAssessMessages.ts';
import { RecentPanel } from '../../src/features/assess/RecentPanel.tsx';
import { ScorePanel } from '../../src/features/assess/ScorePanel.tsx';
import { TracePanel } from '../../src/features/assess/TracePanel.tsx';
import { ACTION_IDS } from '../../src/page/actions.ts';
import { recordRequests } from '../../src/page/requests.ts';
import { useActions } from '../../src/page/useActions.ts';
import { Header, RouteLinks } from '../../src/shell/Header.tsx';
import { HelpDialog } from '../../src/shell/HelpDialog.tsx';
import { useShellMessages } from '../../src/shell/messages/useShellMessages.ts';
import { PrivacyPanel } from '../../src/shell/PrivacyPanel.tsx';
import { BANDS, BandGlyph } from '../../src/ui/BandGlyph.tsx';
import { Button, IconButton } from '../../src/ui/Button.tsx';
import { ErrorCard } from '../../src/ui/ErrorCard.tsx';
import { Menu } from '../../src/ui/Menu.tsx';
import { LanguageProvider, useLang } from '../../src/ui/messages/useMessages.tsx';
import { Notice } from '../../src/ui/Notice.tsx';
import { ProgressBar } from '../../src/ui/ProgressBar.tsx';
import { ACR } from '../../src/ui/ruler/acr.ts';
import { ScoreRuler } from '../../src/ui/ruler/ScoreRuler.tsx';
import { Segmented } from '../../src/ui/Segmented.tsx';
import './gallery.css';
import { Growing, LaidOut } from './page.tsx';
import { RECENT, SCORES, segments, trace } from './samples.ts';

const none = () => {};

/** The foot of a narrow window once every place is there. */
const ALL_ROUTES = [
  { id: 'assess', icon: 'gauge' },
  { id: 'compare', icon: 'split' },
  { id: 'batch', icon: 'list' },
  { id: 'models', icon: 'download' },
  { id: 'training', icon: 'chart' },
] as const;
const query = new URLSearchParams(location.search);

function Item({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="gallery__item">
      <p className="gallery__name">{name}</p>
      {children}
    </div>
  );
}

function Trace({ length, writing = false }: { readonly length?: number; readonly writing?: boolean }) {
  const lang = useLang();
  const [frames, setFrames] = useState<readonly number[] | null>(writing ? null : [5]);
  const [raw, setRaw] = useState(false);
  const { text, spans } = trace(lang, length);
  return (
    <TracePanel
      text={text}
      lang={lang}
      writing={writing}
      spans={spans}
      run="Small · greedy"
      frames={frames}
      onFrames={setFrames}
      onSeek={none}
      announce={false}
      {...(!writing && {
        raw: {
          text: `<think>${text}</think><answer>3.5/5</answer>`,
          official: { value: '3.00', isDefault: true },
          open: raw,
          onOpen: setRaw,
        },
      })}
    />
  );
}

function Gallery() {
  const t = useAssessMessages();
  const [view, setView] = useState('split');
  const p = t.progress;
  const stop = <Button kbd="Esc">{t.actions.stop}</Button>;
  return (
    <div className="gallery">
      {SCORES.map(([name, state]) => (
        <Item key={name} name={name}>
          <ScorePanel
            state={state}
            run={t.score.greedy('Small')}
            onAbout={none}
            onRaw={none}
            onAgain={none}
            onResume={none}
          />
        </Item>
      ))}
      <Item name="grades">
        <GradesPanel />
      </Item>
      <Item name="recent">
        <RecentPanel
          items={RECENT}
          onOpen={none}
          onRemove={none}
          removed={{ name: 'cars.mp4', onUndo: none }}
        />
      </Item>
      <Item name="trace, done">
        <Trace />
      </Item>
      <Item name="trace, writing">
        <Trace writing length={430} />
      </Item>
      <Item name="trace, empty">
        <TracePanel
          text=""
          lang="en"
          writing={false}
          spans={[]}
          frames={null}
          onFrames={none}
          onSeek={none}
          announce={false}
        />
      </Item>
      <Item name="progress">
        <div className="gallery__box">
          <ProgressBar
            label={p.label}
            title={p.loading}
            detail={p.loadingBytes(7.4e6, 11.2e6)}
            segments={[{ id: 'load', label: '', share: 1, state: 'running', fraction: 0.66 }]}
            action={<Button>{t.actions.stop}</Button>}
          />
          <ProgressBar
            label={p.label}
            title={p.decode(5, 12)}
            segments={segments(t, 1, 0.42)}
            action={stop}
          />
          <ProgressBar
            label={p.label}
            title={p.encodeVision(9, 12)}
            detail={p.left(5)}
            segments={segments(t, 2, 0.75)}
            action={stop}
          />
          <ProgressBar
            label={p.label}
            title={p.generate(58)}
            detail={`${p.rate('31')} · ${p.left(4)}`}
            segments={segments(t, 5, 0.62)}
            captions
            action={stop}
          />
        </div>
      </Item>
      <Item name="error, in the stage">
        <div className="gallery__stage">
          <ErrorCard
            onPlayer
            error={{ code: 'media/codec', params: { codec: 'HEVC', browser: 'Safari' }, message: '' }}
            file="IMG_2041.MOV"
            actions={[{ label: t.actions.chooseAnother, onClick: none }]}
          />
        </div>
      </Item>
      <Item name="grades, controls, focus">
        <div className="gallery__box">
          <div className="gallery__row">
            {BANDS.map((band) => (
              <span key={band} className="gallery__row">
                <BandGlyph band={band} /> {t.grades.names[band - 1]}
              </span>
            ))}
          </div>
          <ScoreRuler
            scale={ACR}
            reading={{ kind: 'legend' }}
            grades={t.grades.names}
            label={t.grades.title}
          />
          <div className="gallery__row">
            <Button look="primary">{t.actions.next}</Button>
            <Button icon="copy">{t.actions.copyText}</Button>
            <Button look="quiet">{t.actions.goOn}</Button>
            <Button disabled>{t.actions.copy}</Button>
            <IconButton icon="camera" label={t.player.saveFrame} />
            <IconButton icon="repeat" pressed label={t.player.loop} />
            <Menu
              label={t.actions.export}
              align="start"
              button={(props) => (
                <Button {...props} icon="download" iconAfter="chevronDown">
                  {t.actions.export}
                </Button>
              )}
              items={[
                { id: 'json', label: t.actions.exportJson, onSelect: none },
                { id: 'png', label: t.actions.exportPng, detail: t.trace.rawHelp, onSelect: none },
              ]}
            />
          </div>
          <Segmented
            label="view"
            value={view}
            onChange={setView}
            options={['split', 'side', 'difference'].map((value) => ({ value, label: value }))}
          />
        </div>
      </Item>
      <Item name="notice">
        <Notice actions={<Button icon="undo">{t.recent.undo}</Button>}>{t.strip.substituted(93, 92)}</Notice>
      </Item>
      <Item name="privacy">
        <div className="gallery__box">
          <PrivacyPanel />
        </div>
      </Item>
    </div>
  );
}

function Page() {
  const t = useShellMessages();
  const [help, setHelp] = useState(false);
  useActions(Object.fromEntries(ACTION_IDS.map((id) => [id, none])));
  return (
    <>
      <Header
        route="assess"
        onHelp={() => setHelp(true)}
        model={{
          state: { kind: 'ready', name: 'Small', size: 11.2e6, backend: 'wasm' },
          reason: t.model.reasons['no-adapter'],
          items: [
            { id: 'small', label: 'Small', detail: t.model.bundled, checked: true, onSelect: none },
            {
              id: 'open',
              icon: 'folder',
              label: t.model.openFolder,
              detail: t.model.openFolderHelp,
              onSelect: none,
            },
          ],
        }}
      />
      <main>
        <h1 className="ui-sr">Gallery</h1>
        {query.get('page') === 'growing' ? (
          <Growing />
        ) : query.get('page') ? (
          <LaidOut kind={query.get('page')!} />
        ) : (
          <Gallery />
        )}
      </main>
      {query.get('places') && <RouteLinks route="assess" className="app-bottom" routes={ALL_ROUTES} />}
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </>
  );
}

recordRequests();
const lang = query.get('lang') === 'zh' ? 'zh' : 'en';
document.documentElement.lang = lang;
document.documentElement.dataset.theme = query.get('theme') ?? 'light';
createRoot(document.getElementById('root') as HTMLElement).render(
  <LanguageProvider lang={lang}>
    <Page />
  </LanguageProvider>,
);
