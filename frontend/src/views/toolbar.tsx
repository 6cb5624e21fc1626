import { useMemo, type RefObject } from 'react';
import type { Call, CallState } from '../calls/call';
import { providers, type CallFilter } from '../calls/filter';
import { Icon } from '../ui/icons';
import { STATE_WORDS } from '../ui/status';

interface Props {
  calls: readonly Call[];
  filter: CallFilter;
  onFilter: (filter: CallFilter) => void;
  search: RefObject<HTMLInputElement | null>;
  paused: boolean;
  fresh: number;
  onPause: () => void;
}

export function Toolbar({ calls, filter, onFilter, search, paused, fresh, onPause }: Props) {
  const names = useMemo(() => providers(calls), [calls]);
  return (
    <div className="toolbar" role="search">
      <label className="search">
        <Icon name="search" />
        <span className="hidden">Search calls</span>
        <input
          ref={search}
          type="search"
          value={filter.text}
          placeholder="Search text, model, process, provider"
          onChange={(event) => onFilter({ ...filter, text: event.target.value })}
          spellCheck={false}
          autoComplete="off"
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      <div className="filters">
        <select
          aria-label="Provider"
          value={filter.provider}
          onChange={(event) => onFilter({ ...filter, provider: event.target.value })}
        >
          <option value="">All providers</option>
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <select
          aria-label="Status"
          value={filter.state}
          onChange={(event) => onFilter({ ...filter, state: event.target.value as CallState | '' })}
        >
          <option value="">Any status</option>
          {Object.entries(STATE_WORDS).map(([state, words]) => (
            <option key={state} value={state}>
              {words}
            </option>
          ))}
        </select>
        {filter.pid !== null && (
          <button
            type="button"
            className="button small"
            onClick={() => onFilter({ ...filter, pid: null })}
            aria-label={`Stop filtering by process ${filter.pid}`}
          >
            pid {filter.pid} <Icon name="close" />
          </button>
        )}
        <button
          type="button"
          className={paused ? 'button accent' : 'button'}
          onClick={onPause}
          aria-pressed={paused}
          title="Pause the list (p)"
        >
          <Icon name={paused ? 'play' : 'pause'} />
          {paused ? (fresh > 0 ? `${fresh} new` : 'Paused') : 'Pause'}
        </button>
      </div>
    </div>
  );
}
