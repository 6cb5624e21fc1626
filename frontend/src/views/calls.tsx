// The list of calls, and beside it the call that is open.

import { useCallback, useMemo, useRef, useState } from 'react';
import { ALL, passing, type CallFilter } from '../calls/filter';
import type { Call } from '../calls/call';
import { useSession } from '../live/session';
import { go } from '../route';
import { listEnd, noCall } from './absence';
import { CallDetail } from './call-detail';
import { CallList } from './call-list';
import { EmptyState } from './empty';
import { useKeys } from './keys';
import { Toolbar } from './toolbar';
import { Totals } from './totals';

interface Props {
  open: string | null;
  filter: CallFilter;
  onFilter: (filter: CallFilter) => void;
}

export function CallsView({ open, filter, onFilter }: Props) {
  const session = useSession();
  const [frozen, setFrozen] = useState<ReadonlySet<string> | null>(null);
  const [cursor, setCursor] = useState<string | null>(open);
  const search = useRef<HTMLInputElement>(null);
  const all = session.calls.list();
  const held = useMemo(() => (frozen ? all.filter((call) => frozen.has(call.id)) : all), [all, frozen]);
  const shown = useMemo(() => passing(held, filter), [held, filter]);
  const fresh = frozen ? all.length - held.length : 0;
  const selected = open ?? cursor;

  const openCall = useCallback((id: string) => {
    setCursor(id);
    go({ view: 'calls', call: id });
  }, []);
  const close = useCallback(() => {
    setCursor(open);
    go({ view: 'calls', call: null });
  }, [open]);
  const move = (step: number) => {
    const next = neighbour(shown, selected, step);
    if (next === undefined) return;
    setCursor(next.id);
    if (open !== null) go({ view: 'calls', call: next.id }, true);
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => selected !== null && openCall(selected),
    Escape: () => open !== null && close(),
    '/': () => search.current?.focus(),
    p: () => toggle(),
  });
  const toggle = () => setFrozen(frozen ? null : new Set(all.map((call) => call.id)));

  if (all.length === 0 && open === null) return <EmptyState loaded={session.loaded} silent={session.silent} />;
  return (
    <div className={open === null ? 'calls' : 'calls with-detail'}>
      <section className="list-pane" aria-label="Calls">
        <h1 className="hidden">AI calls</h1>
        <Toolbar
          calls={all}
          filter={filter}
          onFilter={onFilter}
          search={search}
          paused={frozen !== null}
          fresh={fresh}
          onPause={toggle}
        />
        <CallList
          calls={shown}
          selected={selected}
          onOpen={openCall}
          footer={<ListEnd shown={shown.length} held={held.length} onClear={() => onFilter(ALL)} />}
        />
        <Totals calls={shown} />
      </section>
      {open !== null && <CallDetail key={open} id={open} onClose={close} />}
    </div>
  );
}

function neighbour(calls: readonly Call[], from: string | null, step: number): Call | undefined {
  const at = calls.findIndex((call) => call.id === from);
  return at < 0 ? calls[0] : calls[at + step];
}

function ListEnd({ shown, held, onClear }: { shown: number; held: number; onClear: () => void }) {
  const session = useSession();
  const words = noCall(session, shown, held);
  const end = listEnd(session, held);
  return (
    <div className="list-end">
      {words !== '' && <p role="status">{words}</p>}
      {shown !== held && (
        <button type="button" className="button small" onClick={onClear}>
          Clear filters
        </button>
      )}
      {end === 'all' && <span className="muted">That is all the log holds.</span>}
      {end === 'newest' && <span className="muted">This page keeps no calls older than these.</span>}
      {end === 'more' && <OlderButton />}
    </div>
  );
}

function OlderButton() {
  const session = useSession();
  const [words, setWords] = useState('Load older calls');
  const load = () => {
    setWords('Loading…');
    session.older().then(
      () => setWords('Load older calls'),
      () => setWords('The sensor did not answer. Try again'),
    );
  };
  return (
    <button type="button" className="button quiet small" onClick={load}>
      {words}
    </button>
  );
}
