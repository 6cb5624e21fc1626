// A browser of paper for tests: a log to read, sockets and timers to work by hand.

import type { FeedSocket, FeedWorld } from './feed';

export class PaperSocket implements FeedSocket {
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

export class PaperWorld implements FeedWorld {
  log: unknown[] = [];
  down = false;
  refusal: Error | null = null;
  asked: string[] = [];
  sockets: PaperSocket[] = [];
  timers: { run: () => void; ms: number; cancelled: boolean }[] = [];

  get(path: string): Promise<string> {
    this.asked.push(path);
    if (this.refusal) return Promise.reject(this.refusal);
    if (this.down) return Promise.reject(new Error('down'));
    return Promise.resolve(JSON.stringify(path.endsWith('limit=1') ? this.log.slice(0, 1) : this.log));
  }
  put(path: string, body: string): Promise<string> {
    this.asked.push(`PUT ${path} ${body}`);
    return this.refusal ? Promise.reject(this.refusal) : Promise.resolve(body);
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

export const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
