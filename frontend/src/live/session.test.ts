import { beforeEach, describe, expect, it, vi } from 'vitest';
import { request } from '../calls/testing';
import { Refused } from './feed';
import { errorWords, Session } from './session';
import { PaperWorld, settle } from './testing';

describe('the session', () => {
  let world: PaperWorld;
  let session: Session;

  beforeEach(() => {
    vi.stubGlobal('window', new EventTarget());
    vi.stubGlobal('document', new EventTarget());
    world = new PaperWorld();
    session = new Session(world);
    return () => vi.unstubAllGlobals();
  });

  it('is neither loaded nor silent before the first answer', () => {
    session.start();
    expect([session.loaded, session.silent]).toEqual([false, false]);
  });

  it('is silent from the first failure until the sensor answers', async () => {
    world.down = true;
    session.start();
    await settle();
    expect([session.loaded, session.silent]).toEqual([false, true]);
    world.down = false;
    world.fire();
    // Trying again is no answer yet.
    expect(session.silent).toBe(true);
    await settle();
    world.socket.onopen?.();
    expect([session.loaded, session.silent]).toEqual([true, false]);
  });

  it('knows from the first short page that nothing is older', async () => {
    world.log = [request(1).raw];
    session.start();
    await settle();
    expect(session.exhausted).toBe(true);
  });

  it('reads the words of a refusal, and none out of something else', () => {
    expect(errorWords('{"error": {"code": "bad_request", "message": "pid:x is no number"}}')).toBe(
      'pid:x is no number',
    );
    for (const odd of ['', '<html>', '[]', '{"error": 7}']) expect(errorWords(odd)).toBeUndefined();
  });

  it('tells an event that is gone from a sensor that does not answer', async () => {
    world.refusal = new Refused('/api/events/Q1', 404, 'Not Found');
    expect(await session.fetchEvent('Q1')).toBeNull();
    world.refusal = new Refused('/api/events/Q1', 503, 'Busy');
    await expect(session.fetchEvent('Q1')).rejects.toThrow('503');
    world.refusal = null;
    world.down = true;
    await expect(session.fetchCall('r1')).rejects.toThrow('down');
  });
});
