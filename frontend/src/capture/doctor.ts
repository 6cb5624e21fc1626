// What the sensor says about each process and each file that it probes, sorted
// by what a reader wants to know: what is captured, what is not and should be,
// and what makes no TLS calls at all.

import { list, num, rec, str, type Rec } from '../oisp/event';

export interface Captured {
  readonly name: string;
  readonly pid: number;
  readonly exe: string;
  readonly method: string;
  /** Milliseconds since the epoch; 0 where the report does not say. */
  readonly since: number;
  /** Paths of the libraries, or of the program itself. */
  readonly via: readonly string[];
}

/** Processes of one program that are not captured for one reason. */
export interface Missed {
  readonly name: string;
  readonly pids: readonly number[];
  readonly exe: string;
  readonly why: string;
  readonly remedy: string;
}

export interface Target {
  readonly path: string;
  readonly probes: number;
  readonly since: number;
  readonly error: string;
  readonly users: readonly number[];
}

export interface Doctor {
  readonly captured: readonly Captured[];
  /** Not captured, and worth a look. */
  readonly missed: readonly Missed[];
  /** Not captured: nothing in them speaks TLS. */
  readonly silent: readonly Missed[];
  readonly targets: readonly Target[];
  /** Name by process id, as far as the report names them. */
  readonly names: ReadonlyMap<number, string>;
  /** About the kernel and the way of capture. */
  readonly facts: Rec;
}

/** The report, or null where it has another form. */
export function readDoctor(value: unknown): Doctor | null {
  const { processes, targets, kernel, ...others } = rec(value);
  if (!Array.isArray(processes) || !processes.map(rec).every(isProcess)) return null;
  // A list of files in a form of its own is shown as it is, among the facts.
  const readable = targets === undefined || (Array.isArray(targets) && targets.map(rec).every(isTarget));
  const rows = processes.map(rec);
  const missed = grouped(rows.filter((row) => row.captured !== true));
  return {
    captured: rows.filter((row) => row.captured === true).map(captured),
    missed: missed.filter((row) => !isSilent(row)),
    silent: missed.filter(isSilent),
    targets: readable ? list(targets).map(rec).map(target) : [],
    names: new Map(rows.map((row) => [num(row.pid) ?? 0, str(row.name) ?? ''])),
    facts: { ...others, ...(readable ? {} : { targets }), ...facts(kernel) },
  };
}

export function count(rows: readonly Missed[]): number {
  return rows.reduce((sum, row) => sum + row.pids.length, 0);
}

function isProcess(row: Rec): boolean {
  return num(row.pid) !== undefined && typeof row.captured === 'boolean';
}

function isTarget(row: Rec): boolean {
  return str(row.path) !== undefined;
}

/** Only what says of itself that it has no TLS: a process without a reason
 * is one to look at. */
function isSilent(row: Missed): boolean {
  return row.remedy === '' && /^no TLS library\b/i.test(row.why);
}

function captured(row: Rec): Captured {
  return {
    name: str(row.name) ?? '',
    pid: num(row.pid) ?? 0,
    exe: str(row.exe) ?? '',
    method: str(row.method) ?? '',
    since: num(row.since_ms) ?? 0,
    via: list(row.via).flatMap((each) => str(each) ?? []),
  };
}

function grouped(rows: readonly Rec[]): Missed[] {
  const groups = new Map<string, Missed & { pids: number[] }>();
  for (const row of rows) {
    const [name, exe, why, remedy] = [row.name, row.exe, row.why_not, row.remedy].map((each) => str(each) ?? '');
    const fresh = { name: name ?? '', exe: exe ?? '', why: why ?? '', remedy: remedy ?? '', pids: [] as number[] };
    const key = JSON.stringify([name, exe, why, remedy]);
    const group = groups.get(key) ?? fresh;
    group.pids.push(num(row.pid) ?? 0);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function target(row: Rec): Target {
  return {
    path: str(row.path) ?? '',
    probes: num(row.probes) ?? 0,
    since: num(row.since_ms) ?? 0,
    error: str(row.error) ?? '',
    users: list(row.users).flatMap((pid) => num(pid) ?? []),
  };
}

/** The kernel's facts beside the others; pairs of words read as one. */
function facts(kernel: unknown): Rec {
  if (kernel === undefined) return {};
  if (Object.keys(rec(kernel)).length === 0) return { kernel };
  const { release, ...others } = rec(kernel);
  const entries = Object.entries(others).map(([name, value]) => [name, joined(value)] as const);
  return { ...(release === undefined ? {} : { kernel: release }), ...Object.fromEntries(entries) };
}

function joined(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((each: unknown) =>
    Array.isArray(each) && each.every((word) => typeof word === 'string') ? each.join(': ') : each,
  );
}
