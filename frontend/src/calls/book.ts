// All calls that the page knows: events in, rows out. Events may come in any
// order and more than once. Bounded by number of calls, and by the bytes of the
// events kept for the conversation view; an event let go is fetched again.

import { list, num, rec, relatedIds, str, type OispEvent } from '../oisp/event';
import { emptyCall, withChunk, withRequest, withResponse, type Call } from './call';

export interface BookBounds {
  readonly calls: number;
  readonly bytes: number;
}

export const DEFAULT_BOUNDS: BookBounds = { calls: 2_000, bytes: 64 * 1024 * 1024 };

export class CallBook {
  private readonly calls = new Map<string, Call>();
  private readonly owners = new Map<string, string>();
  private readonly events = new Map<string, { event: OispEvent; size: number }>();
  private readonly toolResults = new Map<string, string>();
  /** The calls of clients that name a server's event, as they do where it was told first. */
  private readonly claims = new Map<string, string>();
  private readonly chunks = new Map<string, Set<number>>();
  /** Calls were let go to stay within the bounds. */
  letGo = false;
  private eventBytes = 0;
  private rows: readonly Call[] | null = null;

  constructor(private readonly bounds: BookBounds = DEFAULT_BOUNDS) {}

  /** Takes an event of `size` bytes; false where it changes nothing. */
  add(event: OispEvent, size = 0): boolean {
    const id = str(event.data.request_id);
    if (id === undefined || this.owners.has(event.id)) return false;
    const known = this.calls.get(id);
    const next = this.join(known ?? emptyCall(id), event);
    if (next === null || next === known) return false;
    this.calls.set(id, next);
    if (event.type !== 'ai.streaming_chunk') {
      this.owners.set(event.id, id);
      this.keep(event, size);
    }
    if (event.type === 'ai.response') this.chunks.delete(id);
    if (event.type === 'ai.request' && next.side !== 'server') this.claim(event, id);
    this.rows = null;
    this.evict();
    return true;
  }

  /** The rows, newest first, with both ends of one call as one row. */
  list(): readonly Call[] {
    this.rows ??= [...this.calls.values()]
      .filter((call) => this.clientOf(call) === undefined)
      .sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
    return this.rows;
  }

  get(id: string): Call | undefined {
    return this.calls.get(id);
  }

  /** An event that is still kept. */
  event(id: string | undefined): OispEvent | undefined {
    return id === undefined ? undefined : this.events.get(id)?.event;
  }

  /** The request event that carries the result of that tool call. */
  toolResultEvent(toolCallId: string): string | undefined {
    return this.toolResults.get(toolCallId);
  }

  /** The client's call that this one is the server's view of. */
  clientOf(call: Call): Call | undefined {
    if (call.side !== 'server') return undefined;
    const claims = this.claims.get(call.requestEvent ?? '');
    return [...call.related.map((eventId) => this.owners.get(eventId)), claims]
      .map((id) => this.calls.get(id ?? ''))
      .find((other) => other !== undefined && other.id !== call.id && other.side !== 'server');
  }

  /** The server's view of a call, where the server is observed too. */
  serverOf(call: Call): Call | undefined {
    if (call.side === 'server') return undefined;
    const own = [call.requestEvent, call.responseEvent];
    return [...this.calls.values()].find(
      (other) =>
        other.side === 'server' &&
        (other.related.some((eventId) => own.includes(eventId)) || this.clientOf(other)?.id === call.id),
    );
  }

  private claim(event: OispEvent, id: string): void {
    for (const eventId of relatedIds(event)) this.claims.set(eventId, id);
    for (const oldest of this.claims.keys()) {
      if (this.claims.size <= this.bounds.calls) break;
      this.claims.delete(oldest);
    }
  }

  private join(call: Call, event: OispEvent): Call | null {
    switch (event.type) {
      case 'ai.request':
        return withRequest(call, event);
      case 'ai.response':
        return withResponse(call, event);
      case 'ai.streaming_chunk':
        return this.isNewChunk(call.id, event) ? withChunk(call, event) : null;
      default:
        return null;
    }
  }

  private isNewChunk(id: string, event: OispEvent): boolean {
    const index = num(event.data.chunk_index);
    if (index === undefined) return true;
    const seen = this.chunks.get(id) ?? new Set();
    if (seen.has(index)) return false;
    this.chunks.set(id, seen.add(index));
    return true;
  }

  private keep(event: OispEvent, size: number): void {
    this.events.set(event.id, { event, size });
    this.eventBytes += size;
    for (const message of list(event.data.messages)) {
      const toolCall = str(rec(message).tool_call_id);
      if (toolCall !== undefined && !this.toolResults.has(toolCall)) this.toolResults.set(toolCall, event.id);
    }
  }

  private evict(): void {
    // A map gives its entries in the order they came: the oldest first.
    for (const [id, { size }] of this.events) {
      if (this.eventBytes <= this.bounds.bytes || this.events.size <= 2) break;
      this.events.delete(id);
      this.eventBytes -= size;
    }
    while (this.calls.size > this.bounds.calls) {
      this.letGo = true;
      this.drop(this.oldest());
    }
  }

  private oldest(): string {
    let oldest = '';
    let at = Infinity;
    for (const call of this.calls.values()) {
      if (call.at < at) [oldest, at] = [call.id, call.at];
    }
    return oldest;
  }

  private drop(id: string): void {
    const call = this.calls.get(id);
    this.calls.delete(id);
    this.chunks.delete(id);
    for (const eventId of [call?.requestEvent, call?.responseEvent]) {
      if (eventId === undefined) continue;
      this.owners.delete(eventId);
      this.eventBytes -= this.events.get(eventId)?.size ?? 0;
      this.events.delete(eventId);
      for (const [toolCall, carrier] of this.toolResults) {
        if (carrier === eventId) this.toolResults.delete(toolCall);
      }
    }
  }
}
