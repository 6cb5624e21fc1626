// The facts around a call: who made it, to whom, what it cost in time and
// tokens, and how far the record can be trusted.

import type { ReactNode } from 'react';
import type { Call } from '../calls/call';
import { duration, fullTime, usd } from '../format';
import { session } from '../live/session';
import { confidenceWords } from '../oisp/confidence';
import { containerFacts } from '../oisp/container';
import { list, num, rec, str, type OispEvent, type Rec } from '../oisp/event';
import { hashOf } from '../route';
import { Marked } from '../ui/text';
import { noEvents } from './absence';
import type { Loading } from './call-detail';
import { TimingBar } from './timing';

interface Props {
  call: Call;
  request: Loading;
  response: Loading;
}

type Fact = readonly [name: string, value: ReactNode];

export function Facts({ call, request, response }: Props) {
  const events = [request, response].filter((event) => typeof event === 'object' && event !== null);
  const [first] = events;
  const asked = typeof request === 'object' && request !== null ? request : undefined;
  const answered = typeof response === 'object' && response !== null ? response : undefined;
  if (first === undefined) return <p className="notice">{noEvents([request, response])}</p>;
  return (
    <div className="facts">
      <Group title="Process" facts={processFacts(first)} />
      <Group title="Call" facts={callFacts(call, asked, answered)} />
      <Group title="Tokens" facts={tokenFacts(rec(answered?.data.usage), answered)} none={noTokens(answered)} />
      <Group title="Time" facts={timeFacts(call)}>
        {call.latencyMs !== undefined && call.ttftMs !== undefined && (
          <TimingBar latency={call.latencyMs} ttft={call.ttftMs} />
        )}
      </Group>
      <Group title="Request settings" facts={settings(asked)} />
      <section>
        <h3>How it was captured</h3>
        {events.map((event) => (
          <Trust key={event.id} event={event} />
        ))}
      </section>
    </div>
  );
}

function Group({
  title,
  facts,
  none,
  children,
}: {
  title: string;
  facts: readonly Fact[];
  none?: string;
  children?: ReactNode;
}) {
  const known = facts.filter(([, value]) => value !== undefined && value !== '');
  if (known.length === 0 && none === undefined) return null;
  return (
    <section>
      <h3>{title}</h3>
      {known.length === 0 && <p className="muted">{none}</p>}
      <dl>
        {known.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{typeof value === 'string' ? <Marked text={value} /> : value}</dd>
          </div>
        ))}
      </dl>
      {children}
    </section>
  );
}

function processFacts(event: OispEvent): Fact[] {
  const process = rec(event.raw.process);
  const actor = rec(event.raw.actor);
  const app = rec(event.raw.app);
  const host = rec(event.raw.host);
  return [
    ['Application', [str(app.name), str(app.vendor)].filter(Boolean).join(' · ')],
    ['Name', str(process.name)],
    ['Process id', number(process.pid)],
    ['Program', mono(str(process.exe))],
    ['Command line', mono(str(process.cmdline))],
    ['Folder', mono(str(process.cwd))],
    ['Started by', <Chain key="chain" process={process} />],
    [
      'User',
      [
        str(actor.user),
        num(actor.uid) === undefined ? undefined : `uid ${String(actor.uid)}`,
        actor.is_elevated === true ? 'elevated' : undefined,
      ]
        .filter(Boolean)
        .join(' · '),
    ],
    ['Started', str(process.start_time) === undefined ? undefined : fullTime(Date.parse(String(process.start_time)))],
    ...containerFacts(event).map(([name, value]): Fact => [name, mono(value)]),
    ['Machine', [str(host.hostname), str(host.os_version) ?? str(host.os), str(host.arch)].filter(Boolean).join(' · ')],
  ];
}

/** Parent, its parent and so on. */
function Chain({ process }: { process: Rec }) {
  const ancestors = list(process.ancestors).map(rec);
  const parent = rec(process.parent);
  const chain = ancestors.length > 0 ? ancestors : Object.keys(parent).length > 0 ? [parent] : [];
  const ppid = num(process.ppid);
  if (chain.length === 0) return ppid === undefined ? <span className="muted">unknown</span> : <span>pid {ppid}</span>;
  return (
    <span className="chain">
      {chain.map((each, index) => (
        <span key={index} title={str(each.cmdline) ?? str(each.exe)}>
          {str(each.name) ?? str(each.exe) ?? 'unknown'} <span className="muted">{num(each.pid)}</span>
        </span>
      ))}
    </span>
  );
}

