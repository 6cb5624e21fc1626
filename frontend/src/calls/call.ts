// One AI call: what its request and its response say, in the form of a row.

import { firstWords } from '../format';
import { list, num, rec, relatedIds, str, type OispEvent, type Rec } from '../oisp/event';
import { contentOf } from '../oisp/text';

/** How much of an event was captured. */
export type Seen = 'no' | 'partial' | 'whole';

/** `open`: no answer yet. `partial`: something of it was not captured. */
export type CallState = 'open' | 'ok' | 'error' | 'partial';

export interface Call {
  readonly id: string;
  readonly requestEvent?: string;
  readonly responseEvent?: string;
  readonly request: Seen;
  readonly response: Seen;
  /** The response's `success`, where it says. */
  readonly success?: boolean;
  readonly at: number;
  readonly state: CallState;
  readonly streaming: boolean;
  /** Text of the streamed answer so far, where the sensor sends chunks. */
  readonly growing: string;
  readonly pid?: number;
  readonly processName: string;
  readonly provider: string;
  readonly model: string;
  readonly requestType: string;
  readonly prompt: string;
  /** How many answers came after the last user message: an agent's loop. */
  readonly step: number;
  readonly answer: string;
  readonly toolNames: readonly string[];
  readonly error?: string;
  readonly status?: number;
  readonly tokensIn?: number;
  readonly tokensOut?: number;
  readonly costUsd?: number;
  readonly latencyMs?: number;
  readonly ttftMs?: number;
  readonly side: string;
  /** Events that its events are tied to. */
  readonly related: readonly string[];
  readonly asked: string;
  readonly answered: string;
}

/** How much of a text the search looks at. */
const SEARCHED = 8_000;

export function emptyCall(id: string): Call {
  return {
    id,
    request: 'no',
    response: 'no',
    at: 0,
    state: 'open',
    streaming: false,
    growing: '',
    processName: '',
    provider: '',
    model: '',
    requestType: '',
    prompt: '',
    step: 0,
    answer: '',
    toolNames: [],
    side: '',
    related: [],
    asked: '',
    answered: '',
  };
}

/** The call with what its request says. */
export function withRequest(call: Call, event: OispEvent): Call {
  const { data } = event;
  const messages = list(data.messages).map(rec);
  const lastUser = messages.findLastIndex((message) => message.role === 'user');
  const spoken = messages[lastUser] ?? messages.at(-1);
  const prompt = spoken ? contentText(spoken) : '';
  const step = lastUser < 0 ? 0 : messages.slice(lastUser + 1).filter((message) => message.role === 'assistant').length;
  return settled({
    ...call,
    ...common(call, event),
    requestEvent: event.id,
    request: seen(event),
    at: event.at,
    streaming: data.streaming === true,
    requestType: str(data.request_type) ?? '',
    model: call.response === 'no' || call.model === '' ? (str(rec(data.model).id) ?? '') : call.model,
    prompt: firstWords(prompt),
    step,
    asked: searched(prompt),
  });
}

/** The call with what its response says. */
export function withResponse(call: Call, event: OispEvent): Call {
  const { data } = event;
  const usage = rec(data.usage);
  const answer = list(data.choices)
    .map((choice) => contentText(rec(rec(choice).message)))
    .filter(Boolean)
    .join('\n');
  const tools = list(data.tool_calls).map(rec);
  return settled({
    ...call,
    ...common(call, event),
    responseEvent: event.id,
    response: seen(event),
    growing: '',
    at: call.request === 'no' ? event.at : call.at,
    model: str(rec(data.model).id) ?? call.model,
    answer: firstWords(answer),
    toolNames: tools.map((tool) => str(tool.name) ?? 'unnamed tool'),
    answered: searched(`${answer}\n${tools.length > 0 ? JSON.stringify(tools) : ''}`),
    ...given('success', typeof data.success === 'boolean' ? data.success : undefined),
    ...given('error', errorLabel(data)),
    ...given('status', num(data.status_code)),
    ...given('tokensIn', num(usage.prompt_tokens)),
    ...given('tokensOut', num(usage.completion_tokens)),
    ...given('costUsd', num(usage.total_cost_usd)),
    ...given('latencyMs', num(data.latency_ms)),
    ...given('ttftMs', num(data.time_to_first_token_ms)),
  });
}

/** The call with one more piece of its streamed answer. */
export function withChunk(call: Call, event: OispEvent): Call {
  const text = str(rec(event.data.delta).content);
  if (text === undefined || call.response !== 'no') return call;
  return { ...call, streaming: true, at: call.at || event.at, growing: (call.growing + text).slice(-200_000) };
}

/** Whose call it is, by provider: the real name where the schema has none. */
export function providerOf(event: OispEvent): string {
  const name = str(rec(event.data.provider).name);
  return (name === 'other' ? str(rec(event.raw.attrs)['gen_ai.provider.name']) : undefined) ?? name ?? '';
}

function common(call: Call, event: OispEvent) {
  const process = rec(event.raw.process);
  const pid = num(process.pid) ?? call.pid;
  return {
    ...(pid === undefined ? {} : { pid }),
    processName: processName(process) ?? call.processName,
    provider: providerOf(event) || call.provider,
    side: str(rec(event.raw.attrs)['oisp.side']) ?? call.side,
    related: [...new Set([...call.related, ...relatedIds(event)])],
  };
}

export function processName(process: Rec): string | undefined {
  return str(process.name) ?? str(process.exe)?.split(/[\\/]/).at(-1);
}

function settled(call: Call): Call {
  return { ...call, state: stateOf(call) };
}

function stateOf(call: Call): CallState {
  if (call.response === 'no') return 'open';
  if (call.success === false) return 'error';
  const whole = call.request === 'whole' && call.response === 'whole' && call.success === true;
  return whole ? 'ok' : 'partial';
}

function seen(event: OispEvent): Seen {
  const completeness = str(rec(event.raw.confidence).completeness) ?? 'full';
  return ['partial', 'metadata_only', 'sampled'].includes(completeness) ? 'partial' : 'whole';
}

function errorLabel(data: Rec): string | undefined {
  if (data.success !== false) return undefined;
  const error = rec(data.error);
  const parts = [str(error.type) ?? str(error.code), str(error.message)].filter((part) => part !== undefined);
  return firstWords(parts.join(': ') || 'the call failed');
}

function contentText(message: Rec): string {
  const content = contentOf(message.content);
  return content.redacted ? `[redacted] ${content.text}`.trim() : content.text;
}

function searched(text: string): string {
  return text.slice(0, SEARCHED).toLowerCase();
}

function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}
