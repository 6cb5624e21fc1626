import { expect, it } from 'vitest';
import { readHealth } from './figures';

it('groups counters by the first part of their name, in the order of the data', () => {
  const health = readHealth({
    status: 'ok',
    counters: { 'sink.otlp.sent': 4, 'pipeline.stored': 3, records: 1, 'decode.bytes': 2 },
  });
  expect(health?.groups.map(({ name, figures }) => [name, figures.map(({ short, value }) => [short, value])])).toEqual([
    ['capture', [['records', 1]]],
    ['decode', [['bytes', 2]]],
    ['pipeline', [['stored', 3]]],
    ['sink', [['otlp sent', 4]]],
  ]);
  expect(health?.others).toEqual({ status: 'ok' });
});

it('marks losses that happened, and nothing that the user asked for', () => {
  const health = readHealth({
    counters: {
      bytes_dropped_ring_full: 8,
      bytes_dropped_other: 0,
      gaps_late_attach: 2,
      attach_failures: 1,
      'decode.gap_bytes': 8,
      'pipeline.dropped.filtered': 506,
      records: 9,
    },
  });
  const bad = health?.groups.flatMap(({ figures }) => figures.filter((each) => each.bad).map(({ name }) => name));
  expect(bad).toEqual(['bytes_dropped_ring_full', 'gaps_late_attach', 'attach_failures', 'decode.gap_bytes']);
});

it('keeps what is no number, and leaves a report without counters alone', () => {
  expect(readHealth({ counters: { a: 1, b: 'many' } })?.others).toEqual({ counters: { b: 'many' } });
  expect(readHealth({ status: 'ok' })).toBeNull();
  expect(readHealth('fine')).toBeNull();
});
