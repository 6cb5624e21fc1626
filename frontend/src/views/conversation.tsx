// What was said in one call, in order.

import { useMemo, useState, type ReactNode } from 'react';
import type { Deed } from '../activity/deed';
import type { Call } from '../calls/call';
import { bytes, plural } from '../format';
import { session } from '../live/session';
import { answeredMessages, askedMessages, type Message, type ToolUse } from '../oisp/conversation';
import { list, num, rec, str, type OispEvent } from '../oisp/event';
import { hashOf } from '../route';
import { Icon } from '../ui/icons';
import { Json } from '../ui/json';
import { CapturedText, RedactionChip } from '../ui/text';
import { Deeds } from './deeds';
import { SILENT } from './absence';
import type { Loading } from './call-detail';

/** An agent's context is long; what is new stands at its end. */
const LAST = 12;

interface Props {
  call: Call;
  request: Loading;
  response: Loading;
}

export function Conversation({ call, request, response }: Props) {
  const asked = useMemo(() => (isEvent(request) ? askedMessages(request) : []), [request]);
  const answered = useMemo(() => (isEvent(response) ? answeredMessages(response) : []), [response]);
  const names = useMemo(() => toolNames([...asked, ...answered]), [asked, answered]);
  return (
    <div className="conversation">
      <Asked call={call} request={request} messages={asked} names={names} />
      <div className="divider">
        <span>Answer</span>
      </div>
      {call.response === 'no' && <Pending call={call} />}
      {response === 'loading' && <p className="notice">Loading…</p>}
      {response === 'gone' && <p className="notice">The answer is not in the log any more.</p>}
      {response === 'silent' && <p className="notice">{SILENT}</p>}
      {answered.map((message) => (
        <MessageView
          key={message.index}
          answered={call.id}
          message={message}
          names={names}
          title={answered.length > 1 ? `assistant · choice ${message.index + 1}` : undefined}
        >
          {message.finish && message.finish !== 'stop' && <Finish reason={message.finish} />}
        </MessageView>
      ))}
      {isEvent(response) && <Failure event={response} />}
      {isEvent(response) && answered.length === 0 && response.data.success !== false && <NoContent event={response} />}
      <Gaps events={[request, response]} />
    </div>
  );
}

function isEvent(event: Loading): event is OispEvent {
  return typeof event === 'object' && event !== null;
}

function Asked({
  call,
  request,
  messages,
  names,
}: {
  call: Call;
  request: Loading;
  messages: readonly Message[];
  names: ReadonlyMap<string, string>;
}) {
  const [all, setAll] = useState(false);
  const system = messages.filter((message) => message.role === 'system');
  const others = messages.filter((message) => message.role !== 'system');
  const hidden = all ? 0 : Math.max(0, others.length - LAST);
  return (
    <>
      {request === 'loading' && <p className="notice">Loading…</p>}
      {request === 'gone' && <p className="notice">The request is not in the log any more.</p>}
      {request === 'silent' && <p className="notice">{SILENT}</p>}
      {call.request === 'no' && (
        <p className="notice">The request was not captured: the sensor joined the connection after it.</p>
      )}
      {system.map((message) => (
        <SystemMessage key={message.index} message={message} />
      ))}
      {hidden > 0 && (
        <button type="button" className="button small earlier" onClick={() => setAll(true)}>
          Show {plural(hidden, 'earlier message')}
        </button>
      )}
      {others.slice(hidden).map((message) => (
        <MessageView key={message.index} message={message} names={names} />
      ))}
      {isEvent(request) && messages.length === 0 && <NoMessages event={request} />}
    </>
  );
}

function SystemMessage({ message }: { message: Message }) {
  const [open, setOpen] = useState(false);
  const length = message.content.text.length || (message.textLength ?? 0);
  return (
    <details className="message role-system" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span className="role">system</span> <span className="muted">{length > 0 ? bytes(length) : 'no text'}</span>
      </summary>
      {open && <Body message={message} />}
    </details>
  );
}

