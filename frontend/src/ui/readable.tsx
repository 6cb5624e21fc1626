// Any JSON as something to read: objects as lists of facts, lists of objects
// as tables, numbers in the unit that their name tells.

import type { ReactNode } from 'react';
import { measure, title } from '../measure';
import { rec } from '../oisp/event';
import { Marked } from './text';

const DEEPEST = 6;
const MOST_ROWS = 500;

interface Props {
  value: unknown;
  /** What the value is called. */
  name?: string;
  depth?: number;
}

export function Readable({ value, name = '', depth = 0 }: Props): ReactNode {
  if (value === null || value === undefined) return <span className="muted">none</span>;
  if (typeof value === 'boolean')
    return <span className={value ? 'text-ok' : 'text-warn'}>{value ? 'yes' : 'no'}</span>;
  if (typeof value === 'number')
    return (
      <span className="figure" title={value.toLocaleString('en-US')}>
        {measure(name, value)}
      </span>
    );
  if (typeof value === 'string') return <Words text={value} />;
  if (depth > DEEPEST) return <code>{JSON.stringify(value)}</code>;
  if (!Array.isArray(value)) return <FactList value={rec(value)} depth={depth} />;
  if (value.length === 0) return <span className="muted">none</span>;
  return value.every(isObject) ? (
    <Table rows={value.map(rec)} depth={depth} />
  ) : (
    <Items values={value} name={name} depth={depth} />
  );
}

const GOOD = new Set(['ok', 'attached', 'captured', 'ready', 'yes', 'present', 'running', 'healthy']);
const BAD = new Set(['error', 'failed', 'missing', 'not captured', 'not_captured', 'unavailable', 'no', 'denied']);

function Words({ text }: { text: string }) {
  const word = text.toLowerCase();
  if (GOOD.has(word)) return <span className="text-ok">{text}</span>;
  if (BAD.has(word)) return <span className="text-error">{text}</span>;
  return text.startsWith('/') && !text.includes(' ') ? <code>{text}</code> : <Marked text={text} />;
}

function FactList({ value, depth }: { value: Record<string, unknown>; depth: number }) {
  const entries = ordered(Object.keys(value), FACTS_FIRST).map((name) => [name, value[name]] as const);
  if (entries.length === 0) return <span className="muted">none</span>;
  const wide = (each: unknown) => isObject(each) || (Array.isArray(each) && each.some(isObject));
  return (
    <dl className={depth === 0 ? 'readable' : 'readable nested'}>
      {entries.map(([name, each]) => (
        <div key={name} className={wide(each) ? 'wide' : ''}>
          <dt>{title(name)}</dt>
          <dd>
            <Readable value={each} name={name} depth={depth + 1} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Table({ rows, depth }: { rows: readonly Record<string, unknown>[]; depth: number }) {
  const columns = ordered([...new Set(rows.flatMap((row) => Object.keys(row)))], COLUMNS_FIRST);
  return (
    <div className="table-box">
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {title(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row, index) => (
            <tr key={index}>
              {columns.map((column) => (
                <td key={column}>
                  {row[column] === undefined ? '' : <Readable value={row[column]} name={column} depth={depth + 1} />}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS && <p className="muted">{rows.length - MOST_ROWS} more not shown.</p>}
    </div>
  );
}

function Items({ values, name, depth }: { values: readonly unknown[]; name: string; depth: number }) {
  return (
    <ul className="items">
      {values.map((each, index) => (
        <li key={index}>
          <Readable value={each} name={name} depth={depth + 1} />
        </li>
      ))}
    </ul>
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// What a reader looks for first. JSON objects come sorted by name.
const FACTS_FIRST = ['version', 'ready', 'processes'];
const COLUMNS_FIRST = 'pid name comm exe file path library captured state status method by why reason remedy'.split(
  ' ',
);

function ordered(names: string[], first: readonly string[]): string[] {
  const rank = (name: string) => (first.includes(name) ? first.indexOf(name) : first.length);
  return names.sort((a, b) => rank(a) - rank(b));
}
