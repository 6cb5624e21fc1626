import { expect, it } from 'vitest';
import { hashOf, parseRoute, type Route } from './route';

it('reads what it writes', () => {
  const routes: Route[] = [
    { view: 'calls', call: null },
    { view: 'calls', call: 'req_01/ä %' },
    { view: 'processes' },
    { view: 'capture' },
    { view: 'filters' },
  ];
  for (const route of routes) expect(parseRoute(hashOf(route))).toEqual(route);
});

it('takes anything else as the list', () => {
  for (const hash of ['', '#', '#/nowhere', '#/call/', '#call'])
    expect(parseRoute(hash)).toEqual({ view: 'calls', call: null });
  expect(parseRoute('#/call/%')).toEqual({ view: 'calls', call: '%' });
});
