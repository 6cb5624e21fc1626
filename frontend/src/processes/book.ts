// The processes that the page knows: from `process.*` events, and from the
// calls that processes made. Bounded; what ended first goes first.

import { processName } from '../calls/call';
import { list, num, rec, str, type OispEvent } from '../oisp/event';

export interface Process {
  /** A pid is used again and again: the key tells its uses apart. */
  readonly key: string;
  readonly pid: number;
  readonly ppid?: number;
  readonly name: string;
  readonly cmdline: string;
  readonly exe: string;
  readonly started?: number;
  readonly ended?: number;
  readonly exitCode?: number;
  readonly signal?: number;
  readonly calls: number;
}

export interface TreeRow {
  readonly process: Process;
  readonly depth: number;
}

export class ProcessBook {
  private readonly all = new Map<string, Process>();
  private readonly current = new Map<number, string>();
  private readonly seen = new Set<string>();
  private readonly called = new Set<string>();
  private rows: readonly TreeRow[] | null = null;

  constructor(private readonly bound = 2_000) {}

  add(event: OispEvent): boolean {
    if (this.seen.has(event.id)) return false;
    this.remember(event.id);
    const before = this.rows;
    this.rows = null;
    if (event.type === 'process.exec') this.exec(event);
    else if (event.type === 'process.fork') this.fork(event);
    else if (event.type === 'process.exit') this.exit(event);
    else if (event.type === 'ai.request' || event.type === 'ai.response') this.call(event);
    else {
      this.rows = before;
      return false;
    }
    this.evict();
    return true;
  }

  /** Parents before their children; the newest first among siblings. */
  tree(): readonly TreeRow[] {
    this.rows ??= buildTree([...this.all.values()], this.current);
    return this.rows;
  }

  private exec(event: OispEvent): void {
    const process = rec(event.raw.process);
    const pid = num(process.pid);
    if (pid === undefined) return;
    const args = list(event.data.args).flatMap((arg) => (typeof arg === 'string' ? [arg] : []));
    const facts = {
      ...described(process),
      ...(str(event.data.exe) === undefined ? {} : { exe: String(event.data.exe) }),
      ...(args.length > 0 ? { cmdline: args.join(' ') } : {}),
    };
    this.put(pid, event.id, { ...facts, name: facts.name ?? facts.exe?.split('/').at(-1) ?? '' }, event.at);
  }

  private fork(event: OispEvent): void {
    const parent = num(rec(event.raw.process).pid);
    const child = num(event.data.child_pid);
    if (child === undefined || parent === undefined || event.data.is_thread === true) return;
    const from = this.at(parent);
    const copied = from ? { name: from.name, exe: from.exe, cmdline: from.cmdline } : {};
    this.put(child, event.id, { ...copied, ppid: parent }, event.at);
  }

  private exit(event: OispEvent): void {
    const process = rec(event.raw.process);
    const pid = num(process.pid);
    if (pid === undefined) return;
    const known = this.at(pid) ?? this.put(pid, event.id, described(process));
    const exitCode = num(event.data.exit_code);
    const signal = num(event.data.signal);
    this.all.set(known.key, {
      ...known,
      ended: event.at,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  private call(event: OispEvent): void {
    const process = rec(event.raw.process);
    const pid = num(process.pid);
    if (pid === undefined) return;
    const known = this.at(pid);
    const facts = described(process);
    const current = known?.ended === undefined || known.ended >= event.at ? known : undefined;
    const next = current ?? this.put(pid, event.id, facts);
    // A call, whichever of its two events comes first.
    const id = str(event.data.request_id) ?? event.id;
    const isNew = !this.called.has(id);
    this.called.add(id);
    this.all.set(next.key, { ...next, ...(next.name ? {} : facts), calls: next.calls + (isNew ? 1 : 0) });
    for (const ancestor of [rec(process.parent), ...list(process.ancestors).map(rec)]) this.ancestor(ancestor);
  }

  private ancestor(process: ReturnType<typeof rec>): void {
    const pid = num(process.pid);
    if (pid !== undefined && !this.current.has(pid)) this.put(pid, `seen-${pid}`, described(process));
  }

  private at(pid: number): Process | undefined {
    return this.all.get(this.current.get(pid) ?? '');
  }

  /** A process that runs on stays itself when it starts another program. */
  private put(pid: number, eventId: string, facts: Partial<Process>, started?: number): Process {
    const known = this.at(pid);
    const same =
      known !== undefined && (known.ended === undefined || (started !== undefined && started <= known.ended));
    const base = same ? known : { key: `${pid}@${eventId}`, pid, name: '', cmdline: '', exe: '', calls: 0 };
    const begun = same && known.started !== undefined ? known.started : started;
    const next: Process = { ...base, ...facts, ...(begun === undefined ? {} : { started: begun }) };
    this.all.set(next.key, next);
    this.current.set(pid, next.key);
    return next;
  }

  private remember(id: string): void {
    this.seen.add(id);
    for (const set of [this.seen, this.called]) {
      for (const oldest of set) {
        if (set.size <= 20_000) break;
        set.delete(oldest);
      }
    }
  }

  private evict(): void {
    for (const [key, process] of this.all) {
      if (this.all.size <= this.bound) return;
      this.all.delete(key);
      if (this.current.get(process.pid) === key) this.current.delete(process.pid);
    }
  }
}

function described(process: ReturnType<typeof rec>): Partial<Process> {
  const ppid = num(process.ppid);
  const name = processName(process);
  const exe = str(process.exe);
  const cmdline = str(process.cmdline);
  return {
    ...(ppid === undefined ? {} : { ppid }),
    ...(name === undefined ? {} : { name }),
    ...(exe === undefined ? {} : { exe }),
    ...(cmdline === undefined ? {} : { cmdline }),
  };
}

function buildTree(processes: Process[], current: ReadonlyMap<number, string>): TreeRow[] {
  const children = new Map<string, Process[]>();
  const byKey = new Map(processes.map((process) => [process.key, process]));
  for (const process of processes) {
    const parent = process.ppid === undefined ? undefined : byKey.get(current.get(process.ppid) ?? '');
    const key = parent && parent !== process ? parent.key : '';
    children.set(key, [...(children.get(key) ?? []), process]);
  }
  const rows: TreeRow[] = [];
  const placed = new Set<string>();
  const place = (process: Process, depth: number) => {
    if (placed.has(process.key)) return;
    placed.add(process.key);
    rows.push({ process, depth });
    for (const child of newestFirst(children.get(process.key))) place(child, depth + 1);
  };
  for (const root of newestFirst(children.get(''))) place(root, 0);
  // Pids used again may close a circle: nothing is left out for that.
  for (const process of processes) place(process, 0);
  return rows;
}

function newestFirst(processes: Process[] = []): Process[] {
  return [...processes].sort((a, b) => (b.started ?? 0) - (a.started ?? 0) || b.pid - a.pid);
}

/** The rows of processes that made calls, with their ancestors and children. */
export function withCalls(rows: readonly TreeRow[]): readonly TreeRow[] {
  const kept = new Set<number>();
  rows.forEach((row, index) => {
    if (row.process.calls === 0) return;
    kept.add(index);
    let depth = row.depth;
    for (let above = index - 1; above >= 0 && depth > 0; above -= 1) {
      const candidate = rows[above];
      if (candidate && candidate.depth < depth) {
        kept.add(above);
        depth = candidate.depth;
      }
    }
    for (let below = index + 1; (rows[below]?.depth ?? 0) > row.depth; below += 1) kept.add(below);
  });
  return rows.filter((_, index) => kept.has(index));
}
