// Numbers and times for people.

const pad = (n: number, width = 2) => String(n).padStart(width, '0');

/** Local time of day; with the date where it is not today's. */
export function clock(at: number, now: number = Date.now()): string {
  if (at === 0) return 'time unknown';
  const then = new Date(at);
  const time = `${pad(then.getHours())}:${pad(then.getMinutes())}:${pad(then.getSeconds())}`;
  const today = new Date(now).toDateString() === then.toDateString();
  return today ? time : `${pad(then.getMonth() + 1)}-${pad(then.getDate())} ${time}`;
}

/** Date, time and milliseconds in local time. */
export function fullTime(at: number): string {
  if (at === 0) return 'time unknown';
  const then = new Date(at);
  const date = `${then.getFullYear()}-${pad(then.getMonth() + 1)}-${pad(then.getDate())}`;
  return `${date} ${pad(then.getHours())}:${pad(then.getMinutes())}:${pad(then.getSeconds())}.${pad(then.getMilliseconds(), 3)}`;
}

export function duration(ms: number): string {
  // Told in whole milliseconds or less: what took no time at all is not seen.
  if (ms < 1) return '<1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 59_500) return `${Math.round(ms / 1000)} s`;
  const minutes = Math.floor(Math.round(ms / 1000) / 60);
  const seconds = Math.round(ms / 1000) % 60;
  return minutes < 60 ? `${minutes} m ${pad(seconds)} s` : `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
}

/** Exact to 9,999, then three figures: `12.4k`, `1.25M`. */
export function tokens(count: number): string {
  if (count < 10_000) return count.toLocaleString('en-US');
  return count < 999_500 ? `${(count / 1000).toPrecision(3)}k` : `${(count / 1_000_000).toPrecision(3)}M`;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(count < 10_240 ? 1 : 0)} KB`;
  if (count < 1024 ** 3) return `${(count / 1024 ** 2).toFixed(1)} MB`;
  return `${(count / 1024 ** 3).toFixed(1)} GB`;
}

export function usd(amount: number): string {
  return amount === 0 || amount >= 0.01 ? `$${amount.toFixed(2)}` : `$${amount.toPrecision(2)}`;
}

/** The first words, on one line, at most `max` characters. */
export function firstWords(text: string, max = 160): string {
  const line = text
    .slice(0, max * 4)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= max ? line : `${line.slice(0, max - 1).trimEnd()}…`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
