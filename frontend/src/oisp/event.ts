// OISP events as they arrive. The log is written by other versions of the
// sensor too, so a field is read as what it should be or not at all.

export type Rec = Record<string, unknown>;

export interface OispEvent {
  readonly id: string;
  readonly type: string;
  /** Milliseconds since the Unix epoch; 0 where the event does not say. */
  readonly at: number;
  readonly data: Rec;
  /** The whole event. */
  readonly raw: Rec;
}

export function rec(value: unknown): Rec {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Rec) : {};
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function str(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function num(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The event, or null where the value is none. */
export function parseEvent(value: unknown): OispEvent | null {
  const raw = rec(value);
  const id = str(raw.event_id);
  const type = str(raw.event_type);
  if (id === undefined || type === undefined) return null;
  const at = Date.parse(str(raw.ts) ?? '');
  return { id, type, at: Number.isNaN(at) ? 0 : at, data: rec(raw.data), raw };
}

/** Parts beyond text of the messages: `ext.oisp.input_messages` or `output_messages`. */
export function partsOf(event: OispEvent, key: 'input_messages' | 'output_messages'): Map<number, Rec[]> {
  const parts = new Map<number, Rec[]>();
  for (const item of list(rec(rec(event.raw.ext).oisp)[key])) {
    const index = num(rec(item).message) ?? num(rec(item).choice);
    if (index !== undefined) parts.set(index, list(rec(item).parts).map(rec));
  }
  return parts;
}

/** Ids of the events that this one is tied to. */
export function relatedIds(event: OispEvent): string[] {
  return list(event.raw.related_events).flatMap((tie) => str(rec(tie).event_id) ?? []);
}
