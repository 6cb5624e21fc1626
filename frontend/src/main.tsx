import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { session } from './live/session';
import './styles/tokens.css';
import './styles/base.css';
import './styles/calls.css';
import './styles/conversation.css';
import './styles/pages.css';
import './styles/activity.css';
import './styles/filters.css';
import { applyTheme, storedTheme } from './ui/theme';

applyTheme(storedTheme());
session.start();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
