import { expect, it } from 'vitest';
import { CallBook } from './book';
import { ALL, passing, providers } from './filter';
import { request, response } from './testing';

const book = new CallBook();
book.add(request(1, { messages: [{ role: 'user', content: 'Translate the Letter' }] }));
book.add(response(1));
book.add(
  request(2, { provider: { name: 'anthropic' }, model: { id: 'claude-x' } }, { process: { pid: 77, name: 'node' } }),
);
book.add(request(3));
book.add(response(3, { success: false, status_code: 500 }));
const ids = (filter: Partial<typeof ALL>) => passing(book.list(), { ...ALL, ...filter }).map((call) => call.id);

it('passes all without conditions', () => {
  expect(ids({})).toEqual(['r3', 'r2', 'r1']);
});

it('finds words in any field, in any case, all of them', () => {
  expect(ids({ text: 'letter translate' })).toEqual(['r1']);
  expect(ids({ text: 'letter claude' })).toEqual([]);
  expect(ids({ text: 'CLAUDE-X' })).toEqual(['r2']);
  expect(ids({ text: 'node' })).toEqual(['r2']);
  expect(ids({ text: '77' })).toEqual(['r2']);
  expect(ids({ text: '500 error' })).toEqual(['r3']);
  expect(ids({ text: 'answer' })).toEqual(['r3', 'r1']);
});

it('joins the conditions', () => {
  expect(ids({ state: 'error' })).toEqual(['r3']);
  expect(ids({ provider: 'openai', state: 'ok' })).toEqual(['r1']);
  expect(ids({ provider: 'anthropic', state: 'ok' })).toEqual([]);
  expect(ids({ pid: 77 })).toEqual(['r2']);
});

it('names the providers that are there', () => {
  expect(providers(book.list())).toEqual(['anthropic', 'openai']);
});
