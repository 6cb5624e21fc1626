import { expect, it } from 'vitest';
import { event, request, response } from '../calls/testing';
import type { Rec } from '../oisp/event';
import { ProcessBook, withCalls } from './book';

const exec = (pid: number, ppid: number, second: number, exe: string, args?: string[]) =>
  event(`X${pid}.${second}`, 'process.exec', second, { exe, args }, { process: { pid, ppid } });
const exit = (pid: number, second: number, data: Rec = { exit_code: 0 }) =>
  event(`E${pid}.${second}`, 'process.exit', second, data, { process: { pid } });

function bookOf(...events: ReturnType<typeof event>[]): ProcessBook {
  const book = new ProcessBook();
  for (const each of events) book.add(each);
  return book;
}
const shape = (book: ProcessBook) => book.tree().map(({ process, depth }) => `${'-'.repeat(depth)}${process.name}`);

it('builds the tree from what was started by whom', () => {
  const book = bookOf(
    exec(10, 1, 0, '/bin/bash'),
    exec(11, 10, 1, '/usr/bin/python3', ['python3', 'a.py']),
    exec(12, 11, 2, '/bin/ls'),
  );
  expect(shape(book)).toEqual(['bash', '-python3', '--ls']);
  expect(book.tree()[1]?.process.cmdline).toBe('python3 a.py');
});

it('shows how a process ended, and takes an event once', () => {
  const end = exit(10, 5, { exit_code: 137, signal: 9 });
  const book = bookOf(exec(10, 1, 0, '/bin/bash'), end);
  expect(book.add(end)).toBe(false);
  expect(book.tree()[0]?.process).toMatchObject({ exitCode: 137, signal: 9, ended: end.at });
});

it('tells two processes of one pid apart, and keeps one that starts another program', () => {
  expect(bookOf(exec(10, 1, 0, '/bin/a'), exit(10, 1), exec(10, 1, 2, '/bin/b')).tree()).toHaveLength(2);
  const same = bookOf(exec(10, 1, 0, '/bin/sh'), exec(10, 1, 1, '/bin/b'));
  expect(shape(same)).toEqual(['b']);
});

it('counts calls once, and keeps their relatives in sight', () => {
  const book = bookOf(
    exec(5, 1, 0, '/bin/zsh'),
    exec(41, 5, 1, '/usr/bin/python3'),
    exec(50, 41, 2, '/bin/ls'),
    exec(60, 5, 3, '/bin/cat'),
  );
  book.add(request(4));
  book.add(response(4));
  expect(book.tree().find(({ process }) => process.pid === 41)?.process.calls).toBe(1);
  expect(withCalls(book.tree()).map(({ process }) => process.pid)).toEqual([5, 41, 50]);
});

it('shows a process that it only knows from a call, with its parent', () => {
  const book = bookOf(request(1, {}, { process: { pid: 41, ppid: 7, name: 'node', parent: { pid: 7, name: 'zsh' } } }));
  expect(shape(book)).toEqual(['zsh', '-node']);
});

it('outlives a circle of pids, and is bounded', () => {
  expect(bookOf(exec(10, 11, 0, '/a'), exec(11, 10, 1, '/b')).tree()).toHaveLength(2);
  const small = new ProcessBook(3);
  for (let n = 1; n <= 9; n += 1) small.add(exec(n, 0, n, `/bin/${n}`));
  expect(small.tree()).toHaveLength(3);
});
