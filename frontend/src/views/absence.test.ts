import { expect, it } from 'vitest';
import { listEnd, noCall, noEvents, noSuch, SILENT } from './absence';

const LIVE = { loaded: true, silent: false };
const DOWN = { loaded: false, silent: true };

it('says that nothing matches only where there is something to match', () => {
  expect(noCall(LIVE, 0, 9)).toBe('No call matches.');
  expect(noCall(LIVE, 0, 0)).toBe('No AI call yet.');
  expect(noCall(LIVE, 3, 9)).toBe('');
});

it('says that the sensor does not answer, and nothing about what it holds', () => {
  expect(noCall(DOWN, 0, 0)).toBe(SILENT);
  expect(noCall({ loaded: true, silent: true }, 0, 0)).toBe(SILENT);
  expect(noCall({ loaded: false, silent: false }, 0, 0)).toBe('Loading…');
  expect(noSuch('call', 'silent')).toBe(SILENT);
  expect(noEvents(['gone', 'silent'])).toBe(SILENT);
  expect(noEvents(['gone', null])).toContain('not in the log');
  expect(noSuch('call', 'gone')).toContain('not in the log');
});

it('offers older calls only where there may be some', () => {
  const session = { ...LIVE, exhausted: false, calls: { letGo: false } };
  expect(listEnd(session, 9)).toBe('more');
  expect(listEnd({ ...session, exhausted: true }, 9)).toBe('all');
  expect(listEnd({ ...session, ...DOWN }, 0)).toBe('nothing');
  expect(listEnd({ ...session, exhausted: true, calls: { letGo: true } }, 2_000)).toBe('newest');
});
