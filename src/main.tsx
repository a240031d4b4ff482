import './ui/tokens.css';
import './ui/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { recordRequests } from './app/requests.ts';
import { watchSystemTheme } from './app/settings.ts';

recordRequests();
watchSystemTheme();

// Offline, and isolation on hosts that send no headers. Not while developing, where a cache would hide every change.
if (import.meta.env.PROD && 'serviceWorker' in navigator)
  void navigator.serviceWorker.register(`${import.meta.env.BASE_URL}sw.js`);

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
