import { Fragment, useMemo } from 'react';
import { CapturedText } from './text';

const COLOURED = 60_000;
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** A value as indented JSON, coloured where it is small. */
export function Json({ value }: { value: unknown }) {
  const text = useMemo(() => (value === undefined ? 'undefined' : JSON.stringify(value, null, 2)), [value]);
  const parts = useMemo(() => (text.length > COLOURED ? null : coloured(text)), [text]);
  if (parts === null) return <CapturedText text={text} code clamp={20_000} />;
  return (
    <pre className="captured code json" tabIndex={0}>
      {parts.map(([kind, part], index) =>
        kind === '' ? (
          <Fragment key={index}>{part}</Fragment>
        ) : (
          <span key={index} className={kind}>
            {part}
          </span>
        ),
      )}
    </pre>
  );
}

function coloured(text: string): [kind: string, part: string][] {
  const parts: [string, string][] = [];
  let from = 0;
  for (const found of text.matchAll(TOKEN)) {
    if (found.index > from) parts.push(['', text.slice(from, found.index)]);
    const [whole, string, colon] = found;
    if (string === undefined) parts.push(['json-value', whole]);
    else parts.push([colon === undefined ? 'json-string' : 'json-key', string], ['', colon ?? '']);
    from = found.index + whole.length;
  }
  parts.push(['', text.slice(from)]);
  return parts;
}
