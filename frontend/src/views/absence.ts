// What to say where there is nothing to show. That nothing is there is only
// said after the sensor has answered.

export interface Reach {
  /** The page holds what the log held. */
  readonly loaded: boolean;
  /** The sensor did not answer when it was last asked. */
  readonly silent: boolean;
}

export const SILENT = 'The sensor does not answer. This page keeps trying.';

/** For a list of `shown` out of `held` calls; '' where there is a call to see. */
export function noCall(reach: Reach, shown: number, held: number): string {
  if (shown > 0) return '';
  if (held > 0) return 'No call matches.';
  if (reach.silent) return SILENT;
  return reach.loaded ? 'No AI call yet.' : 'Loading…';
}

/** What is known of a thing that was asked for. */
export type Missing = 'loading' | 'gone' | 'silent';

/** For `what`, such as 'call', that is not there. */
export function noSuch(what: string, missing: Missing): string {
  switch (missing) {
    case 'loading':
      return 'Loading…';
    case 'gone':
      return `This ${what} is not in the log. It may have been let go by age or size.`;
    case 'silent':
      return SILENT;
  }
}

export type End = 'more' | 'all' | 'newest' | 'nothing';

/** What stands under the last row. */
export function listEnd(session: Reach & { exhausted: boolean; calls: { letGo: boolean } }, held: number): End {
  // Calls let go by the page are in the log, but would push others out again.
  if (session.calls.letGo) return 'newest';
  if (held === 0) return 'nothing';
  return session.exhausted ? 'all' : 'more';
}

/** For the events of a call, of which none is there to show. */
export function noEvents(events: readonly unknown[]): string {
  if (events.includes('silent')) return SILENT;
  return events.includes('loading') ? 'Loading…' : 'The events of this call are not in the log any more.';
}
