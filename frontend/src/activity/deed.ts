// What a process did beside talking to a model: a program that it ran, a file,
// a connection. One event, in the words of a row.

import { bytes, duration } from '../format';
import { list, num, rec, str, type OispEvent, type Rec } from '../oisp/event';
import { processName } from '../calls/call';

export type DeedKind = 'program' | 'file' | 'network';

/** How a deed is known to be a tool call's doing. */
export type Tie = 'process' | 'arguments' | 'time' | 'one_of';

export interface Deed {
  readonly id: string;
  readonly type: string;
  readonly kind: DeedKind;
  readonly at: number;
  readonly pid?: number;
  readonly processName: string;
  /** What was done: `wrote`, `connected to`, … */
  readonly verb: string;
  /** To what: a path, a host, a command. */
  readonly object: string;
  readonly detail: string;
  readonly failed: boolean;
  /** The `agent.tool_call` events that caused it; several where it is one of theirs. */
  readonly causes: readonly string[];
  readonly tie?: Tie;
}

const TIES: readonly string[] = ['process', 'arguments', 'time', 'one_of'];

/** The types of the events that are deeds. */
export const DEED_TYPES = [
  'process.exec',
  'file.open',
  'file.write',
  'file.delete',
  'file.rename',
  'network.connect',
  'network.accept',
  'network.flow',
  'network.dns',
];

/** The deed, or null where the event is none. */
export function deedOf(event: OispEvent): Deed | null {
  const words = wordsOf(event);
  if (words === null) return null;
  const process = rec(event.raw.process);
  const pid = num(process.pid);
  const tie = str(rec(event.raw.attrs)['oisp.tool_call.tie']);
  const isTied = tie !== undefined && TIES.includes(tie);
  // Programs end all the time: what failed for a tool call is worth a row.
  if (event.type === 'process.exit' && (!isTied || event.data.exit_code === 0)) return null;
  const causes = isTied ? list(event.raw.related_events).flatMap((each) => str(rec(each).event_id) ?? []) : [];
  return {
    id: event.id,
    type: event.type,
    kind: event.type.startsWith('file.') ? 'file' : event.type.startsWith('network.') ? 'network' : 'program',
    at: event.at,
    processName: processName(process) ?? '',
    failed: event.data.success === false || event.type === 'process.exit',
    causes,
    ...words,
    ...(pid === undefined ? {} : { pid }),
    ...(isTied ? { tie: tie as Tie } : {}),
  };
}

interface Words {
  verb: string;
  object: string;
  detail: string;
}

function wordsOf({ type, data, raw }: OispEvent): Words | null {
  switch (type) {
    case 'process.exec':
      return { verb: 'ran', object: command(data), detail: '' };
    case 'process.exit':
      return { verb: 'failed', object: processName(rec(raw.process)) ?? '', detail: ending(data) };
    case 'file.open':
      return { verb: opened(data), object: str(data.path) ?? '', detail: '' };
    case 'file.write':
      return { verb: data.created === true ? 'created' : 'wrote', object: str(data.path) ?? '', detail: written(data) };
    case 'file.delete':
      return { verb: 'deleted', object: str(data.path) ?? '', detail: '' };
    case 'file.rename':
      return { verb: 'renamed', object: str(data.old_path) ?? '', detail: `to ${str(data.new_path) ?? '?'}` };
    case 'network.connect':
      return connected(data);
    case 'network.accept':
      return { verb: 'accepted', object: endText(rec(data.src)), detail: '' };
    case 'network.flow':
      return flowed(data);
    case 'network.dns':
      return { verb: 'looked up', object: str(data.query_name) ?? '', detail: answers(data) };
    default:
      return null;
  }
}

function command(data: Rec): string {
  const args = list(data.args).filter((arg) => typeof arg === 'string');
  return args.length > 0 ? args.join(' ') : (str(data.exe) ?? '');
}

function ending(data: Rec): string {
  const ms = num(data.runtime_ms);
  const how = str(data.signal_name) ?? `exit ${num(data.exit_code) ?? '?'}`;
  return ms === undefined ? how : `${how} after ${duration(ms)}`;
}

function opened(data: Rec): string {
  const flags = list(data.flags);
  if (flags.includes('write') || flags.includes('append')) return 'opened to write';
  return flags.includes('read') ? 'read' : 'opened';
}

function written(data: Rec): string {
  const count = num(data.bytes_written);
  return [count === undefined ? '' : bytes(count), data.truncated === true ? 'replaced its content' : '']
    .filter(Boolean)
    .join(', ');
}

function connected(data: Rec): Words {
  const latency = num(data.latency_ms);
  const failed = data.success === false;
  return {
    verb: failed ? 'could not connect to' : 'connected to',
    object: endText(rec(data.dest)),
    detail: failed ? (str(data.error) ?? '') : latency === undefined ? '' : duration(latency),
  };
}

function flowed(data: Rec): Words {
  const inbound = data.direction === 'inbound';
  const counts = [
    ['sent', num(data.bytes_sent)],
    ['received', num(data.bytes_received)],
  ] as const;
  const words = counts.flatMap(([word, count]) => (count === undefined ? [] : [`${word} ${bytes(count)}`]));
  const ms = num(data.duration_ms);
  return {
    verb: 'closed',
    object: endText(rec(inbound ? data.src : data.dest)),
    detail: [...words, ...(ms === undefined ? [] : [`after ${duration(ms)}`])].join(', '),
  };
}

function answers(data: Rec): string {
  const values = list(data.answers).flatMap((answer) => str(rec(answer).value) ?? []);
  if (values.length === 0) return str(data.response_code) ?? '';
  return values.length > 3 ? `${values.slice(0, 3).join(', ')} and ${values.length - 3} more` : values.join(', ');
}

function endText(end: Rec): string {
  const ip = str(end.ip) ?? '?';
  const port = num(end.port);
  const host = str(end.domain) ?? (ip.includes(':') ? `[${ip}]` : ip);
  return port === undefined ? host : `${host}:${port}`;
}

/** Why it is held to be the tool call's doing. */
export function tieWords(tie: Tie): string {
  return {
    process: 'by a program that was run for it',
    arguments: 'named in its arguments',
    time: 'while it was the only one under way',
    one_of: 'while this and other calls of the answer were under way',
  }[tie];
}
