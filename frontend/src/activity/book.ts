// What processes did, as far as the page knows, and which tool call of a model
// brought it about. Bounded; the oldest goes first.

import { num, rec, str, type OispEvent } from '../oisp/event';
import { DEED_TYPES, deedOf, type Deed, type DeedKind } from './deed';

/** An `agent.tool_call` that a model's answer made. */
export interface ToolCall {
  readonly id: string;
  readonly request: string;
  readonly callId?: string;
  readonly name: string;
}

/** The types of the events that the book takes, beside those of processes. */
export const ACTIVITY_TYPES = ['agent.tool_call', ...DEED_TYPES.filter((type) => !type.startsWith('process.'))].join(
  ',',
);

export class ActivityBook {
  private readonly deeds = new Map<string, Deed>();
  private readonly tools = new Map<string, ToolCall>();
  private readonly byCause = new Map<string, string[]>();
  private readonly byRequest = new Map<string, string[]>();
  private rows: readonly Deed[] | null = null;
  /** Deeds were let go to stay within the bound. */
  letGo = false;

  constructor(private readonly bound = 5_000) {}

  /** Takes an event; false where it changes nothing. */
  add(event: OispEvent): boolean {
    if (event.type === 'agent.tool_call') return this.addTool(event);
    if (this.deeds.has(event.id)) return false;
    const deed = deedOf(event);
    if (deed === null) return false;
    this.deeds.set(deed.id, deed);
    for (const cause of deed.causes) push(this.byCause, cause, deed.id);
    this.rows = null;
    this.evict();
    return true;
  }

  /** All of it, newest first. */
  list(): readonly Deed[] {
    this.rows ??= [...this.deeds.values()].sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
    return this.rows;
  }

  /** The tool calls of a model's answer, in order. */
  toolsOf(request: string): readonly ToolCall[] {
    return (this.byRequest.get(request) ?? []).flatMap((id) => this.tools.get(id) ?? []);
  }

  /** What a tool call brought about, in order of time. */
  causedBy(tool: string): readonly Deed[] {
    const deeds = (this.byCause.get(tool) ?? []).flatMap((id) => this.deeds.get(id) ?? []);
    return deeds.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  }

  /** The tool call that brought a deed about, where it is one and is known. */
  causeOf(deed: Deed): ToolCall | undefined {
    const [cause] = deed.causes;
    return cause === undefined ? undefined : this.tools.get(cause);
  }

  private addTool(event: OispEvent): boolean {
    const request = str(rec(event.raw.attrs)['oisp.request_id']);
    if (request === undefined || this.tools.has(event.id)) return false;
    const callId = str(event.data.call_id);
    const name = str(rec(event.data.tool).name) ?? 'unnamed tool';
    this.tools.set(event.id, { id: event.id, request, name, ...(callId === undefined ? {} : { callId }) });
    push(this.byRequest, request, event.id);
    for (const [id, tool] of this.tools) {
      if (this.tools.size <= this.bound) break;
      this.tools.delete(id);
      this.byRequest.delete(tool.request);
    }
    return true;
  }

  private evict(): void {
    for (const [id, deed] of this.deeds) {
      if (this.deeds.size <= this.bound) return;
      this.letGo = true;
      this.deeds.delete(id);
      for (const cause of deed.causes) {
        const left = this.byCause.get(cause)?.filter((each) => each !== id) ?? [];
        if (left.length > 0) this.byCause.set(cause, left);
        else this.byCause.delete(cause);
      }
    }
  }
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

export interface DeedFilter {
  readonly text: string;
  readonly kinds: ReadonlySet<DeedKind>;
  /** Only what a tool call brought about. */
  readonly tied: boolean;
}

/** The deeds that pass. */
export function passingDeeds(deeds: readonly Deed[], filter: DeedFilter): readonly Deed[] {
  const text = filter.text.trim().toLowerCase();
  const pid = num(Number(text));
  return deeds.filter(
    (deed) =>
      filter.kinds.has(deed.kind) &&
      (!filter.tied || deed.causes.length > 0) &&
      (text === '' ||
        (pid !== undefined && deed.pid === pid) ||
        `${deed.processName}\n${deed.verb} ${deed.object}\n${deed.detail}`.toLowerCase().includes(text)),
  );
}
