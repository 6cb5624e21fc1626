// Captured text, and the marks that redaction left in it.

import { num, rec, str } from './event';

export interface Redacted {
  readonly reason: string;
  readonly detail: string[];
  readonly preview?: string;
}

/** A text with what was taken out of it as a whole, if anything. */
export interface Content {
  readonly text: string;
  readonly redacted?: Redacted;
}

/** Message content: text, a redaction in its place, or something else as JSON. */
export function contentOf(value: unknown): Content {
  if (typeof value === 'string') return { text: value };
  if (value === undefined || value === null) return { text: '' };
  const mark = rec(rec(value).$redacted);
  if (Object.keys(mark).length === 0) return { text: JSON.stringify(value, null, 2) };
  const preview = str(mark.preview);
  const redacted = { reason: str(mark.reason) ?? 'redacted', detail: details(mark) };
  return { text: preview ?? '', redacted: preview === undefined ? redacted : { ...redacted, preview } };
}

function details(mark: Record<string, unknown>): string[] {
  const length = num(mark.original_length);
  const findings = Array.isArray(mark.findings) ? mark.findings.map(rec) : [];
  return [
    ...(length === undefined ? [] : [`${length} characters`]),
    ...(str(mark.detector) === undefined ? [] : [String(mark.detector)]),
    ...findings.map((found) => `${num(found.count) ?? 1} × ${str(found.type) ?? 'finding'}`),
  ];
}

export interface Mark {
  readonly mark: string;
}

const MARK = /\[REDACTED(?:[:\s_-][^\]\n]{0,80})?\]/gi;

/** The text cut at its redaction marks; marks stand between as objects. */
export function splitMarks(text: string): (string | Mark)[] {
  const parts: (string | Mark)[] = [];
  let from = 0;
  for (const found of text.matchAll(MARK)) {
    if (found.index > from) parts.push(text.slice(from, found.index));
    parts.push({ mark: markName(found[0]) });
    from = found.index + found[0].length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

function markName(mark: string): string {
  const name = mark.slice('[REDACTED'.length, -1).replace(/^[:\s_-]+/, '');
  return name === '' ? 'redacted' : name;
}

export interface Block {
  readonly code: boolean;
  readonly language: string;
  readonly text: string;
}

/** The text cut at ``` fences. A fence that is never closed runs to the end. */
export function splitFences(text: string): Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  let fence: { language: string } | null = null;
  const flush = () => {
    const body = lines.join('\n');
    if (fence !== null || body.trim() !== '') {
      blocks.push({
        code: fence !== null,
        language: fence?.language ?? '',
        text: fence ? body : body.replace(/^\n+|\n+$/g, ''),
      });
    }
    lines = [];
  };
  for (const line of text.split('\n')) {
    const opened: RegExpExecArray | null = fence === null ? /^\s{0,3}```([\w+#.-]*)\s*$/.exec(line) : null;
    const closed = fence !== null && /^\s{0,3}```\s*$/.test(line);
    if (!opened && !closed) {
      lines.push(line);
      continue;
    }
    flush();
    fence = opened ? { language: opened[1] ?? '' } : null;
  }
  flush();
  return blocks;
}
