import { useMemo } from 'react';
import type { Call } from '../calls/call';
import { plural, tokens, usd } from '../format';

/** Sums over the shown calls, of what the providers gave. */
export function Totals({ calls }: { calls: readonly Call[] }) {
  const sums = useMemo(() => total(calls), [calls]);
  return (
    <footer className="totals" aria-label="Totals of the shown calls">
      <span>{plural(calls.length, 'call')}</span>
      {sums.open > 0 && <span>{sums.open} in flight</span>}
      {sums.errors > 0 && <span className="text-error">{plural(sums.errors, 'error')}</span>}
      {sums.partial > 0 && <span className="text-warn">{sums.partial} partial</span>}
      <span className="grow" />
      {sums.counted > 0 && (
        <>
          <span>{tokens(sums.tokensIn)} in</span>
          <span>{tokens(sums.tokensOut)} out</span>
        </>
      )}
      {sums.priced > 0 && (
        <span>
          {usd(sums.cost)}
          {sums.priced < calls.length && ` for ${sums.priced} of them`}
        </span>
      )}
      <span className="keys" aria-hidden="true">
        <kbd>j</kbd>
        <kbd>k</kbd> move <kbd>↵</kbd> open <kbd>esc</kbd> close
      </span>
    </footer>
  );
}

function total(calls: readonly Call[]) {
  const sums = { open: 0, errors: 0, partial: 0, tokensIn: 0, tokensOut: 0, counted: 0, cost: 0, priced: 0 };
  for (const call of calls) {
    if (call.state === 'open') sums.open += 1;
    if (call.state === 'error') sums.errors += 1;
    if (call.state === 'partial') sums.partial += 1;
    sums.tokensIn += call.tokensIn ?? 0;
    sums.tokensOut += call.tokensOut ?? 0;
    if (call.tokensIn !== undefined || call.tokensOut !== undefined) sums.counted += 1;
    sums.cost += call.costUsd ?? 0;
    if (call.costUsd !== undefined) sums.priced += 1;
  }
  return sums;
}
