import { describe, expect, it } from 'vitest';
import { CallBook } from './book';
import { chunk, PARTIAL, request, response } from './testing';

function bookOf(...events: Parameters<CallBook['add']>[0][]): CallBook {
  const book = new CallBook();
  for (const each of events) book.add(each, 100);
  return book;
}

describe('joining', () => {
  it('makes one row of a request and its response', () => {
    const [call, ...others] = bookOf(request(1), response(1)).list();
    expect(others).toEqual([]);
    expect(call).toMatchObject({
      id: 'r1',
      state: 'ok',
      provider: 'openai',
      model: 'gpt-4o-2024-11-20',
      prompt: 'question 1',
      answer: 'answer 1',
      tokensIn: 10,
      tokensOut: 3,
      latencyMs: 500,
      ttftMs: 90,
      pid: 41,
      processName: 'python3',
      at: request(1).at,
    });
  });

  it('gives the same row whatever order they come in', () => {
    for (const [asked, answered] of [
      [request(1), response(1)],
      [request(1, {}, PARTIAL), response(1)],
      [request(1), response(1, {}, PARTIAL)],
      [request(1), response(1, { success: false, error: { type: 'rate_limit_error' }, status_code: 429 })],
    ] as const) {
      expect(bookOf(answered, asked).list()).toEqual(bookOf(asked, answered).list());
    }
  });

  it('shows a request without a response as open', () => {
    expect(bookOf(request(1)).list()[0]).toMatchObject({ state: 'open', streaming: true, model: 'gpt-4o', answer: '' });
  });

  it('shows a response without a request, at its own time, as partial', () => {
    const call = bookOf(response(1)).list()[0];
    expect(call).toMatchObject({ state: 'partial', request: 'no', answer: 'answer 1', at: response(1).at });
  });

  it('takes an event once', () => {
    const book = bookOf(request(1), response(1));
    expect(book.add(request(1))).toBe(false);
    expect(book.add(response(1))).toBe(false);
    expect(book.list()).toHaveLength(1);
  });

  it('takes no event of another kind', () => {
    const other = { ...request(1), type: 'file.write' };
    expect(bookOf(other).list()).toEqual([]);
  });

  it('keeps absent figures absent', () => {
    const call = bookOf(request(1), response(1, { usage: undefined, latency_ms: undefined })).list()[0];
    expect(call).not.toHaveProperty('tokensIn');
    expect(call).not.toHaveProperty('latencyMs');
  });
});

describe('states', () => {
  it('partial where either event is, or where the outcome is unknown', () => {
    expect(bookOf(request(1, {}, PARTIAL), response(1)).list()[0]?.state).toBe('partial');
    expect(bookOf(request(1), response(1, {}, PARTIAL)).list()[0]?.state).toBe('partial');
    expect(bookOf(request(1), response(1, { success: undefined })).list()[0]?.state).toBe('partial');
  });

  it('error with its code and words, also where partial', () => {
    const data = { success: false, status_code: 429, error: { type: 'rate_limit_error', message: 'Slow down.' } };
    const call = bookOf(request(1), response(1, data, PARTIAL)).list()[0];
    expect(call).toMatchObject({ state: 'error', status: 429, error: 'rate_limit_error: Slow down.' });
  });

  it('redacted content does not make a call partial', () => {
    const redacted = { confidence: { level: 'high', completeness: 'redacted' } };
    const messages = [{ role: 'user', content: { $redacted: { reason: 'pii_detected', preview: 'My mail is' } } }];
    const call = bookOf(request(1, { messages }, redacted), response(1, {}, redacted)).list()[0];
    expect(call).toMatchObject({ state: 'ok', prompt: '[redacted] My mail is' });
  });
});

describe('streamed text', () => {
  it('grows with each new chunk and gives way to the answer', () => {
    const book = bookOf(request(1), chunk(1, 0, 'an'), chunk(1, 1, 'swer'), chunk(1, 1, 'swer'));
    expect(book.get('r1')).toMatchObject({ growing: 'answer', state: 'open' });
    book.add(response(1));
    book.add(chunk(1, 2, '!'));
    expect(book.get('r1')).toMatchObject({ growing: '', answer: 'answer 1', state: 'ok' });
  });
});

describe('the rows', () => {
  it('are newest first', () => {
    const book = bookOf(request(2), request(3), request(1));
    expect(book.list().map((call) => call.id)).toEqual(['r3', 'r2', 'r1']);
  });

  it('show the last user message and how far an agent went since', () => {
    const messages = [
      { role: 'user', content: 'Fix   the\nbug' },
      { role: 'assistant', content: 'Looking.' },
      { role: 'tool', tool_call_id: 't1', content: 'file text' },
    ];
    const book = bookOf(request(1, { messages }));
    expect(book.list()[0]).toMatchObject({ prompt: 'Fix the bug', step: 1 });
    expect(book.toolResultEvent('t1')).toBe('Q1');
  });

  it('name a provider that the schema does not list', () => {
    const book = bookOf(request(1, { provider: { name: 'other' } }, { attrs: { 'gen_ai.provider.name': 'deepseek' } }));
    expect(book.list()[0]?.provider).toBe('deepseek');
  });

  it('show both ends of one call as one', () => {
    const client = request(1, {}, { attrs: { 'oisp.side': 'client' } });
    const server = request(
      2,
      {},
      { attrs: { 'oisp.side': 'server' }, related_events: [{ event_id: 'Q1', relationship: 'related' }] },
    );
    for (const book of [bookOf(client, server), bookOf(server, client)]) {
      expect(book.list().map((call) => call.id)).toEqual(['r1']);
      const call = book.get('r1');
      expect(call && book.serverOf(call)?.id).toBe('r2');
    }
  });

  it('show both ends as one before the answer, where the server was told first', () => {
    const server = request(2, {}, { attrs: { 'oisp.side': 'server' } });
    const client = request(
      1,
      {},
      { attrs: { 'oisp.side': 'client' }, related_events: [{ event_id: 'Q2', relationship: 'related' }] },
    );
    const book = bookOf(server, client);
    expect(book.list().map((call) => call.id)).toEqual(['r1']);
    const call = book.get('r1');
    expect(call && book.serverOf(call)?.id).toBe('r2');
  });

  it('show a server alone where its client is not observed', () => {
    const server = request(
      2,
      {},
      { attrs: { 'oisp.side': 'server' }, related_events: [{ event_id: 'Q1', relationship: 'related' }] },
    );
    expect(
      bookOf(server)
        .list()
        .map((call) => call.id),
    ).toEqual(['r2']);
  });
});

describe('the bounds', () => {
  it('let the oldest calls go', () => {
    const book = new CallBook({ calls: 2, bytes: 1e9 });
    for (const n of [3, 1, 2]) book.add(request(n), 10);
    expect(book.list().map((call) => call.id)).toEqual(['r3', 'r2']);
    expect(book.event('Q1')).toBeUndefined();
  });

  it('let the bytes of old events go and keep their rows', () => {
    const book = new CallBook({ calls: 100, bytes: 250 });
    for (const n of [1, 2, 3, 4]) book.add(request(n), 100);
    expect(book.list()).toHaveLength(4);
    expect(book.event('Q1')).toBeUndefined();
    expect(book.event('Q4')?.id).toBe('Q4');
    expect(book.add(request(1), 100)).toBe(false);
  });
});
