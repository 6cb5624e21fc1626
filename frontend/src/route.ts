// Where the page is, kept in the address after `#`, so that a place can be
// linked to and the browser's back button works.

import { useSyncExternalStore } from 'react';

export type Route =
  | { readonly view: 'calls'; readonly call: string | null }
  | { readonly view: 'activity' }
  | { readonly view: 'processes' }
  | { readonly view: 'capture' }
  | { readonly view: 'filters' };

export function parseRoute(hash: string): Route {
  const [, view, ...rest] = hash.split('/');
  if (view === 'activity' || view === 'processes' || view === 'capture' || view === 'filters') return { view };
  const id = view === 'call' ? decoded(rest.join('/')) : '';
  return { view: 'calls', call: id === '' ? null : id };
}

export function hashOf(route: Route): string {
  if (route.view !== 'calls') return `#/${route.view}`;
  return route.call === null ? '#/calls' : `#/call/${encodeURIComponent(route.call)}`;
}

/** Goes there; without a step back where `replace` is set. */
export function go(route: Route, replace = false): void {
  const hash = hashOf(route);
  if (hash === location.hash) return;
  if (!replace) {
    location.hash = hash;
    return;
  }
  history.replaceState(null, '', hash);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return parseRoute(hash);
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
