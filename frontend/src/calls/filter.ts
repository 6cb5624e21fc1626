// Which rows are shown: every condition must hold.

import type { Call, CallState } from './call';

export interface CallFilter {
  readonly text: string;
  readonly provider: string;
  readonly state: CallState | '';
  readonly pid: number | null;
}

export const ALL: CallFilter = { text: '', provider: '', state: '', pid: null };

/** The rows that pass. Words of the text may stand anywhere, in any field. */
export function passing(calls: readonly Call[], filter: CallFilter): readonly Call[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && filter.provider === '' && filter.state === '' && filter.pid === null) return calls;
  return calls.filter(
    (call) =>
      (filter.provider === '' || call.provider === filter.provider) &&
      (filter.state === '' || call.state === filter.state) &&
      (filter.pid === null || call.pid === filter.pid) &&
      words.every((word) => holds(call, word)),
  );
}

function holds(call: Call, word: string): boolean {
  const fields = [
    call.model,
    call.provider,
    call.processName,
    String(call.pid ?? ''),
    call.id,
    call.state,
    String(call.status ?? ''),
    call.error ?? '',
    call.growing,
  ];
  return (
    call.asked.includes(word) ||
    call.answered.includes(word) ||
    fields.some((field) => field.toLowerCase().includes(word))
  );
}

export function providers(calls: readonly Call[]): string[] {
  return [...new Set(calls.map((call) => call.provider).filter(Boolean))].sort();
}
