import './ui/tokens.css';
import './ui/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { recordRequests } from './app/requests.ts';
import { watchSystemTheme } from './app/settings.ts';
import { keepOffline } from './offline.ts';
import { models } from './state/session.ts';

recordRequests();
watchSystemTheme();

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

// The model loads while the reader looks for a file. What fails here is said in the header and, on a run, on the stage.
const ready = models.ready();
ready.catch(() => {});
keepOffline(ready);
