import type { Call, CallState } from '../calls/call';

export const STATE_WORDS: Record<CallState, string> = {
  open: 'In flight',
  ok: 'OK',
  error: 'Error',
  partial: 'Partial',
};

export function stateText(call: Call): string {
  switch (call.state) {
    case 'open':
      return call.growing ? 'Streaming' : 'In flight';
    case 'ok':
      return 'OK';
    case 'error':
      return call.status === undefined || call.status < 400 ? 'Error' : `Error ${call.status}`;
    case 'partial':
      return 'Partial';
  }
}

/** A shape for each state: colour is not the only sign. */
export function StateMark({ state }: { state: CallState }) {
  return (
    <svg
      className={`mark mark-${state}`}
      viewBox="0 0 12 12"
      width="12"
      height="12"
      aria-hidden="true"
      focusable="false"
    >
      {state === 'open' && (
        <circle cx="6" cy="6" r="4.25" fill="none" stroke="currentColor" strokeWidth="1.75" strokeDasharray="18 9" />
      )}
      {state === 'ok' && <circle cx="6" cy="6" r="4" fill="currentColor" />}
      {state === 'error' && (
        <path d="M3 3l6 6M9 3l-6 6" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />
      )}
      {state === 'partial' && (
        <path
          d="M6 1.75a4.25 4.25 0 0 1 0 8.5Z M6 1.75a4.25 4.25 0 0 0 0 8.5"
          fill="currentColor"
          fillOpacity=".25"
          stroke="currentColor"
          strokeWidth="1.4"
        />
      )}
    </svg>
  );
}

export function StateBadge({ call }: { call: Call }) {
  return (
    <span className={`badge badge-${call.state}`}>
      <StateMark state={call.state} />
      {stateText(call)}
    </span>
  );
}
