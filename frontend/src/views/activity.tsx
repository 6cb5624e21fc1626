// What processes did: programs, files, the network; newest first.

import { useMemo, useState } from 'react';
import { passingDeeds, type DeedFilter } from '../activity/book';
import { tieWords, type Deed, type DeedKind } from '../activity/deed';
import { clock, fullTime, plural } from '../format';
import { session, useSession } from '../live/session';
import { hashOf } from '../route';
import { Icon } from '../ui/icons';
import { DeedWords } from './deeds';

/** More rows than that are no use to anybody at once. */
const MOST = 300;

const KINDS: readonly { kind: DeedKind; label: string }[] = [
  { kind: 'program', label: 'Programs' },
  { kind: 'file', label: 'Files' },
  { kind: 'network', label: 'Network' },
];

export const EVERYTHING: DeedFilter = {
  text: '',
  kinds: new Set(KINDS.map(({ kind }) => kind)),
  tied: false,
};

interface Props {
  filter: DeedFilter;
  onFilter: (filter: DeedFilter) => void;
}

export function ActivityView({ filter, onFilter }: Props) {
  const { activity } = useSession();
  const [frozen, setFrozen] = useState<readonly Deed[] | null>(null);
  const all = activity.list();
  const held = frozen ?? all;
  const shown = useMemo(() => passingDeeds(held, filter), [held, filter]);
  const fresh = frozen ? all.length - frozen.length : 0;
  return (
    <div className="page">
      <header className="page-head">
        <h1>Activity</h1>
        <p className="muted">Programs that ran, files and connections, and the tool call of a model behind them.</p>
      </header>
      <ActivityBar filter={filter} onFilter={onFilter}>
        <button
          type="button"
          className={frozen ? 'button accent' : 'button'}
          aria-pressed={frozen !== null}
          onClick={() => setFrozen(frozen ? null : all)}
        >
          <Icon name={frozen ? 'play' : 'pause'} />
          {frozen ? (fresh > 0 ? `${fresh} new` : 'Paused') : 'Pause'}
        </button>
      </ActivityBar>
      {shown.length === 0 ? (
        <p className="notice">{nothing(held.length)}</p>
      ) : (
        <ol className="activity">
          {shown.slice(0, MOST).map((deed) => (
            <Row key={deed.id} deed={deed} />
          ))}
        </ol>
      )}
      {shown.length > MOST && <p className="muted">{plural(shown.length - MOST, 'older one')} not shown.</p>}
    </div>
  );
}

function nothing(held: number): string {
  return held > 0 ? `None of the ${plural(held, 'event')} matches.` : 'Nothing was seen yet.';
}

function ActivityBar({ filter, onFilter, children }: Props & { children: React.ReactNode }) {
  const toggle = (kind: DeedKind) => {
    const kinds = new Set(filter.kinds);
    if (!kinds.delete(kind)) kinds.add(kind);
    onFilter({ ...filter, kinds });
  };
  return (
    <div className="activity-bar" role="search">
      <label className="search">
        <Icon name="search" />
        <span className="hidden">Search activity</span>
        <input
          type="search"
          value={filter.text}
          placeholder="Search path, host, command, process"
          onChange={(event) => onFilter({ ...filter, text: event.target.value })}
          spellCheck={false}
          autoComplete="off"
        />
      </label>
      <div className="filters">
        {KINDS.map(({ kind, label }) => (
          <button
            key={kind}
            type="button"
            className={filter.kinds.has(kind) ? 'button toggle on' : 'button toggle'}
            aria-pressed={filter.kinds.has(kind)}
            onClick={() => toggle(kind)}
          >
            {label}
          </button>
        ))}
        <label className="check">
          <input
            type="checkbox"
            checked={filter.tied}
            onChange={(event) => onFilter({ ...filter, tied: event.target.checked })}
          />
          Only by tool calls
        </label>
        {children}
      </div>
    </div>
  );
}

function Row({ deed }: { deed: Deed }) {
  return (
    <li>
      <time className="figure muted" title={fullTime(deed.at)}>
        {clock(deed.at)}
      </time>
      <span className="who" title={deed.pid === undefined ? undefined : `pid ${deed.pid}`}>
        <b>{deed.processName || 'unknown'}</b> <code className="muted">{deed.pid}</code>
      </span>
      <DeedWords deed={deed} />
      <Cause deed={deed} />
    </li>
  );
}

function Cause({ deed }: { deed: Deed }) {
  if (deed.tie === undefined) return null;
  const tool = session.activity.causeOf(deed);
  const name = tool?.name ?? 'a tool call';
  const words = deed.tie === 'one_of' ? 'one of several tool calls' : name;
  return (
    <span className="cause" title={tieWords(deed.tie)}>
      <Icon name="tool" />
      {tool ? <a href={hashOf({ view: 'calls', call: tool.request })}>{words}</a> : words}
      {deed.tie === 'time' && <span className="muted">by time</span>}
    </span>
  );
}
