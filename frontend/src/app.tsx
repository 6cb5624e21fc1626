import { useState } from 'react';
import { ALL, type CallFilter } from './calls/filter';
import { useSession } from './live/session';
import { hashOf, useRoute, type Route } from './route';
import { Icon, type IconName } from './ui/icons';
import { Boundary } from './ui/boundary';
import { applyTheme, storedTheme, type Theme } from './ui/theme';
import { ActivityView, EVERYTHING } from './views/activity';
import { CallsView } from './views/calls';
import { CaptureView } from './views/capture';
import { FiltersView } from './views/filters';
import { ProcessesView } from './views/processes';

const TABS: readonly { route: Route; label: string }[] = [
  { route: { view: 'calls', call: null }, label: 'Calls' },
  { route: { view: 'activity' }, label: 'Activity' },
  { route: { view: 'processes' }, label: 'Processes' },
  { route: { view: 'capture' }, label: 'Capture' },
  { route: { view: 'filters' }, label: 'Filters' },
];

export function App() {
  const route = useRoute();
  // Kept here, so that it outlives a look at another view.
  const [filter, setFilter] = useState<CallFilter>(ALL);
  const [deeds, setDeeds] = useState(EVERYTHING);
  return (
    <div className="app">
      <a className="skip" href="#main" onClick={(event) => skip(event)}>
        Skip to content
      </a>
      <div>
        <header className="top">
          <a className="brand" href="#/calls" aria-label="OISP Sensor, to the list of calls">
            <img src="/favicon.svg" width="22" height="22" alt="" />
            <span>OISP Sensor</span>
          </a>
          <nav className="tabs" aria-label="Views">
            {TABS.map(({ route: to, label }) => (
              <a key={label} href={hashOf(to)} aria-current={to.view === route.view ? 'page' : undefined}>
                {label}
              </a>
            ))}
          </nav>
          <span className="grow" />
          <FeedBadge />
          <ThemeButton />
        </header>
        <LockedNote />
      </div>
      <main id="main" tabIndex={-1}>
        <Boundary key={route.view}>
          {route.view === 'calls' && <CallsView open={route.call} filter={filter} onFilter={setFilter} />}
          {route.view === 'activity' && <ActivityView filter={deeds} onFilter={setDeeds} />}
          {route.view === 'processes' && <ProcessesView onFilter={setFilter} />}
          {route.view === 'capture' && <CaptureView />}
          {route.view === 'filters' && <FiltersView />}
        </Boundary>
      </main>
    </div>
  );
}

/** The address after `#` is the route: the link must not change it. */
function skip(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function FeedBadge() {
  const { feed, missed } = useSession();
  const words = { connecting: 'Connecting', live: 'Live', waiting: 'Disconnected, retrying', locked: 'Locked' }[feed];
  return (
    <span className={`feed feed-${feed}`} role="status">
      <span className="feed-dot" aria-hidden="true" />
      {words}
      {missed > 0 && (
        <span className="chip warn" title="This page did not keep up: the log let them go first">
          {missed.toLocaleString('en-US')} missed
        </span>
      )}
    </span>
  );
}

function LockedNote() {
  const { feed } = useSession();
  if (feed !== 'locked') return null;
  return (
    <p className="locked" role="alert">
      The sensor does not take this browser’s token. Open the link that it printed at its start;
      <code>oisp-sensor status</code> prints it again.
    </p>
  );
}

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const ICONS: Record<Theme, IconName> = { system: 'system', light: 'sun', dark: 'moon' };

function ThemeButton() {
  const [theme, setTheme] = useState(storedTheme);
  const change = () => {
    applyTheme(NEXT[theme]);
    setTheme(NEXT[theme]);
  };
  const label = `Theme: ${theme}. Change to ${NEXT[theme]}`;
  return (
    <button type="button" className="button quiet icon-only" onClick={change} aria-label={label} title={label}>
      <Icon name={ICONS[theme]} />
    </button>
  );
}