interface MessageProps {
  message: Message;
  names: ReadonlyMap<string, string>;
  title?: string | undefined;
  /** The call that it answers: the results of its tool calls come with a later request. */
  answered?: string;
  children?: ReactNode;
}

function MessageView({ message, names, title, answered, children }: MessageProps) {
  const tool = message.toolCallId === undefined ? undefined : names.get(message.toolCallId);
  return (
    <article className={`message role-${message.role}`}>
      <header>
        <span className="role">{title ?? message.role}</span>
        {message.role === 'tool' && <span className="muted">result of {tool ?? message.name ?? 'a tool call'}</span>}
        {message.role !== 'tool' && message.name && <span className="muted">{message.name}</span>}
        {message.attachments.map((what, index) => (
          <span className="chip" key={index}>
            {what}
          </span>
        ))}
      </header>
      {message.reasoning.map((text, index) => (
        <Thinking key={index} text={text} />
      ))}
      <Body message={message} />
      {message.refusal.map((text, index) => (
        <div key={index} className="refusal">
          <span className="chip warn">refusal</span>
          <CapturedText text={text} />
        </div>
      ))}
      {message.toolUses.map((use, index) => (
        <ToolUseView key={use.id ?? index} use={use} answered={answered} deeds={deedsOf(answered, message, use)} />
      ))}
      {message.toolUses.length > 0 && <OneOf request={answered} />}
      {children}
    </article>
  );
}

function Body({ message }: { message: Message }) {
  const { content, textLength } = message;
  return (
    <>
      {content.redacted && (
        <p>
          <RedactionChip name={content.redacted.reason} detail={content.redacted.detail} />
        </p>
      )}
      {content.text !== '' && (
        <CapturedText
          text={content.text}
          code={message.role === 'tool'}
          clamp={message.role === 'tool' ? 1_500 : 6_000}
        />
      )}
      {content.text === '' && !content.redacted && textLength !== undefined && textLength > 0 && (
        <p className="muted">{plural(textLength, 'character')}, not kept in the event</p>
      )}
    </>
  );
}

function Thinking({ text }: { text: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="thinking" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Thinking <span className="muted">{bytes(text.length)}</span>
      </summary>
      {open && <CapturedText text={text} />}
    </details>
  );
}

function ToolUseView({ use, answered, deeds }: { use: ToolUse; answered: string | undefined; deeds: readonly Deed[] }) {
  const result = answered === undefined ? null : toolResult(use.id);
  return (
    <div className="tool-use">
      <header>
        <Icon name="tool" />
        <b>{use.name}</b>
        {use.kind !== 'function' && <span className="chip">{use.kind}</span>}
        {use.id && <code className="muted">{use.id}</code>}
      </header>
      <Arguments value={use.args} />
      {result && (
        <div className="tool-result">
          <span className="muted">
            result, sent with <a href={hashOf({ view: 'calls', call: result.call })}>a later request</a>
          </span>
          <CapturedText text={result.text} code clamp={1_500} />
        </div>
      )}
      {deeds.length > 0 && <Deeds deeds={deeds} title="what then happened" />}
    </div>
  );
}

/** What the machine saw of a tool call: by its id, else by its place. */
function deedsOf(request: string | undefined, message: Message, use: ToolUse): readonly Deed[] {
  if (request === undefined) return [];
  const tools = session.activity.toolsOf(request);
  const place = message.toolUses.filter((each) => each.kind === 'function').indexOf(use);
  const tool = use.id === undefined ? tools[place] : tools.find((each) => each.callId === use.id);
  return tool === undefined ? [] : session.activity.causedBy(tool.id).filter((deed) => deed.tie !== 'one_of');
}

