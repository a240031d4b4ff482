import './ui/fonts.css';
import './ui/tokens.css';
import './ui/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { models } from './assessment/session.ts';
import { keepOffline } from './page/offline.ts';
import { recordRequests } from './page/requests.ts';
import { parseAddress } from './page/router.ts';
import { watchSystemTheme } from './page/settings.ts';
import { App } from './shell/App.tsx';

recordRequests();
watchSystemTheme();

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

/** Loads the model; on the Training page, which does not use it, when another page is opened. */
function loadModel(): Promise<unknown> {
  if (parseAddress(location.hash).route !== 'training') return models.readyPackage();
  return new Promise((done) =>
    addEventListener('hashchange', () => done(models.readyPackage()), { once: true }),
  );
}

// The model loads while the reader looks for a file. The header shows a failure, and a run reports it in the player.
const ready = loadModel();
ready.catch(() => {});
keepOffline(ready);
