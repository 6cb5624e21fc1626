// What tool calls brought about, below the call.

import { useState } from 'react';
import { tieWords, type Deed } from '../activity/deed';
import { clock, fullTime, plural } from '../format';
import { Icon, type IconName } from '../ui/icons';
import { Marked } from '../ui/text';

/** A build touches hundreds of files. */
const FIRST = 8;

const ICONS: Record<Deed['kind'], IconName> = { program: 'play', file: 'file', network: 'globe' };

/** A list of deeds, the first of them in order of time. */
export function Deeds({ deeds, title }: { deeds: readonly Deed[]; title: string }) {
  const [all, setAll] = useState(false);
  const shown = all ? deeds : deeds.slice(0, FIRST);
  return (
    <div className="deeds">
      <span className="muted">{title}</span>
      <ol>
        {shown.map((deed) => (
          <li key={deed.id} title={deed.tie && `${fullTime(deed.at)} · ${tieWords(deed.tie)}`}>
            <DeedWords deed={deed} />
            {deed.tie === 'time' && <span className="muted by">by time</span>}
            <time className="muted">{clock(deed.at)}</time>
          </li>
        ))}
      </ol>
      {shown.length < deeds.length && (
        <button type="button" className="button quiet small" onClick={() => setAll(true)}>
          Show {plural(deeds.length - shown.length, 'more', 'more')}
        </button>
      )}
    </div>
  );
}

/** What was done, to what. */
export function DeedWords({ deed }: { deed: Deed }) {
  return (
    <span className={deed.failed ? 'deed failed' : 'deed'}>
      <Icon name={ICONS[deed.kind]} />
      <span className="verb">{deed.verb}</span>
      <code>
        <Marked text={deed.object} />
      </code>
      {deed.detail !== '' && (
        <span className="muted">
          <Marked text={deed.detail} />
        </span>
      )}
    </span>
  );
}
