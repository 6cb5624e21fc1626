// Numbers that a report gives under a name: the name tells the unit.

import { bytes, clock, duration } from './format';

/** Milliseconds since the epoch from here on are a time, not a span. */
const FIRST_TIME = Date.UTC(2001, 8, 9);

/** Numbers that name something, and count nothing. */
const NAMES = new Set(['pid', 'pids', 'ppid', 'tid', 'uid', 'gid', 'port', 'users']);

/** The number as people read it. */
export function measure(name: string, value: number): string {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  if (words.some((word) => NAMES.has(word))) return String(value);
  if (words.includes('bytes')) return bytes(value);
  if (words.includes('ms')) return value >= FIRST_TIME ? clock(value) : duration(value);
  if (words.includes('seconds') && words.length > 1) return duration(value * 1000);
  return value.toLocaleString('en-US', { useGrouping: value > 9_999 });
}

/** `bytes_lost` reads as `bytes lost`. The words of a unit that the number
 * itself shows are left out. */
export function title(name: string): string {
  return name.replace(/_(ms|seconds)$/, '').replaceAll('_', ' ');
}
