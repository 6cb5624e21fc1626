import { describe, expect, it } from 'vitest';
import { event } from '../calls/testing';
import type { Rec } from '../oisp/event';
import { ActivityBook, passingDeeds } from './book';
import { deedOf, type DeedKind } from './deed';

const tool = (n: number, request = 'r1') =>
  event(
    `T${n}`,
    'agent.tool_call',
    n,
    { tool: { name: 'run' }, call_id: `call_${n}` },
    { attrs: { 'oisp.request_id': request } },
  );

const write = (n: number, causes: string[] = [], tie = 'arguments') =>
  event(
    `F${n}`,
    'file.write',
    n,
    { path: `/work/${n}.py`, bytes_written: 2048, created: true },
    causes.length === 0
      ? {}
      : {
          attrs: { 'oisp.tool_call.tie': tie },
          related_events: causes.map((id) => ({ event_id: id, relationship: 'caused_by' })),
        },
  );

const ALL = { text: '', kinds: new Set<DeedKind>(['program', 'file', 'network']), tied: false };

describe('the words of a deed', () => {
  const words = (type: string, data: Rec) => {
    const deed = deedOf(event('x', type, 1, data));
    return deed && `${deed.verb} | ${deed.object} | ${deed.detail}`;
  };

  it.each([
    ['process.exec', { exe: '/bin/sh', args: ['sh', '-c', 'make'] }, 'ran | sh -c make | '],
    ['file.open', { path: '/a', flags: ['read'] }, 'read | /a | '],
    ['file.open', { path: '/a', flags: ['read', 'write'] }, 'opened to write | /a | '],
    ['file.write', { path: '/a', bytes_written: 10, truncated: true }, 'wrote | /a | 10 B, replaced its content'],
    ['file.delete', { path: '/a' }, 'deleted | /a | '],
    ['file.rename', { old_path: '/a', new_path: '/b' }, 'renamed | /a | to /b'],
    [
      'network.connect',
      { dest: { ip: '198.51.100.4', port: 443, domain: 'a.example' }, success: true, latency_ms: 18.2 },
      'connected to | a.example:443 | 18 ms',
    ],
    [
      'network.connect',
      { dest: { ip: '2001:db8::1', port: 1 }, success: false, error: 'connection refused' },
      'could not connect to | [2001:db8::1]:1 | connection refused',
    ],
    [
      'network.flow',
      { direction: 'inbound', src: { ip: '192.0.2.1', port: 9 }, dest: {}, bytes_sent: 5, duration_ms: 20 },
      'closed | 192.0.2.1:9 | sent 5 B, after 20 ms',
    ],
    ['network.dns', { query_name: 'a.example', response_code: 'NXDOMAIN' }, 'looked up | a.example | NXDOMAIN'],
  ] as const)('%s', (type, data, expected) => {
    expect(words(type, data as Rec)).toBe(expected);
  });

  it('tell the end of a program only where it failed for a tool call', () => {
    const tied = { attrs: { 'oisp.tool_call.tie': 'process' }, related_events: [{ event_id: 'T1' }] };
    const exit = (code: number, more: Rec) =>
      deedOf(event('x', 'process.exit', 1, { exit_code: code, runtime_ms: 70 }, more))?.detail;
    expect([exit(2, tied), exit(0, tied), exit(2, {})]).toEqual(['exit 2 after 70 ms', undefined, undefined]);
  });

  it('are for nothing else', () => {
    expect(words('ai.request', {})).toBeNull();
  });
});

describe('the book of activity', () => {
  it('knows what a tool call brought about, in whatever order it is told', () => {
    for (const told of [
      [tool(1), write(3, ['T1']), write(2, ['T1'])],
      [write(2, ['T1']), write(3, ['T1']), tool(1)],
    ]) {
      const book = new ActivityBook();
      told.forEach((each) => book.add(each));
      expect(book.toolsOf('r1').map((each) => each.callId)).toEqual(['call_1']);
      expect(book.causedBy('T1').map((deed) => deed.id)).toEqual(['F2', 'F3']);
      const [newest] = book.list();
      expect(newest && book.causeOf(newest)?.request).toBe('r1');
    }
  });

  it('takes an event once', () => {
    const book = new ActivityBook();
    expect([book.add(write(1)), book.add(write(1)), book.add(tool(1)), book.add(tool(1))]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('lets the oldest go', () => {
    const book = new ActivityBook(2);
    [1, 2, 3].forEach((n) => book.add(write(n, ['T1'])));
    [1, 2, 3].forEach((n) => book.add(tool(n, `r${n}`)));
    expect(book.list().map((deed) => deed.id)).toEqual(['F3', 'F2']);
    expect(book.causedBy('T1').map((deed) => deed.id)).toEqual(['F2', 'F3']);
    expect(book.toolsOf('r1')).toEqual([]);
    expect(book.letGo).toBe(true);
  });

  it('does not take another tie for a tool call', () => {
    const deed = deedOf(event('x', 'file.open', 1, { path: '/a' }, { related_events: [{ event_id: 'Q1' }] }));
    expect(deed?.causes).toEqual([]);
  });
});

describe('the filter', () => {
  it('looks at kind, tie, text and pid', () => {
    const book = new ActivityBook();
    book.add(write(1));
    book.add(write(2, ['T1']));
    book.add(event('E', 'process.exec', 3, { exe: '/bin/ls' }, { process: { pid: 77, name: 'ls' } }));
    const ids = (filter: Partial<typeof ALL>) =>
      passingDeeds(book.list(), { ...ALL, ...filter }).map((deed) => deed.id);
    expect(ids({})).toEqual(['E', 'F2', 'F1']);
    expect(ids({ kinds: new Set<DeedKind>(['file']) })).toEqual(['F2', 'F1']);
    expect(ids({ tied: true })).toEqual(['F2']);
    expect(ids({ text: '1.PY' })).toEqual(['F1']);
    expect(ids({ text: '77' })).toEqual(['E']);
  });
});
