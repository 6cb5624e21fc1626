// A call's messages in the form they are read: text, thinking, tool calls with
// their results, and what else a message holds.

import { list, num, partsOf, rec, str, type OispEvent, type Rec } from './event';
import { contentOf, type Content } from './text';

export interface ToolUse {
  readonly id?: string;
  readonly name: string;
  readonly kind: string;
  readonly args: unknown;
}

export interface Message {
  readonly index: number;
  readonly role: string;
  readonly name?: string;
  readonly content: Content;
  /** The schema lets a message be described without its text. */
  readonly textLength?: number;
  readonly reasoning: readonly string[];
  readonly refusal: readonly string[];
  readonly toolUses: readonly ToolUse[];
  readonly toolCallId?: string;
  readonly attachments: readonly string[];
  readonly finish?: string;
}

/** What the request says, in order. */
export function askedMessages(event: OispEvent): Message[] {
  const parts = partsOf(event, 'input_messages');
  return list(event.data.messages).map((message, index) => messageOf(rec(message), index, parts.get(index) ?? []));
}

/** What the response says: its choices, the tool calls with the first. */
export function answeredMessages(event: OispEvent): Message[] {
  const parts = partsOf(event, 'output_messages');
  const uses = list(event.data.tool_calls).map((use) => toolUse(rec(use)));
  const choices = list(event.data.choices).map(rec);
  const spoken =
    choices.length === 0 && (uses.length > 0 || parts.size > 0)
      ? [{ index: 0, message: { role: 'assistant' } } as Rec]
      : choices;
  return spoken.map((choice, at) => {
    const index = num(choice.index) ?? at;
    const message = messageOf({ role: 'assistant', ...rec(choice.message) }, index, parts.get(index) ?? []);
    const finish = str(choice.finish_reason) ?? str(event.data.finish_reason);
    // Where the parts name the calls too, the response's own list is the fuller.
    const toolUses = at === 0 && uses.length > 0 ? uses : message.toolUses;
    return { ...message, toolUses, ...(finish === undefined ? {} : { finish }) };
  });
}

function messageOf(message: Rec, index: number, parts: readonly Rec[]): Message {
  const texts = (kind: string) =>
    parts
      .filter((part) => part.type === kind)
      .map((part) => str(part.content) ?? '')
      .filter(Boolean);
  const name = str(message.name);
  const toolCallId = str(message.tool_call_id);
  const textLength = num(message.content_length);
  return {
    index,
    role: str(message.role) ?? 'unknown',
    content: contentOf(message.content),
    reasoning: [...texts('reasoning'), ...texts('thinking')],
    refusal: texts('refusal'),
    toolUses: parts.filter((part) => part.type === 'tool_call' || part.type === 'server_tool_call').map(toolUse),
    attachments: attachments(message, parts),
    ...(name === undefined ? {} : { name }),
    ...(toolCallId === undefined ? {} : { toolCallId }),
    ...(textLength === undefined ? {} : { textLength }),
  };
}

function toolUse(part: Rec): ToolUse {
  const id = str(part.id);
  const type = str(part.type) ?? 'function';
  return {
    ...(id === undefined ? {} : { id }),
    name: str(part.name) ?? 'unnamed tool',
    kind: type === 'tool_call' ? 'function' : type,
    args: argsOf(part.arguments),
  };
}

/** Arguments may be JSON inside a string. */
function argsOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null ? parsed : value;
  } catch {
    return value;
  }
}

const SHOWN_ELSEWHERE = new Set(['text', 'reasoning', 'thinking', 'refusal', 'tool_call', 'server_tool_call']);

function attachments(message: Rec, parts: readonly Rec[]): string[] {
  const described = parts.filter((part) => !SHOWN_ELSEWHERE.has(str(part.type) ?? '')).map(attachment);
  const images = num(message.image_count) ?? (message.has_images === true ? 1 : 0);
  return described.length === 0 && images > 0 ? [`${images} ${images === 1 ? 'image' : 'images'}`] : described;
}

function attachment(part: Rec): string {
  const length = num(part.length);
  const words = [
    str(part.modality) ?? str(part.type) ?? 'part',
    str(part.mime_type),
    str(part.file_id),
    str(part.uri),
    length === undefined ? undefined : `${length.toLocaleString('en-US')} bytes`,
  ];
  return words.filter((word) => word !== undefined).join(' · ');
}
