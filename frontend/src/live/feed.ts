// The page's connection to the sensor: history once, then the live feed, and
// after a break the feed again from where it stood. Knows no page and no
// React; what it needs of the browser is handed in.

import { ACTIVITY_TYPES } from '../activity/book';
import { parseEvent, rec, num, type OispEvent } from '../oisp/event';

/** `locked`: the sensor answers, and wants a token. */
export type FeedState = 'connecting' | 'live' | 'waiting' | 'locked';

export interface FeedSocket {
  onopen: (() => void) | null;
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  close(): void;
}

export interface FeedWorld {
  /** The text of a GET; fails where the answer is no success. */
  get(path: string): Promise<string>;
  /** The text of the answer to a PUT; fails with the sensor's words where it is no success. */
  put(path: string, body: string): Promise<string>;
  open(path: string): FeedSocket;
  later(run: () => void, ms: number): () => void;
}

/** The sensor answered, and it was no success. */
export class Refused extends Error {
  constructor(
    path: string,
    readonly status: number,
    words: string,
  ) {
    super(`${path}: ${status} ${words}`);
  }
}

function isLocked(why: unknown): boolean {
  return why instanceof Refused && why.status === 401;
}

export interface FeedReader {
  events(events: readonly { event: OispEvent; size: number }[]): void;
  state(state: FeedState): void;
  /** The log holds no older call than those that came. */
  end(): void;
  /** The log let go `count` events before they got here. */
  missed(count: number): void;
}

export const CALL_TYPES = 'ai.request,ai.response';
export const PROCESS_TYPES = 'process.exec,process.fork,process.exit';
const LIVE_TYPES = `${CALL_TYPES},ai.streaming_chunk,${PROCESS_TYPES},${ACTIVITY_TYPES}`;
export const PAGE = 400;
const ACTIVITY_PAGE = 1_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

export class Feed {
  private after: string | null = null;
  private socket: FeedSocket | null = null;
  private wait = FIRST_WAIT;
  private cancelRetry: (() => void) | null = null;
  private stopped = false;

  constructor(
    private readonly world: FeedWorld,
    private readonly reader: FeedReader,
  ) {}

  start(): void {
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.cancelRetry?.();
    this.detach();
  }

  /** Tries at once instead of waiting on: the browser is back. */
  hurry(): void {
    if (this.cancelRetry === null || this.stopped) return;
    this.cancelRetry();
    this.connect();
  }

  /** A page of older calls than `before`. */
  async older(before: string): Promise<void> {
    await this.callPage(`&before=${encodeURIComponent(before)}`);
  }

  private connect(): void {
    this.cancelRetry = null;
    this.reader.state('connecting');
    if (this.after !== null) {
      this.listen();
      return;
    }
    this.history().then(
      () => this.stopped || this.listen(),
      (error: unknown) => this.retry(error),
    );
  }

  /** The newest of what was. Where the feed is to go on from is noted first:
   * what happens meanwhile comes twice rather than never. */
  private async history(): Promise<void> {
    const newest: unknown = JSON.parse(await this.world.get('/api/events?limit=1'));
    const after = (Array.isArray(newest) ? parseEvent(newest[0])?.id : undefined) ?? '';
    await this.page(`/api/events?limit=${PAGE}&type=${PROCESS_TYPES}`);
    await this.page(`/api/events?limit=${ACTIVITY_PAGE}&type=${ACTIVITY_TYPES}`);
    await this.callPage('');
    this.after = after;
  }

  /** A page that is not full is the last. */
  private async callPage(before: string): Promise<void> {
    const count = await this.page(`/api/events?limit=${PAGE}&type=${CALL_TYPES}${before}`);
    if (count < PAGE && !this.stopped) this.reader.end();
  }

  private async page(path: string): Promise<number> {
    const text = await this.world.get(path);
    const values: unknown = JSON.parse(text);
    // Pages are newest first; what follows from what is clearer the other way.
    const rows: unknown[] = Array.isArray(values) ? values : [];
    const events = rows.flatMap((value) => parseEvent(value) ?? []).reverse();
    const size = text.length / Math.max(events.length, 1);
    if (!this.stopped) this.reader.events(events.map((event) => ({ event, size })));
    return rows.length;
  }

  private listen(): void {
    const socket = this.world.open(`/ws?after=${encodeURIComponent(this.after ?? '')}&type=${LIVE_TYPES}`);
    this.socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.wait = FIRST_WAIT;
      this.reader.state('live');
    };
    socket.onmessage = ({ data }) => this.take(data);
    socket.onclose = () => {
      this.detach();
      this.retry();
      if (!opened) void this.askWhy();
    };
  }

  private take(data: unknown): void {
    if (typeof data !== 'string') return;
    const value: unknown = JSON.parse(data);
    const event = parseEvent(value);
    if (event !== null) {
      // Pieces of a growing answer pass; the log may not hold them.
      if (event.type !== 'ai.streaming_chunk') this.after = event.id;
      this.reader.events([{ event, size: data.length }]);
      return;
    }
    const missed = num(rec(value).missed);
    if (missed !== undefined) this.reader.missed(missed);
  }

  /** A socket does not tell why it was refused. */
  private async askWhy(): Promise<void> {
    const why: unknown = await this.world.get('/api/events?limit=0').catch((error: unknown) => error);
    if (isLocked(why) && this.cancelRetry !== null && !this.stopped) this.reader.state('locked');
  }

  private retry(why?: unknown): void {
    if (this.stopped) return;
    this.reader.state(isLocked(why) ? 'locked' : 'waiting');
    this.cancelRetry = this.world.later(() => this.connect(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  /** The socket's late words are for nobody. */
  private detach(): void {
    const { socket } = this;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
