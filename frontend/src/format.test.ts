import { expect, it } from 'vitest';
import { bytes, clock, duration, firstWords, plural, tokens, usd } from './format';

it('writes durations', () => {
  expect([0, 0.4, 1, 42.4, 999, 1000, 9_949, 12_345, 59_499, 61_000, 3_599_000, 3_720_000].map(duration)).toEqual([
    '<1 ms',
    '<1 ms',
    '1 ms',
    '42 ms',
    '999 ms',
    '1.0 s',
    '9.9 s',
    '12 s',
    '59 s',
    '1 m 01 s',
    '59 m 59 s',
    '1 h 02 m',
  ]);
});

it('writes token counts', () => {
  expect([0, 1823, 9_999, 12_345, 999_499, 1_250_000].map(tokens)).toEqual([
    '0',
    '1,823',
    '9,999',
    '12.3k',
    '999k',
    '1.25M',
  ]);
});

it('writes sizes and money', () => {
  expect([12, 1536, 20_480, 5 * 1024 * 1024].map(bytes)).toEqual(['12 B', '1.5 KB', '20 KB', '5.0 MB']);
  expect([0, 1.5, 0.00612].map(usd)).toEqual(['$0.00', '$1.50', '$0.0061']);
});

it('takes the first words on one line, without reading a huge text', () => {
  expect(firstWords('  two\n\twords ')).toBe('two words');
  expect(firstWords('x'.repeat(5_000_000), 10)).toBe('xxxxxxxxx…');
});

it('shows the date of another day only, and says where no time is known', () => {
  const then = new Date(2026, 2, 4, 5, 6, 7).getTime();
  expect(clock(then, then + 1000)).toBe('05:06:07');
  expect(clock(then, then + 86_400_000)).toBe('03-04 05:06:07');
  expect(clock(0)).toBe('time unknown');
});

it('counts things', () => {
  expect([plural(1, 'call'), plural(2_000, 'call'), plural(2, 'process', 'processes')]).toEqual([
    '1 call',
    '2,000 calls',
    '2 processes',
  ]);
});
