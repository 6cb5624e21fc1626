import { useState } from 'react';
import { ALL, type CallFilter } from '../calls/filter';
import { clock, duration, fullTime, plural } from '../format';
import { useSession } from '../live/session';
import { withCalls, type Process, type TreeRow } from '../processes/book';
import { go } from '../route';
import { Marked } from '../ui/text';

/** More rows than that are no use to anybody at once. */
const MOST = 400;

export function ProcessesView({ onFilter }: { onFilter: (filter: CallFilter) => void }) {
  const { processes } = useSession();
  const [onlyAi, setOnlyAi] = useState(true);
  const tree = processes.tree();
  const rows = onlyAi ? withCalls(tree) : tree;
  const showCalls = (pid: number) => {
    onFilter({ ...ALL, pid });
    go({ view: 'calls', call: null });
  };
  return (
    <div className="page">
      <header className="page-head">
        <h1>Processes</h1>
        <p className="muted">What the sensor saw start and end, by who started it.</p>
        <label className="check">
          <input type="checkbox" checked={onlyAi} onChange={(event) => setOnlyAi(event.target.checked)} />
          Only around AI calls
        </label>
      </header>
      {rows.length === 0 ? (
        <NoRows others={tree.length} />
      ) : (
        <div className="table-box">
          <table className="processes">
            <thead>
              <tr>
                <th scope="col">Process</th>
                <th scope="col">Command line</th>
                <th scope="col">Started</th>
                <th scope="col">Ran</th>
                <th scope="col">Ended</th>
                <th scope="col">AI calls</th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, MOST).map((row) => (
                <Row key={row.process.key} row={row} onCalls={showCalls} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > MOST && (
        <p className="muted">{plural(rows.length - MOST, 'more process', 'more processes')} not shown.</p>
      )}
    </div>
  );
}

function NoRows({ others }: { others: number }) {
  return (
    <p className="notice">
      {others > 0
        ? `None of the ${plural(others, 'process', 'processes')} seen has made an AI call.`
        : 'No process was seen yet.'}
    </p>
  );
}

function Row({ row: { process, depth }, onCalls }: { row: TreeRow; onCalls: (pid: number) => void }) {
  return (
    <tr className={process.ended === undefined ? '' : 'over'}>
      <td>
        <span className="branch" style={{ paddingInlineStart: `${Math.min(depth, 12) * 1.1}rem` }}>
          {depth > 0 && (
            <span className="twig" aria-hidden="true">
              └
            </span>
          )}
          <b>{process.name || 'unknown'}</b> <code className="muted">{process.pid}</code>
        </span>
      </td>
      <td className="cmdline">
        <code title={process.cmdline || process.exe}>
          <Marked text={process.cmdline || process.exe} />
        </code>
      </td>
      <td className="figure" title={process.started === undefined ? undefined : fullTime(process.started)}>
        {process.started === undefined ? 'before the sensor' : clock(process.started)}
      </td>
      <td className="figure">
        {process.started !== undefined && process.ended !== undefined ? duration(process.ended - process.started) : ''}
      </td>
      <td>
        <Ending process={process} />
      </td>
      <td>
        {process.calls > 0 && (
          <button type="button" className="button small" onClick={() => onCalls(process.pid)}>
            {plural(process.calls, 'call')}
          </button>
        )}
      </td>
    </tr>
  );
}

function Ending({ process }: { process: Process }) {
  if (process.ended === undefined)
    return (
      <span className="text-ok" title="No end was seen">
        running
      </span>
    );
  if (process.signal !== undefined) return <span className="text-error">signal {process.signal}</span>;
  const failed = process.exitCode !== undefined && process.exitCode !== 0;
  return (
    <span className={failed ? 'text-error' : 'muted'}>
      {process.exitCode === undefined ? 'ended' : `exit ${process.exitCode}`}
    </span>
  );
}
