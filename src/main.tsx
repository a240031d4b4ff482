import './ui/tokens.css';
import './ui/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { models } from './assessment/session.ts';
import { keepOffline } from './page/offline.ts';
import { recordRequests } from './page/requests.ts';
import { watchSystemTheme } from './page/settings.ts';
import { App } from './shell/App.tsx';

recordRequests();
watchSystemTheme();

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

// The model loads while the reader looks for a file. The header shows a failure, and a run reports it in the player.
const ready = models.ready();
ready.catch(() => {});
keepOffline(ready);
