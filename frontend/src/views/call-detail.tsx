// One call, open: what was said, the facts around it, and its events as they
// are.

import { useEffect, useState } from 'react';
import type { Call } from '../calls/call';
import { duration, fullTime, tokens, usd } from '../format';
import { session, useSession } from '../live/session';
import type { OispEvent } from '../oisp/event';
import { CopyButton } from '../ui/copy';
import { Icon } from '../ui/icons';
import { Json } from '../ui/json';
import { StateBadge } from '../ui/status';
import { noEvents, noSuch, type Missing } from './absence';
import { Conversation } from './conversation';
import { Facts } from './facts';
import { TimingBar } from './timing';

const TABS = ['Conversation', 'Details', 'Raw'] as const;
type Tab = (typeof TABS)[number];

export function CallDetail({ id, onClose }: { id: string; onClose: () => void }) {
  const { calls } = useSession();
  const call = calls.get(id);
  const missing = useFetched(id, call);
  const [tab, setTab] = useState<Tab>('Conversation');
  const request = useEvent(call?.requestEvent);
  const response = useEvent(call?.responseEvent);
  return (
    <section className="detail" aria-label="The open call">
      <header className="detail-head">
        <button type="button" className="button quiet icon-only back" onClick={onClose} aria-label="Close the call">
          <Icon name="back" />
        </button>
        {call ? <Title call={call} /> : <h2>Call</h2>}
        <button
          type="button"
          className="button quiet icon-only shut"
          onClick={onClose}
          aria-label="Close the call (Escape)"
        >
          <Icon name="close" />
        </button>
      </header>
      {!call && (
        <p className="notice" role="status">
          {noSuch('call', missing)}
        </p>
      )}
      {call && (
        <>
          <Strip call={call} />
          <div
            className="detail-tabs"
            role="tablist"
            aria-label="Views of the call"
            onKeyDown={(event) => setTab(tabByKey(tab, event.key))}
          >
            {TABS.map((name) => (
              <button
                key={name}
                type="button"
                role="tab"
                id={`tab-${name}`}
                aria-selected={tab === name}
                aria-controls="tab-panel"
                tabIndex={tab === name ? 0 : -1}
                onClick={() => setTab(name)}
              >
                {name}
              </button>
            ))}
          </div>
          <div className="detail-body" role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
            {tab === 'Conversation' && <Conversation call={call} request={request} response={response} />}
            {tab === 'Details' && <Facts call={call} request={request} response={response} />}
            {tab === 'Raw' && <Raw events={[request, response]} />}
          </div>
        </>
      )}
    </section>
  );
}

function tabByKey(tab: Tab, key: string): Tab {
  const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? TABS.length - 1 : 0;
  return TABS[(TABS.indexOf(tab) + step) % TABS.length] ?? tab;
}

function Title({ call }: { call: Call }) {
  return (
    <div className="detail-title">
      <h2>{call.model || 'Model unknown'}</h2>
      <p>
        {call.provider || 'provider unknown'} · {call.processName || 'unknown process'}
        {call.pid !== undefined && ` (${call.pid})`} ·{' '}
        <time dateTime={new Date(call.at).toISOString()}>{fullTime(call.at)}</time>
      </p>
    </div>
  );
}

function Strip({ call }: { call: Call }) {
  return (
    <div className="strip">
      <StateBadge call={call} />
      {(call.tokensIn ?? call.tokensOut) !== undefined && (
        <span className="strip-item" title="Tokens in and out">
          <b>{call.tokensIn === undefined ? '–' : tokens(call.tokensIn)}</b> in{' '}
          <b>{call.tokensOut === undefined ? '–' : tokens(call.tokensOut)}</b> out
        </span>
      )}
      {call.costUsd !== undefined && (
        <span className="strip-item">
          <b>{usd(call.costUsd)}</b>
        </span>
      )}
      {call.latencyMs !== undefined && (
        <span className="strip-item">
          <b>{duration(call.latencyMs)}</b>
        </span>
      )}
      {call.latencyMs !== undefined && call.ttftMs !== undefined && (
        <TimingBar latency={call.latencyMs} ttft={call.ttftMs} />
      )}
    </div>
  );
}

function Raw({ events }: { events: readonly Loading[] }) {
  const held = events.flatMap((event) => (typeof event === 'object' && event !== null ? [event] : []));
  return (
    <div className="raw">
      {held.map((event) => (
        <section key={event.id}>
          <header>
            <h3>{event.type}</h3>
            <code>{event.id}</code>
            <CopyButton text={() => JSON.stringify(event.raw, null, 2)} label="Copy JSON" />
          </header>
          <Json value={event.raw} />
        </section>
      ))}
      {held.length === 0 && <p className="notice">{noEvents(events)}</p>}
    </div>
  );
}

/** An event, `null` where there is none, or why it is not here. */
export type Loading = OispEvent | Missing | null;

/** An event from memory, else from the sensor. */
function useEvent(id: string | undefined): Loading {
  const [fetched, setFetched] = useState<{ id: string; event: Loading } | null>(null);
  const held = session.calls.event(id);
  const wanted = held === undefined ? id : undefined;
  useEffect(() => {
    if (wanted === undefined) return;
    const done = (event: Loading) => setFetched({ id: wanted, event });
    return untilAnswered(
      () => session.fetchEvent(wanted),
      (event) => done(event ?? 'gone'),
      () => done('silent'),
    );
  }, [wanted]);
  if (held !== undefined) return held;
  if (id === undefined) return null;
  return fetched?.id === id ? fetched.event : 'loading';
}

/** Asks the sensor for a call that the page does not know. */
function useFetched(id: string, call: Call | undefined): Missing {
  const [missing, setMissing] = useState<Missing>('loading');
  const unknown = call === undefined;
  useEffect(() => {
    if (!unknown) return;
    return untilAnswered(
      () => session.fetchCall(id),
      (found) => setMissing(found ? 'loading' : 'gone'),
      () => setMissing('silent'),
    );
  }, [id, unknown]);
  return missing;
}

const AGAIN_MS = 3_000;

/** Asks until there is an answer. What it returns ends the asking. */
function untilAnswered<T>(ask: () => Promise<T>, answered: (answer: T) => void, failed: () => void): () => void {
  let left = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const attempt = () => {
    ask().then(
      (answer) => left || answered(answer),
      () => {
        if (left) return;
        failed();
        timer = setTimeout(attempt, AGAIN_MS);
      },
    );
  };
  attempt();
  return () => {
    left = true;
    clearTimeout(timer);
  };
}
