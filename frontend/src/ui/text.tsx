// Captured text on the screen: always as text, never as markup, and never more
// of it at once than a browser lays out without a pause.

import { Fragment, useMemo, useState } from 'react';
import { bytes } from '../format';
import { splitFences, splitMarks } from '../oisp/text';
import { CopyButton } from './copy';

const CLAMP = 6_000;
/** Above this, text is shown plain: no code blocks. */
const FORMATTED = 200_000;
const SLICE = 20_000;

/** Text up to the clamp, with the rest behind a button. */
export function CapturedText({ text, code = false, clamp = CLAMP }: { text: string; code?: boolean; clamp?: number }) {
  const [all, setAll] = useState(false);
  // A little more than the clamp is not worth a click.
  const clamped = text.length > clamp * 1.2 && !all;
  const shown = clamped ? text.slice(0, wholeCharacters(text, clamp)) : text;
  return (
    <div className={code ? 'captured code' : 'captured'}>
      {shown.length > FORMATTED ? <Slices text={shown} /> : code ? <Marked text={shown} /> : <Formatted text={shown} />}
      {clamped && (
        <div className="clamp">
          <button type="button" className="button small" onClick={() => setAll(true)}>
            Show all ({bytes(text.length)})
          </button>
          <CopyButton text={() => text} />
        </div>
      )}
    </div>
  );
}

/** Huge text as a row of blocks; the browser lays out those in sight. */
function Slices({ text }: { text: string }) {
  const slices = useMemo(() => sliced(text), [text]);
  return slices.map((slice, index) => (
    <div className="slice" key={index}>
      <Marked text={slice} />
    </div>
  ));
}

function Formatted({ text }: { text: string }) {
  const blocks = useMemo(() => splitFences(text), [text]);
  return blocks.map((block, index) =>
    block.code ? (
      <pre key={index} className="fence" data-language={block.language} tabIndex={0}>
        <Marked text={block.text} />
      </pre>
    ) : (
      <div key={index} className="prose">
        <Marked text={block.text} />
      </div>
    ),
  );
}

/** Text with redaction marks as chips. */
export function Marked({ text }: { text: string }) {
  const parts = useMemo(() => splitMarks(text), [text]);
  return parts.map((part, index) =>
    typeof part === 'string' ? <Fragment key={index}>{part}</Fragment> : <RedactionChip key={index} name={part.mark} />,
  );
}

export function RedactionChip({ name, detail }: { name: string; detail?: readonly string[] }) {
  const words = name.replaceAll('_', ' ').toLowerCase();
  const title = ['Taken out by redaction before it was stored', ...(detail ?? [])].join(' · ');
  return (
    <span className="chip redaction" title={title}>
      {words === 'redacted' ? 'redacted' : `redacted: ${words}`}
      {detail && detail.length > 0 && <span className="muted"> {detail.join(' · ')}</span>}
    </span>
  );
}

/** Cuts at line ends where there are any. */
export function sliced(text: string): string[] {
  const slices: string[] = [];
  for (let from = 0; from < text.length; ) {
    const limit = from + SLICE;
    const line = limit < text.length ? text.lastIndexOf('\n', limit) : text.length;
    const to = line > from ? Math.min(line + 1, text.length) : wholeCharacters(text, Math.min(limit, text.length));
    slices.push(text.slice(from, to));
    from = to;
  }
  return slices;
}

/** `at`, or one less where that would cut a character in two. */
export function wholeCharacters(text: string, at: number): number {
  const code = text.charCodeAt(at - 1);
  return at < text.length && code >= 0xd800 && code <= 0xdbff ? at - 1 : at;
}
