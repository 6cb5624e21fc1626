import { beforeEach, describe, expect, it } from 'vitest';
import { request } from '../calls/testing';
import { Feed, type FeedSocket, type FeedState, type FeedWorld } from './feed';

class PaperSocket implements FeedSocket {
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;
  constructor(readonly path: string) {}
  close() {
    this.closed = true;
  }
  send(value: unknown) {
    this.onmessage?.({ data: JSON.stringify(value) });
  }
}

class PaperWorld implements FeedWorld {
  log: unknown[] = [];
  down = false;
  asked: string[] = [];
  sockets: PaperSocket[] = [];
  timers: { run: () => void; ms: number; cancelled: boolean }[] = [];

  get(path: string): Promise<string> {
    this.asked.push(path);
    if (this.down) return Promise.reject(new Error('down'));
    return Promise.resolve(JSON.stringify(path.endsWith('limit=1') ? this.log.slice(0, 1) : this.log));
  }
  open(path: string): FeedSocket {
    const socket = new PaperSocket(path);
    this.sockets.push(socket);
    return socket;
  }
  later(run: () => void, ms: number): () => void {
    const timer = { run, ms, cancelled: false };
    this.timers.push(timer);
    return () => {
      timer.cancelled = true;
    };
  }
  get socket(): PaperSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('no socket yet');
    return socket;
  }
  fire() {
    const timer = this.timers.filter((each) => !each.cancelled).at(-1);
    if (!timer) throw new Error('no timer');
    timer.run();
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
const after = (socket: PaperSocket) => new URLSearchParams(socket.path.split('?')[1]).get('after');

describe('the feed', () => {
  let world: PaperWorld;
  let seen: string[];
  let states: FeedState[];
  let missed: number;
  let feed: Feed;

  beforeEach(() => {
    world = new PaperWorld();
    [seen, states, missed] = [[], [], 0];
    feed = new Feed(world, {
      events: (events) => seen.push(...events.map(({ event }) => event.id)),
      state: (state) => states.push(state),
      missed: (count) => (missed += count),
    });
  });

  it('reads history, then listens from its newest event on', async () => {
    world.log = [request(2).raw, request(1).raw];
    feed.start();
    await settle();
    expect(after(world.socket)).toBe('Q2');
    expect(new Set(seen)).toEqual(new Set(['Q2', 'Q1']));
    world.socket.onopen?.();
    expect(states).toEqual(['connecting', 'live']);
  });

  it('listens from the very start where there is no history yet', async () => {
    feed.start();
    await settle();
    expect(after(world.socket)).toBe('');
  });

  it('goes on after a break from the last event it got', async () => {
    world.log = [request(1).raw];
    feed.start();
    await settle();
    world.socket.onopen?.();
    world.socket.send(request(2).raw);
    const pages = world.asked.length;
    world.socket.onclose?.();
    expect(states.at(-1)).toBe('waiting');
    world.fire();
    expect(after(world.socket)).toBe('Q2');
    expect(world.asked.length).toBe(pages);
  });

  it('waits longer each time in vain, up to a limit, and afresh after success', async () => {
    world.down = true;
    feed.start();
    await settle();
    for (let n = 0; n < 6; n += 1) {
      world.fire();
      await settle();
    }
    expect(world.timers.map(({ ms }) => ms)).toEqual([500, 1000, 2000, 4000, 8000, 10000, 10000]);
    world.down = false;
    world.fire();
    await settle();
    world.socket.onopen?.();
    world.socket.onclose?.();
    expect(world.timers.at(-1)?.ms).toBe(500);
  });

  it('hears nothing of a socket that it has left', async () => {
    feed.start();
    await settle();
    const old = world.socket;
    old.onclose?.();
    world.fire();
    old.send(request(9).raw);
    old.onclose?.();
    expect(seen).not.toContain('Q9');
    expect(world.sockets).toHaveLength(2);
    expect(old.closed).toBe(true);
  });

  it('passes on what it missed, and outlives a word it does not know', async () => {
    feed.start();
    await settle();
    world.socket.send({ missed: 7 });
    world.socket.send({ reset: true });
    world.socket.send({ strange: 1 });
    world.socket.send(request(3).raw);
    expect(missed).toBe(7);
    expect(seen).toEqual(['Q3']);
  });

  it('hurries only while it waits', async () => {
    feed.start();
    await settle();
    feed.hurry();
    expect(world.sockets).toHaveLength(1);
    world.socket.onclose?.();
    feed.hurry();
    expect(world.sockets).toHaveLength(2);
    expect(world.timers.every(({ cancelled }) => cancelled)).toBe(true);
  });

  it('stays stopped', async () => {
    feed.start();
    feed.stop();
    await settle();
    expect(world.sockets).toHaveLength(0);
    expect(world.timers).toHaveLength(0);
  });

  it('tells whether there was anything older', async () => {
    world.log = [request(1).raw];
    expect(await feed.older('Q2')).toBe(true);
    expect(world.asked.at(-1)).toContain('before=Q2');
    world.log = [];
    expect(await feed.older('Q1')).toBe(false);
  });
});
