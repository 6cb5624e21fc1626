// Made-up events for tests.

import { parseEvent, type OispEvent, type Rec } from '../oisp/event';

const START = Date.UTC(2026, 0, 2, 3, 4, 5);

export function event(id: string, type: string, second: number, data: Rec, more: Rec = {}): OispEvent {
  const value = {
    oisp_version: '0.1',
    event_id: id,
    event_type: type,
    ts: new Date(START + second * 1000).toISOString(),
    source: { collector: 'oisp-sensor' },
    confidence: { level: 'high', completeness: 'full' },
    process: { pid: 41, name: 'python3' },
    data,
    ...more,
  };
  const parsed = parseEvent(value);
  if (parsed === null) throw new Error('a made-up event must be an event');
  return parsed;
}

export function request(n: number, data: Rec = {}, more: Rec = {}): OispEvent {
  return event(
    `Q${n}`,
    'ai.request',
    n,
    {
      request_id: `r${n}`,
      provider: { name: 'openai' },
      model: { id: 'gpt-4o' },
      request_type: 'chat',
      streaming: true,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: `question ${n}` },
      ],
      ...data,
    },
    more,
  );
}

export function response(n: number, data: Rec = {}, more: Rec = {}): OispEvent {
  return event(
    `A${n}`,
    'ai.response',
    n + 0.5,
    {
      request_id: `r${n}`,
      provider: { name: 'openai' },
      model: { id: 'gpt-4o-2024-11-20' },
      status_code: 200,
      success: true,
      choices: [{ index: 0, message: { role: 'assistant', content: `answer ${n}` }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 10, completion_tokens: 3 },
      latency_ms: 500,
      time_to_first_token_ms: 90,
      ...data,
    },
    more,
  );
}

export function chunk(n: number, index: number, content: string): OispEvent {
  return event(`C${n}.${index}`, 'ai.streaming_chunk', n + 0.1, {
    request_id: `r${n}`,
    chunk_index: index,
    delta: { content },
  });
}

export const PARTIAL: Rec = { confidence: { level: 'medium', completeness: 'partial', reasons: ['bytes_lost'] } };
