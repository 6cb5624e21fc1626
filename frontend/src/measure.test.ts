import { expect, it } from 'vitest';
import { clock } from './format';
import { measure, title } from './measure';

it('takes the unit from the name', () => {
  expect(measure('bytes_dropped', 5 * 1024 * 1024)).toBe('5.0 MB');
  expect(measure('decode.gap_bytes', 3 * 1024 ** 3)).toBe('3.0 GB');
  expect(measure('uptime_seconds', 61)).toBe('1 m 01 s');
  expect(measure('wait_ms', 1200)).toBe('1.2 s');
  expect(measure('since_ms', 1_795_275_603_578)).toBe(clock(1_795_275_603_578));
});

it('leaves other numbers as they are', () => {
  expect(measure('parent_pid', 50_451)).toBe('50451');
  expect(measure('records', 12_345)).toBe('12,345');
  // Neither holds a unit as a word of its own.
  expect(measure('forms', 5)).toBe('5');
  expect(measure('kilobytes_limit', 5)).toBe('5');
});

it('reads names as words', () => {
  expect([title('bytes_lost'), title('since_ms'), title('uptime_seconds'), title('why_not')]).toEqual([
    'bytes lost',
    'since',
    'uptime',
    'why not',
  ]);
});