/** What one of the tool calls of an answer brought about, and it is not known which. */
function OneOf({ request }: { request: string | undefined }) {
  const tools = request === undefined ? [] : session.activity.toolsOf(request);
  const deeds = tools.flatMap((tool) => session.activity.causedBy(tool.id)).filter((deed) => deed.tie === 'one_of');
  if (deeds.length === 0) return null;
  // Each is tied to several of the calls.
  return <Deeds deeds={[...new Set(deeds)]} title="what happened meanwhile, by one of these calls" />;
}

/** Arguments as a short table where they are flat, else as JSON. */
function Arguments({ value }: { value: unknown }) {
  if (value === undefined || value === '') return null;
  if (typeof value === 'string') return <CapturedText text={value} code clamp={1_500} />;
  const entries = Object.entries(rec(value));
  const flat = entries.length > 0 && entries.every(([, each]) => typeof each !== 'object' || each === null);
  if (!flat) return <Json value={value} />;
  return (
    <dl className="arguments">
      {entries.map(([key, each]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>
            <CapturedText text={typeof each === 'string' ? each : JSON.stringify(each)} code clamp={1_500} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function toolResult(id: string | undefined): { text: string; call: string } | null {
  const event = session.calls.event(id === undefined ? undefined : session.calls.toolResultEvent(id));
  if (!event) return null;
  const message = askedMessages(event).find((each) => each.toolCallId === id);
  const call = str(event.data.request_id);
  return message && call !== undefined
    ? { text: message.content.text || (message.content.redacted ? '[REDACTED]' : ''), call }
    : null;
}

function toolNames(messages: readonly Message[]): Map<string, string> {
  return new Map(
    messages.flatMap((message) =>
      message.toolUses.flatMap((use) => (use.id === undefined ? [] : [[use.id, use.name] as const])),
    ),
  );
}

function Pending({ call }: { call: Call }) {
  if (call.growing === '') return <p className="notice live">Waiting for the answer…</p>;
  return (
    <article className="message role-assistant" aria-live="off">
      <header>
        <span className="role">assistant</span>
        <span className="text-live">streaming</span>
      </header>
      <CapturedText text={call.growing} clamp={50_000} />
    </article>
  );
}

const FINISH: Record<string, string> = {
  length: 'Stopped: the token limit was reached',
  tool_calls: 'Asks the program to run tools',
  content_filter: 'Stopped by a content filter or a refusal',
  error: 'Ended by an error',
  other: 'Ended for another reason',
};

function Finish({ reason }: { reason: string }) {
  return (
    <p className={reason === 'tool_calls' ? 'finish' : 'finish text-warn'}>{FINISH[reason] ?? `Ended: ${reason}`}</p>
  );
}

function Failure({ event }: { event: OispEvent }) {
  if (event.data.success !== false) return null;
  const error = rec(event.data.error);
  const code = num(event.data.status_code);
  return (
    <div className="failure" role="note">
      <b>
        {[code === undefined ? undefined : `HTTP ${code}`, str(error.type), str(error.code)]
          .filter(Boolean)
          .join(' · ') || 'The call failed'}
      </b>
      {str(error.message) && <CapturedText text={String(error.message)} />}
    </div>
  );
}

function NoContent({ event }: { event: OispEvent }) {
  const kind = str(rec(event.raw.attrs)['gen_ai.operation.name']);
  return <p className="notice">The answer holds no message{kind && kind !== 'chat' ? ` (${kind})` : ''}.</p>;
}

function NoMessages({ event }: { event: OispEvent }) {
  const count = num(event.data.messages_count);
  const missing = list(rec(event.raw.confidence).missing).includes('messages');
  return (
    <p className="notice">
      {missing
        ? 'The messages were not captured.'
        : count
          ? `${plural(count, 'message')}, not kept in the event.`
          : 'The request holds no message.'}
    </p>
  );
}

function Gaps({ events }: { events: readonly Loading[] }) {
  const partial = events.filter(isEvent).filter((event) => rec(event.raw.confidence).completeness === 'partial');
  if (partial.length === 0) return null;
  return (
    <p className="notice warn">
      Not all of this call was captured. <b>Details</b> tells what is missing and why.
    </p>
  );
}
