import { expect, it } from 'vitest';
import { sliced, wholeCharacters } from './text';

it('slices huge text without losing or cutting a character', () => {
  for (const text of ['line of text\n'.repeat(10_000), '😀'.repeat(50_001), `x${'😀'.repeat(50_001)}`, 'short', '']) {
    const slices = sliced(text);
    expect(slices.join('')).toBe(text);
    expect(slices.every((slice) => !/[\ud800-\udbff]$/.test(slice))).toBe(true);
    expect(slices.every((slice) => slice.length <= 20_001)).toBe(true);
  }
});

it('does not cut a character in two', () => {
  expect(wholeCharacters('a😀b', 2)).toBe(1);
  expect(wholeCharacters('a😀b', 3)).toBe(3);
  expect(wholeCharacters('ab', 2)).toBe(2);
});
