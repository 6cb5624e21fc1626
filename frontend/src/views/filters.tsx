// Whose traffic is captured: the rules in force, and changing them at once.

import { useCallback, useEffect, useId, useMemo, useState, type FormEvent } from 'react';
import {
  KINDS,
  kindOf,
  mistake,
  readRules,
  suggestions,
  valueOf,
  withoutRule,
  withRule,
  type Kind,
  type Rules,
  type Side,
  type Suggestion,
} from '../filters/rules';
import { plural } from '../format';
import { session, useSession } from '../live/session';
import { Icon } from '../ui/icons';

const PATH = '/api/filters';
const EVERY_MS = 10_000;
const MOST_SUGGESTIONS = 12;

const SIDES: readonly { side: Side; title: string; none: string; add: string }[] = [
  {
    side: 'include',
    title: 'Capture only',
    none: 'No rule: every process is captured.',
    add: 'Capture only these',
  },
  { side: 'exclude', title: 'Leave out', none: 'No rule: none is left out.', add: 'Leave these out' },
];

export function FiltersView() {
  const { rules, error, busy, change } = useRules();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Filters</h1>
        <p className="muted">
          Whose traffic is captured. A rule holds for a process and for all that it starts, at once and until the sensor
          stops; where both lists name a process, it is left out.
        </p>
      </header>
      {error !== '' && (
        <p className="notice warn" role="alert">
          {error}
        </p>
      )}
      {rules === null ? (
        error === '' && <p className="notice">Loading…</p>
      ) : (
        <>
          <div className="rule-lists" aria-busy={busy}>
            {SIDES.map(({ side, ...words }) => (
              <RuleList key={side} words={words} side={side} rules={rules} busy={busy} onChange={change} />
            ))}
          </div>
          <Suggestions rules={rules} busy={busy} onChange={change} />
          {!rules.inKernel && (
            <p className="muted">
              This capture sees all processes all the same; what no rule admits is dropped before it is kept.
            </p>
          )}
        </>
      )}
    </div>
  );
}

interface Changing {
  rules: Rules;
  busy: boolean;
  onChange: (rules: Rules) => void;
}

interface ListProps extends Changing {
  side: Side;
  words: { title: string; none: string; add: string };
}

function RuleList({ side, words, rules, busy, onChange }: ListProps) {
  return (
    <section className="report rules">
      <h2>{words.title}</h2>
      {rules[side].length === 0 ? (
        <p className="muted">{words.none}</p>
      ) : (
        <ul>
          {rules[side].map((rule) => (
            <li key={rule}>
              <span className="muted">{KINDS.find(({ kind }) => kind === kindOf(rule))?.label}</span>
              <code>{valueOf(rule)}</code>
              <button
                type="button"
                className="button quiet icon-only"
                disabled={busy}
                aria-label={`Remove the rule ${rule}`}
                title="Remove"
                onClick={() => onChange(withoutRule(rules, side, rule))}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <AddRule side={side} label={words.add} rules={rules} busy={busy} onChange={onChange} />
    </section>
  );
}

function AddRule({ side, label, rules, busy, onChange }: Changing & { side: Side; label: string }) {
  const [kind, setKind] = useState<Kind>('name');
  const [value, setValue] = useState('');
  const [wrong, setWrong] = useState('');
  const wrongId = useId();
  const add = (event: FormEvent) => {
    event.preventDefault();
    const found = mistake(kind, value, rules[side]);
    setWrong(found);
    if (found !== '') return;
    onChange(withRule(rules, side, `${kind}:${value.trim()}`));
    setValue('');
  };
  return (
    <form onSubmit={add} aria-label={label}>
      <select value={kind} onChange={(event) => setKind(event.target.value as Kind)} aria-label="What the rule names">
        {KINDS.map((each) => (
          <option key={each.kind} value={each.kind}>
            {each.label}
          </option>
        ))}
      </select>
      <input
        type="text"
        value={value}
        onChange={(event) => {
          setValue(event.target.value);
          setWrong('');
        }}
        placeholder={KINDS.find((each) => each.kind === kind)?.hint}
        aria-label="Which"
        aria-invalid={wrong !== ''}
        aria-describedby={wrong === '' ? undefined : wrongId}
        autoComplete="off"
        spellCheck={false}
      />
      <button type="submit" className="button" disabled={busy}>
        Add
      </button>
      {wrong !== '' && (
        <p id={wrongId} className="text-error" role="alert">
          {wrong}
        </p>
      )}
    </form>
  );
}

function Suggestions({ rules, busy, onChange }: Changing) {
  const { processes } = useSession();
  const tree = processes.tree();
  const seen = useMemo(
    () =>
      suggestions(
        tree.map(({ process }) => process),
        rules,
        MOST_SUGGESTIONS,
      ),
    [tree, rules],
  );
  if (seen.length === 0) return null;
  return (
    <section className="report">
      <header>
        <h2>Programs seen</h2>
      </header>
      <div className="table-box">
        <table className="programs">
          <thead>
            <tr>
              <th scope="col">Program</th>
              <th scope="col">Running</th>
              <th scope="col">AI calls</th>
              <th scope="col">
                <span className="hidden">Rules</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {seen.map((each) => (
              <Program key={each.name} program={each} rules={rules} busy={busy} onChange={onChange} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Program({ program, rules, busy, onChange }: Changing & { program: Suggestion }) {
  const add = (side: Side) => onChange(withRule(rules, side, `name:${program.name}`));
  return (
    <tr>
      <td>
        <b>{program.name}</b>
      </td>
      <td className="muted">{running(program.pids)}</td>
      <td className="figure">{program.calls > 0 ? plural(program.calls, 'call') : ''}</td>
      <td>
        <div className="row-actions">
          {SIDES.map(({ side, title }) => (
            <button
              key={side}
              type="button"
              className="button small"
              disabled={busy}
              aria-label={`${title}: ${program.name}`}
              onClick={() => add(side)}
            >
              {title}
            </button>
          ))}
        </div>
      </td>
    </tr>
  );
}

function running(pids: readonly number[]): string {
  if (pids.length === 0) return 'ended';
  return pids.length > 3 ? plural(pids.length, 'process', 'processes') : `pid ${pids.join(', ')}`;
}

/** The rules in force, looked at again and again, as another page may change them. */
function useRules() {
  const [rules, setRules] = useState<Rules | null>(null);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const settle = useCallback((answer: Promise<unknown>, failed: string) => {
    return answer.then(
      (value) => {
        setRules(readRules(value));
        setError('');
      },
      (reason: unknown) => setError(`${failed}: ${reason instanceof Error ? reason.message : String(reason)}`),
    );
  }, []);
  useEffect(() => {
    const look = () => void settle(session.json(PATH), 'The rules could not be read');
    look();
    const timer = setInterval(() => document.hidden || look(), EVERY_MS);
    return () => clearInterval(timer);
  }, [settle]);
  const change = ({ include, exclude }: Rules) => {
    setBusy(true);
    void settle(session.put(PATH, { include, exclude }), 'The rules were not changed').finally(() => setBusy(false));
  };
  return { rules, error, busy, change };
}
