// All that the page knows, in one place, for as long as it is open.

import { useSyncExternalStore } from 'react';
import { ActivityBook } from '../activity/book';
import { CallBook } from '../calls/book';
import { parseEvent, rec, str, type OispEvent } from '../oisp/event';
import { ProcessBook } from '../processes/book';
import { Feed, Refused, type FeedSocket, type FeedState, type FeedWorld } from './feed';

/** Redrawing more often than this shows nothing more to anybody. */
const REDRAW_MS = 100;

export class Session {
  readonly calls = new CallBook();
  readonly processes = new ProcessBook();
  readonly activity = new ActivityBook();
  feed: FeedState = 'connecting';
  missed = 0;
  /** The page holds what the log held. */
  loaded = false;
  /** The sensor did not answer when it was last asked. */
  silent = false;
  /** The log holds no older calls. */
  exhausted = false;

  private readonly link: Feed;
  private readonly listeners = new Set<() => void>();
  private version = 0;
  private oldest: OispEvent | null = null;
  private redraw: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly world: FeedWorld) {
    this.link = new Feed(world, {
      events: (events) => this.take(events),
      state: (state) => {
        this.feed = state;
        this.loaded ||= state === 'live';
        if (state !== 'connecting') this.silent = state === 'waiting';
        this.changed();
      },
      end: () => {
        this.exhausted = true;
        this.changed();
      },
      missed: (count) => {
        this.missed += count;
        this.changed();
      },
    });
  }

  start(): () => void {
    const hurry = () => this.link.hurry();
    this.link.start();
    window.addEventListener('online', hurry);
    document.addEventListener('visibilitychange', hurry);
    return () => {
      window.removeEventListener('online', hurry);
      document.removeEventListener('visibilitychange', hurry);
      this.link.stop();
    };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): number => this.version;

  async older(): Promise<void> {
    if (this.oldest === null) return;
    await this.link.older(this.oldest.id);
  }

  /** The events of a call that the page does not hold (any more). */
  async fetchCall(id: string): Promise<boolean> {
    const values = await this.json(`/api/events?limit=50&request_id=${encodeURIComponent(id)}`);
    const events = (Array.isArray(values) ? values : []).flatMap((value) => parseEvent(value) ?? []);
    for (const event of events) this.calls.add(event, JSON.stringify(event.raw).length);
    this.changed();
    return events.length > 0;
  }

  /** Null where the log does not hold it; fails where the sensor does not answer. */
  async fetchEvent(id: string): Promise<OispEvent | null> {
    try {
      return parseEvent(await this.json(`/api/events/${encodeURIComponent(id)}`));
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return null;
      throw error;
    }
  }

  async json(path: string): Promise<unknown> {
    return JSON.parse(await this.world.get(path)) as unknown;
  }

  /** Changes something; fails with the sensor's own words. */
  async put(path: string, value: unknown): Promise<unknown> {
    return JSON.parse(await this.world.put(path, JSON.stringify(value))) as unknown;
  }

  private take(events: readonly { event: OispEvent; size: number }[]): void {
    let changed = false;
    for (const { event, size } of events) {
      if (event.type.startsWith('ai.') && (this.oldest === null || event.at < this.oldest.at)) this.oldest = event;
      changed = this.calls.add(event, size) || changed;
      changed = this.processes.add(event) || changed;
      changed = this.activity.add(event) || changed;
    }
    if (changed) this.changed();
  }

  private changed(): void {
    this.redraw ??= setTimeout(() => {
      this.redraw = null;
      this.version += 1;
      for (const listener of this.listeners) listener();
    }, REDRAW_MS);
  }
}

/** What the sensor says to a refusal. */
export function errorWords(text: string): string | undefined {
  try {
    return str(rec(rec(JSON.parse(text)).error).message);
  } catch {
    return undefined;
  }
}

const browser: FeedWorld = {
  async get(path) {
    const response = await fetch(path, { headers: { accept: 'application/json' } });
    if (!response.ok) throw new Refused(path, response.status, response.statusText);
    return response.text();
  },
  async put(path, body) {
    const response = await fetch(path, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
    const text = await response.text();
    if (!response.ok) throw new Error(errorWords(text) ?? `${response.status} ${response.statusText}`);
    return text;
  },
  open(path): FeedSocket {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    // Its handlers take an event that ours do without.
    return new WebSocket(`${scheme}://${location.host}${path}`) as FeedSocket;
  },
  later(run, ms) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export const session = new Session(browser);

/** Redraws the component when the session changes. */
export function useSession(): Session {
  useSyncExternalStore(session.subscribe, session.snapshot);
  return session;
}
