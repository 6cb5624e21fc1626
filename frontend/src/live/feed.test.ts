import { beforeEach, describe, expect, it } from 'vitest';
import { request } from '../calls/testing';
import { Feed, PAGE, Refused, type FeedState } from './feed';
import { PaperWorld, settle, type PaperSocket } from './testing';

const after = (socket: PaperSocket) => new URLSearchParams(socket.path.split('?')[1]).get('after');

describe('the feed', () => {
  let world: PaperWorld;
  let seen: string[];
  let states: FeedState[];
  let missed: number;
  let ended: boolean;
  let feed: Feed;

  beforeEach(() => {
    world = new PaperWorld();
    [seen, states, missed, ended] = [[], [], 0, false];
    feed = new Feed(world, {
      events: (events) => seen.push(...events.map(({ event }) => event.id)),
      state: (state) => states.push(state),
      end: () => (ended = true),
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

  it('says that it is locked where the sensor wants a token, and opens once it has one', async () => {
    world.refusal = new Refused('/api/events', 401, 'Unauthorized');
    feed.start();
    await settle();
    expect(states.at(-1)).toBe('locked');
    world.refusal = null;
    world.fire();
    await settle();
    world.socket.onopen?.();
    expect(states.at(-1)).toBe('live');
  });

  it('learns why a socket was refused, which does not tell', async () => {
    feed.start();
    await settle();
    world.refusal = new Refused('/api/events', 401, 'Unauthorized');
    world.socket.onclose?.();
    await settle();
    expect(states.at(-1)).toBe('locked');
    world.refusal = null;
    world.fire();
    world.socket.onclose?.();
    await settle();
    expect(states.at(-1)).toBe('waiting');
  });

  it('does not take up again at a piece of an answer, which the log may not hold', async () => {
    world.log = [request(1).raw];
    feed.start();
    await settle();
    world.socket.send({ ...request(3).raw, event_type: 'ai.streaming_chunk' });
    world.socket.onclose?.();
    world.fire();
    expect(after(world.socket)).toBe('Q1');
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

  it('knows that a page which is not full is the last', async () => {
    world.log = Array.from({ length: PAGE - 1 }, (_, n) => request(n).raw);
    feed.start();
    await settle();
    expect(ended).toBe(true);
  });

  it('expects older calls behind a full page, until a page is not', async () => {
    world.log = Array.from({ length: PAGE }, (_, n) => request(n).raw);
    feed.start();
    await settle();
    expect(ended).toBe(false);
    world.log = [];
    await feed.older('Q0');
    expect(world.asked.at(-1)).toContain('before=Q0');
    expect(ended).toBe(true);
  });

  it('does not take an outage for the end of the log', async () => {
    world.log = Array.from({ length: PAGE }, (_, n) => request(n).raw);
    feed.start();
    await settle();
    world.down = true;
    await expect(feed.older('Q0')).rejects.toThrow('down');
    expect(ended).toBe(false);
  });
});