function callFacts(call: Call, request: OispEvent | undefined, response: OispEvent | undefined): Fact[] {
  const data = request?.data ?? response?.data ?? {};
  const attrs = rec((request ?? response)?.raw.attrs);
  const askedModel = str(rec(request?.data.model).id);
  const gotModel = str(rec(response?.data.model).id);
  const auth = rec(request?.data.auth);
  const server = session.calls.serverOf(call);
  return [
    ['Provider', call.provider],
    ['Endpoint', mono(str(rec(data.provider).endpoint))],
    [
      'Model',
      askedModel !== undefined && gotModel !== undefined && askedModel !== gotModel
        ? `asked ${askedModel}, answered ${gotModel}`
        : (gotModel ?? askedModel),
    ],
    [
      'Kind',
      [str(request?.data.request_type), request?.data.streaming === true ? 'streamed' : undefined]
        .filter(Boolean)
        .join(' · '),
    ],
    ['Dialect', str(attrs['oisp.dialect'])],
    ['HTTP status', number(response?.data.status_code)],
    ['Finish reason', [str(response?.data.finish_reason), rawReasons(response)].filter(Boolean).join(' · ')],
    [
      'Credential',
      [
        str(auth.type)?.replaceAll('_', ' '),
        str(auth.key_prefix) === undefined ? undefined : `begins with ${String(auth.key_prefix)}`,
      ]
        .filter(Boolean)
        .join(' · '),
    ],
    ['Client', mono(str(attrs['user_agent.original']))],
    ['Connection', mono(socketText(attrs))],
    ['Server’s name in TLS', mono(str(attrs['tls.client.server_name']))],
    ['Carried by', carrier(attrs)],
    ['Conversation', mono(str(data.conversation_id))],
    ['Provider’s id', mono(str(response?.data.provider_request_id))],
    ['Request id', mono(call.id)],
    [
      'Seen at the server too',
      server && (
        <a href={hashOf({ view: 'calls', call: server.id })}>
          {server.processName || 'process'} {server.pid}
        </a>
      ),
    ],
  ];
}

function socketText(attrs: Rec): string | undefined {
  const end = (which: string) => {
    const address = str(attrs[`network.${which}.address`]);
    const port = num(attrs[`network.${which}.port`]);
    if (address === undefined) return undefined;
    return `${address.includes(':') ? `[${address}]` : address}:${port ?? '?'}`;
  };
  const [local, peer] = [end('local'), end('peer')];
  return local === undefined || peer === undefined ? peer : `${local} → ${peer}`;
}

function carrier(attrs: Rec): string | undefined {
  const transport = str(attrs['oisp.transport']);
  return transport === 'tcp' ? 'TCP, without TLS' : transport === 'stdio' ? 'standard input and output' : transport;
}

function rawReasons(response: OispEvent | undefined): string | undefined {
  const raw = list(rec(response?.raw.attrs)['gen_ai.response.finish_reasons']).join(', ');
  return raw === '' || raw === response?.data.finish_reason ? undefined : `the provider says ${raw}`;
}

function noTokens(response: OispEvent | undefined): string {
  if (response === undefined) return 'They come with the answer.';
  const missing = list(rec(response.raw.confidence).missing).includes('usage');
  return missing ? 'The token counts were not captured.' : 'The provider gave no token counts.';
}

function tokenFacts(usage: Rec, response: OispEvent | undefined): Fact[] {
  const cost = num(usage.total_cost_usd);
  return [
    ['In', count(usage.prompt_tokens)],
    ['of that, read from cache', count(usage.cached_tokens)],
    ['written to cache', count(rec(response?.raw.attrs)['gen_ai.usage.cache_creation.input_tokens'])],
    ['Out', count(usage.completion_tokens)],
    ['of that, reasoning', count(usage.reasoning_tokens)],
    ['Total', count(usage.total_tokens)],
    ['Cost', cost === undefined ? undefined : usd(cost)],
  ];
}

function timeFacts(call: Call): Fact[] {
  return [
    ['Request sent', call.request === 'no' ? undefined : fullTime(call.at)],
    ['First token after', call.ttftMs === undefined ? undefined : duration(call.ttftMs)],
    ['Complete after', call.latencyMs === undefined ? undefined : duration(call.latencyMs)],
  ];
}

function settings(request: OispEvent | undefined): Fact[] {
  const parameters = Object.entries(rec(request?.data.parameters));
  const tools = list(request?.data.tools).map((tool) => str(rec(tool).name) ?? 'unnamed');
  return [
    ...parameters.map(
      ([name, value]): Fact => [name.replaceAll('_', ' '), typeof value === 'string' ? value : JSON.stringify(value)],
    ),
    [
      'Tools',
      tools.length > 0 ? (
        <span className="chips">
          {tools.map((name, index) => (
            <span className="chip" key={index}>
              {name}
            </span>
          ))}
        </span>
      ) : undefined,
    ],
    ['Tool choice', str(request?.data.tool_choice)],
  ];
}

function Trust({ event }: { event: OispEvent }) {
  const source = rec(event.raw.source);
  const confidence = rec(event.raw.confidence);
  const partial = confidence.completeness === 'partial';
  const how = [str(source.capture_method), str(source.capture_point)].filter(Boolean).join(', ').replaceAll('_', ' ');
  return (
    <div className={partial ? 'trust warn' : 'trust'}>
      <b>{event.type === 'ai.request' ? 'Request' : 'Response'}</b>
      <ul>
        {confidenceWords(event).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
        <li className="muted">
          {how && `By ${how}. `}Confidence: {str(confidence.level) ?? 'unknown'}.
          {str(confidence.redaction_profile) && ` Redaction: ${String(confidence.redaction_profile)}.`}
        </li>
      </ul>
    </div>
  );
}

function mono(text: string | undefined): ReactNode {
  return text === undefined ? undefined : (
    <code>
      <Marked text={text} />
    </code>
  );
}

function number(value: unknown): string | undefined {
  const known = num(value);
  return known === undefined ? undefined : String(known);
}

function count(value: unknown): string | undefined {
  return num(value)?.toLocaleString('en-US');
}
