// What the sensor says of itself: whether capture is on, what is captured by
// what, what is not and why. A report in a form that the page does not know is
// shown as it comes.

import { useCallback, useEffect, useState, type ReactNode } from 'react';
import { readDoctor } from '../capture/doctor';
import { readHealth } from '../capture/figures';
import { clock } from '../format';
import { useReady } from '../live/ready';
import { session } from '../live/session';
import { Icon } from '../ui/icons';
import { Readable } from '../ui/readable';
import { HealthReport } from './capture-figures';
import { DoctorReport } from './capture-processes';

const EVERY_MS = 10_000;

export function CaptureView() {
  const ready = useReady();
  const doctor = useReport('/api/doctor');
  const health = useReport('/api/health');
  const refresh = () => {
    doctor.refresh();
    health.refresh();
  };
  return (
    <div className="page">
      <header className="page-head">
        <h1>Capture</h1>
        <p className="muted">What is captured, what is not, and what to do about it.</p>
        <button type="button" className="button" onClick={refresh}>
          <Icon name="refresh" /> Refresh
        </button>
      </header>
      <p className={`banner ready-${ready.state}`} role="status">
        <span className="feed-dot" aria-hidden="true" />
        {ready.state === 'ready' && 'Capture is on.'}
        {ready.state === 'not-ready' && `Capture is not on: ${ready.reason}`}
        {ready.state === 'unknown' && 'The sensor does not answer. This page keeps trying.'}
      </p>
      <Report title="Why something is or is not captured" path="/api/doctor" report={doctor} show={showDoctor} />
      <Report title="Figures" path="/api/health" report={health} show={showHealth} />
    </div>
  );
}

export function showDoctor(value: unknown): ReactNode {
  const doctor = readDoctor(value);
  return doctor === null ? <Readable value={value} /> : <DoctorReport doctor={doctor} />;
}

export function showHealth(value: unknown): ReactNode {
  const health = readHealth(value);
  return health === null ? <Readable value={value} /> : <HealthReport health={health} />;
}

interface ReportState {
  value: unknown;
  at: number;
  error: string;
  refresh: () => void;
}

interface ReportProps {
  title: string;
  path: string;
  report: ReportState;
  show: (value: unknown) => ReactNode;
}

function Report({ title, path, report, show }: ReportProps) {
  return (
    <section className="report">
      <header>
        <h2>{title}</h2>
        <a href={path} className="muted">
          {path}
        </a>
        {report.at > 0 && <span className="muted">as of {clock(report.at)}</span>}
      </header>
      {report.error !== '' && <p className="notice warn">It could not be read: {report.error}</p>}
      {report.at > 0 ? show(report.value) : report.error === '' && <p className="notice">Loading…</p>}
    </section>
  );
}

function useReport(path: string): ReportState {
  const [report, setReport] = useState({ value: null as unknown, at: 0, error: '' });
  const refresh = useCallback(() => {
    session.json(path).then(
      (value) => setReport({ value, at: Date.now(), error: '' }),
      (error: unknown) =>
        setReport((last) => ({ ...last, error: error instanceof Error ? error.message : String(error) })),
    );
  }, [path]);
  useEffect(() => {
    refresh();
    const timer = setInterval(() => document.hidden || refresh(), EVERY_MS);
    return () => clearInterval(timer);
  }, [refresh]);
  return { ...report, refresh };
}
