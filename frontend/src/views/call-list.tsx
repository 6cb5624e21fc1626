// The rows of the list. Only those in sight are in the page; the place of the
// reader holds while new rows come in above.

import { memo, useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import type { Call } from '../calls/call';
import { clock, duration, firstWords, fullTime, tokens } from '../format';
import { StateMark, stateText } from '../ui/status';
import { Marked } from '../ui/text';

/** Height of a row in CSS pixels; `calls.css` has the same. */
const ROW = 52;
const BEYOND = 8;

interface Props {
  calls: readonly Call[];
  selected: string | null;
  onOpen: (id: string) => void;
  footer: ReactNode;
}

export function CallList({ calls, selected, onOpen, footer }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { top, height } = useScroll(box);
  useAnchor(box, calls);
  useInSight(box, calls, selected);
  const first = Math.max(0, Math.floor(top / ROW) - BEYOND);
  const last = Math.min(calls.length, Math.ceil((top + height) / ROW) + BEYOND);
  return (
    <div className="list-box" ref={box}>
      <div
        role="grid"
        aria-label="AI calls, newest first"
        aria-rowcount={calls.length}
        tabIndex={0}
        aria-activedescendant={selected === null ? undefined : `call-${selected}`}
        className="rows"
        style={{ height: calls.length * ROW }}
      >
        {calls.slice(first, last).map((call, index) => (
          <div key={call.id} className="row-place" style={{ top: (first + index) * ROW }} role="presentation">
            <Row call={call} index={first + index} selected={call.id === selected} onOpen={onOpen} />
          </div>
        ))}
      </div>
      {footer}
    </div>
  );
}

const Row = memo(function Row({
  call,
  index,
  selected,
  onOpen,
}: {
  call: Call;
  index: number;
  selected: boolean;
  onOpen: (id: string) => void;
}) {
  return (
    <div
      id={`call-${call.id}`}
      role="row"
      aria-rowindex={index + 1}
      aria-selected={selected}
      className={`row row-${call.state}`}
      onClick={() => onOpen(call.id)}
    >
      <span role="gridcell" className="cell-state" title={stateText(call)}>
        <StateMark state={call.state} />
        <span className="hidden">{stateText(call)}</span>
      </span>
      <span role="gridcell" className="cell-time" title={fullTime(call.at)}>
        {clock(call.at)}
      </span>
      <span role="gridcell" className="cell-model">
        <b>{call.model || call.requestType || 'model unknown'}</b>
        <small>
          {call.provider || 'provider unknown'}
          {call.processName !== '' && <span className="by"> · {call.processName}</span>}
          {call.side === 'server' && ' · server side'}
        </small>
      </span>
      <span role="gridcell" className="cell-text">
        <span className="line-with-step">
          <span className="line">
            {call.prompt ? (
              <Marked text={call.prompt} />
            ) : (
              <i className="muted">{call.request === 'no' ? 'request not captured' : 'no text'}</i>
            )}
          </span>
          {call.step > 0 && (
            <span className="step" title="Answers since this message: an agent at work">
              step {call.step + 1}
            </span>
          )}
        </span>
        <small className="line">
          <Outcome call={call} />
        </small>
      </span>
      <span role="gridcell" className="cell-process">
        <span className="line">{call.processName || 'unknown'}</span>
        <small>{call.pid === undefined ? '' : `pid ${call.pid}`}</small>
      </span>
      <span role="gridcell" className="cell-tokens" title="Tokens in and out">
        {call.tokensIn === undefined && call.tokensOut === undefined ? (
          <span className="muted">{call.state === 'open' ? '…' : '–'}</span>
        ) : (
          <>
            <span>
              {call.tokensIn === undefined ? '–' : tokens(call.tokensIn)} <span className="muted">in</span>
            </span>
            <small>{call.tokensOut === undefined ? '–' : tokens(call.tokensOut)} out</small>
          </>
        )}
      </span>
      <span role="gridcell" className="cell-latency" title="Latency, and time to the first token">
        <span>{call.latencyMs === undefined ? (call.state === 'open' ? '…' : '–') : duration(call.latencyMs)}</span>
        <small>{call.ttftMs === undefined ? '' : `ttft ${duration(call.ttftMs)}`}</small>
      </span>
    </div>
  );
});

function Outcome({ call }: { call: Call }) {
  if (call.state === 'error')
    return (
      <span className="text-error">
        {call.status ? `${call.status} · ` : ''}
        <Marked text={call.error ?? ''} />
      </span>
    );
  if (call.growing) return <span className="growing">{firstWords(call.growing.slice(-200))}</span>;
  if (call.state === 'open')
    return <span className="text-live">{call.streaming ? 'waiting for the stream' : 'waiting for the answer'}</span>;
  const tools = call.toolNames.length > 0 && (
    <span className="tools">{call.toolNames.map((name) => `${name}()`).join(', ')} </span>
  );
  return (
    <>
      {call.state === 'partial' && <span className="text-warn">partial · </span>}
      {tools}
      <Marked text={call.answer} />
    </>
  );
}

function useScroll(box: React.RefObject<HTMLDivElement | null>) {
  const [view, setView] = useState({ top: 0, height: 800 });
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    look();
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [box]);
  return view;
}

/** Rows that come in above move what the reader looks at, unless the view
 * moves with them. At the very top new rows are what the reader wants. */
function useAnchor(box: React.RefObject<HTMLDivElement | null>, calls: readonly Call[]): void {
  const before = useRef(calls);
  useLayoutEffect(() => {
    const element = box.current;
    const old = before.current;
    before.current = calls;
    if (!element || old === calls || element.scrollTop < ROW) return;
    const index = Math.floor(element.scrollTop / ROW);
    const id = old[index]?.id;
    const now = calls.findIndex((call) => call.id === id);
    if (now >= 0 && now !== index) element.scrollTop += (now - index) * ROW;
  }, [box, calls]);
}

/** Brings the selected row into sight when the selection moves. */
function useInSight(
  box: React.RefObject<HTMLDivElement | null>,
  calls: readonly Call[],
  selected: string | null,
): void {
  const latest = useRef(calls);
  useEffect(() => {
    latest.current = calls;
  });
  useEffect(() => {
    const element = box.current;
    const index = latest.current.findIndex((call) => call.id === selected);
    if (!element || index < 0) return;
    const top = index * ROW;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW - element.clientHeight;
  }, [box, selected]);
}
