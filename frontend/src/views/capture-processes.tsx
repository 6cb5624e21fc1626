// What the sensor says about processes, the most wanted first.

import { count, type Captured, type Doctor, type Missed, type Target } from '../capture/doctor';
import { clock, fullTime, plural } from '../format';
import { Readable } from '../ui/readable';
import { Marked } from '../ui/text';

export function DoctorReport({ doctor }: { doctor: Doctor }) {
  const silent = count(doctor.silent);
  return (
    <>
      <h3>Captured</h3>
      {doctor.captured.length === 0 ? (
        <p className="notice">No running process is captured at this moment.</p>
      ) : (
        <CapturedTable rows={doctor.captured} />
      )}
      {doctor.missed.length > 0 && (
        <>
          <h3>Not captured</h3>
          <MissedTable rows={doctor.missed} />
        </>
      )}
      {silent > 0 && (
        <details className="fold">
          <summary>
            {plural(silent, 'more process uses', 'more processes use')} no TLS library, so there is nothing to capture
          </summary>
          <SilentTable rows={doctor.silent} />
        </details>
      )}
      {doctor.targets.length > 0 && (
        <>
          <h3>Probed files</h3>
          <TargetTable rows={doctor.targets} names={doctor.names} />
        </>
      )}
      <h3>This machine</h3>
      <Readable value={doctor.facts} />
    </>
  );
}

function CapturedTable({ rows }: { rows: readonly Captured[] }) {
  return (
    <Table columns={['Process', 'Pid', 'Through', 'Since']}>
      {rows.map((row) => (
        <tr key={row.pid}>
          <ProgramCell name={row.name} exe={row.exe} />
          <td className="figure">{row.pid}</td>
          <td title={row.method}>
            {row.via.length === 0 && (row.method || <span className="muted">unknown</span>)}
            {row.via.map((path) => (
              <div key={path}>{path === row.exe ? 'TLS inside the program' : <code>{path}</code>}</div>
            ))}
          </td>
          <Since at={row.since} />
        </tr>
      ))}
    </Table>
  );
}

function MissedTable({ rows }: { rows: readonly Missed[] }) {
  return (
    <Table columns={['Process', 'Pid', 'Why not', 'What to do']}>
      {rows.map((row) => (
        <tr key={row.pids[0]}>
          <ProgramCell name={row.name} exe={row.exe} />
          <td className="figure pids">{row.pids.join(', ')}</td>
          <td>{row.why === '' ? <span className="muted">no reason is given</span> : <Quoted text={row.why} />}</td>
          <td>{row.remedy === '' ? <span className="muted">nothing is known</span> : <Quoted text={row.remedy} />}</td>
        </tr>
      ))}
    </Table>
  );
}

function SilentTable({ rows }: { rows: readonly Missed[] }) {
  return (
    <Table columns={['Process', 'Pids']}>
      {rows.map((row) => (
        <tr key={row.pids[0]}>
          <ProgramCell name={row.name} exe={row.exe} />
          <td className="figure pids">{row.pids.join(', ')}</td>
        </tr>
      ))}
    </Table>
  );
}

function TargetTable({ rows, names }: { rows: readonly Target[]; names: ReadonlyMap<number, string> }) {
  return (
    <Table columns={['File', 'Probes', 'Used now by', 'Since']}>
      {rows.map((row) => (
        <tr key={row.path}>
          <td className="path">
            <code>{row.path}</code>
            {row.error !== '' && <div className="text-error">{row.error}</div>}
          </td>
          <td className="figure">{row.probes}</td>
          <td>
            {row.users.length === 0 ? (
              <span className="muted">no process</span>
            ) : (
              row.users.map((pid) => `${names.get(pid) ?? 'ended'} ${pid}`).join(', ')
            )}
          </td>
          <Since at={row.since} />
        </tr>
      ))}
    </Table>
  );
}

function Table({ columns, children }: { columns: readonly string[]; children: React.ReactNode }) {
  return (
    <div className="table-box">
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

function ProgramCell({ name, exe }: { name: string; exe: string }) {
  return (
    <td className="program">
      <b>{name || 'unknown'}</b>
      {exe !== '' && (
        <code className="muted" title={exe}>
          {exe}
        </code>
      )}
    </td>
  );
}

function Since({ at }: { at: number }) {
  return (
    <td className="figure" title={at === 0 ? undefined : fullTime(at)}>
      {at === 0 ? '' : clock(at)}
    </td>
  );
}

/** Commands stand between backticks. */
function Quoted({ text }: { text: string }) {
  return text
    .split('`')
    .map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : <Marked key={index} text={part} />));
}
